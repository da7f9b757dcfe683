"""Proof of Core ML packages: fp16 and w8 are made by the passes of fp32, with casts between and weights stored otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from fer_edge.export.faithful.original.changed import Kind
from fer_edge.export.faithful.ranges import Observed, Rule
from fer_edge.export.faithful.weights import LEAST_SCALE
from fer_edge.export.formats.coreml.float_view import view
from fer_edge.export.formats.coreml.graph_reader import read_graph

if TYPE_CHECKING:
    from fer_edge.export.formats.protocol import Request

__all__ = ["KINDS", "LEAST_SCALE", "RULES", "make_bridges", "observe", "read_graph", "view"]


def make_bridges(request: Request, fp32: Path | None) -> Iterator[Path]:
    """The delivered fp32 package, else one that is converted for it; see ``FormatProver``."""
    if fp32 is not None:
        yield fp32
        return
    from fer_edge.export.formats.coreml.converter import convert

    convert(replace(request, variant=replace(request.variant, precision="fp32"), notes=[]))
    yield request.path


def observe(path: Path, values: Sequence[str], inputs: Iterable[NDArray[Any]]) -> Observed:  # noqa: ARG001 - as the protocol says
    """Nothing: no precision of the format has calibrated ranges."""
    return {}


RULES: Mapping[str, Rule] = {}
KINDS: Mapping[str, Kind] = {
    word: Kind(word)
    for word in ("conv", "conv_transpose", "linear", "matmul", "batch_norm", "layer_norm", "instance_norm")
}
