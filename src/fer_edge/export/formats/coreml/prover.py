"""Proof of Core ML packages: every precision is made by the passes of fp32, with casts or quantization between and weights stored otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.faithful.original.changed import Kind
from fer_edge.export.faithful.prover import Compute
from fer_edge.export.faithful.ranges import Observed, Rule
from fer_edge.export.faithful.weights import least_scale
from fer_edge.export.formats.coreml.float_view import view
from fer_edge.export.formats.coreml.graph_reader import read_graph

if TYPE_CHECKING:
    from fer_edge.export.formats.protocol import Request

__all__ = ["COMPUTE", "KINDS", "RULES", "least_scale", "make_bridges", "observe", "read_graph", "view"]


def make_bridges(request: Request, fp32: Path | None) -> Iterator[Path]:
    """The delivered fp32 package, else one that is converted for it; see ``FormatProver``."""
    if fp32 is not None:
        yield fp32
        return
    from fer_edge.export.formats.coreml.converter import convert

    convert(replace(request, variant=replace(request.variant, precision="fp32"), notes=[]))
    yield request.path


def observe(path: Path, values: Sequence[str], inputs: Iterable[NDArray[Any]]) -> Observed:
    """Extremes by the evaluator; see ``FormatProver``."""
    if not values:
        return {}
    from fer_edge.export.formats.coreml.activations import measure

    seen = measure(path, inputs)
    ends = {name: np.asarray(seen[name], np.float32) for name in dict.fromkeys(values) if name in seen}
    return {name: (found[:, 0], found[:, 1]) for name, found in ends.items()}


def _rule(name: str) -> Rule:
    def rule(observed: Observed) -> Mapping[str, tuple[float, float]]:
        from fer_edge.export.formats.coreml import activations

        range_of = activations.RULES[name]
        return {value: range_of(list(zip(*ends, strict=True))) for value, ends in observed.items()}

    return rule


COMPUTE: Compute | None = None
RULES: Mapping[str, Rule] = {name: _rule(name) for name in ("average", "extremes")}
KINDS: Mapping[str, Kind] = {
    word: Kind(word)
    for word in ("conv", "conv_transpose", "linear", "matmul", "batch_norm", "layer_norm", "instance_norm")
}
