"""Proof of ExecuTorch files: the float32 one is lowered by the same passes, so that number stands beside number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from fer_edge.export.faithful.original.changed import Kind
from fer_edge.export.faithful.prover import Compute
from fer_edge.export.faithful.ranges import Observed, Rule
from fer_edge.export.formats.executorch.activation_ranges import by_extremes, by_histogram, observe_values
from fer_edge.export.formats.executorch.evaluation import evaluate
from fer_edge.export.formats.executorch.float_view import view
from fer_edge.export.formats.executorch.graph_reader import read_graph
from fer_edge.export.formats.executorch.quantization import LEAST_SCALE, LEAST_WEIGHT_SCALE

if TYPE_CHECKING:
    from fer_edge.export.formats.protocol import Request

__all__ = ["COMPUTE", "KINDS", "RULES", "least_scale", "make_bridges", "observe", "read_graph", "view"]


def make_bridges(request: Request, fp32: Path | None) -> Iterator[Path]:
    """The delivered float32 file, else one that is lowered for it; see ``FormatProver``."""
    if fp32 is not None:
        yield fp32
        return
    from fer_edge.export.formats.executorch.converter import float_model

    request.path.write_bytes(float_model(request))
    yield request.path


def observe(path: Path, values: Sequence[str], inputs: Iterable[NDArray[Any]]) -> Observed:
    """Extremes and histograms, computed by torch; see ``FormatProver``."""
    return observe_values(view(read_graph(path)), values, inputs)


def least_scale(operator: str) -> float:
    """A weight has an observer of its own; what others read, such as a factor, has an activation's. See ``Prover``."""
    return LEAST_WEIGHT_SCALE if operator in KINDS else LEAST_SCALE


def compute(path: Path, given: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """Every value of a float32 file that torch can compute; see ``Prover``."""
    return {name: value.numpy() for name, value in evaluate(view(read_graph(path)), given)}


COMPUTE: Compute | None = compute
RULES: Mapping[str, Rule] = {"histogram": by_histogram, "extremes": by_extremes}
KINDS: Mapping[str, Kind] = {
    "Conv2d": Kind("conv", (0, 3, 1, 2)),
    "DepthwiseConv2d": Kind("conv", (3, 0, 1, 2)),
    "ConvTranspose2d": Kind("conv_transpose", (3, 0, 1, 2)),
    "FullyConnected": Kind("linear"),
    "BatchMatrixMultiply": Kind("matmul"),
    "aten::convolution": Kind("conv"),
    "aten::addmm": Kind("matmul"),
    "aten::mm": Kind("matmul"),
    "aten::bmm": Kind("matmul"),
    "aten::_native_batch_norm_legit_no_training": Kind("batch_norm"),
    "aten::native_layer_norm": Kind("layer_norm"),
}
