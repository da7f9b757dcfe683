"""Proof of ONNX files: they are made of the exporter's float32 graph, int8 of a form of it that is computed from it alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from fer_edge.export.faithful.original.changed import Kind
from fer_edge.export.faithful.prover import Compute
from fer_edge.export.faithful.ranges import Observed, Rule
from fer_edge.export.faithful.weights import least_scale
from fer_edge.export.formats.onnx.float_view import view
from fer_edge.export.formats.onnx.graph_reader import read_graph
from fer_edge.export.formats.range_rules import HALFWAY
from fer_edge.runtime.formats import CALIBRATED

if TYPE_CHECKING:
    from onnx import ModelProto

    from fer_edge.export.formats.protocol import Request

__all__ = ["COMPUTE", "KINDS", "RULES", "least_scale", "make_bridges", "observe", "read_graph", "view"]


def make_bridges(request: Request, fp32: Path | None) -> Iterator[Path]:
    """The exporter's graph, or for int8 its equal form; see ``FormatProver``."""
    import onnx

    from fer_edge.export.formats.onnx.graph import base_graph
    from fer_edge.export.formats.onnx.int8 import prepare_for_int8

    rewritten = request.variant.precision in CALIBRATED
    if fp32 is not None and not rewritten:
        yield fp32
        return
    model = onnx.load(fp32) if fp32 is not None else base_graph(request)
    onnx.save(prepare_for_int8(model) if rewritten else model, request.path)
    yield request.path


def observe(path: Path, values: Sequence[str], inputs: Iterable[NDArray[Any]]) -> Observed:
    """Extremes by onnxruntime with those values as outputs; see ``FormatProver``."""
    if not values:
        return {}
    import onnx

    from fer_edge.export.formats.onnx.int8 import measure_values

    model: ModelProto = onnx.load(path)
    made = {name for node in model.graph.node for name in node.output}
    given = {value.name for value in model.graph.input}
    wanted = [name for name in dict.fromkeys(values) if name in made] + [
        name for name in dict.fromkeys(values) if name in given
    ]
    return measure_values(model, wanted, inputs)


def _rule(name: str, *, shifted: bool) -> Rule:
    """A rule of calibration, with the steps that hard-swish takes where its bytes are read twice (not where layers stay in float)."""

    def rule(observed: Observed) -> Mapping[str, tuple[float, float]]:
        from fer_edge.export.formats.onnx import hard_swish, int8

        ranges = int8.RULES[name](dict(observed))
        if shifted:
            ranges = hard_swish.align_ranges(ranges, hard_swish.find_expressible(ranges))
        return {key: (float(low), float(high)) for key, (low, high) in ranges.items()}

    return rule


COMPUTE: Compute | None = None
RULES: Mapping[str, Rule] = {
    f"{name}{end}": _rule(name, shifted=shifted)
    for end, shifted in (("", True), (" without shifted hard-swish", False))
    for name in ("minmax", HALFWAY, "average")
}
KINDS: Mapping[str, Kind] = {
    "Conv": Kind("conv"),
    "ConvTranspose": Kind("conv_transpose"),
    "Gemm": Kind("matmul"),
    "MatMul": Kind("matmul"),
    "BatchNormalization": Kind("batch_norm"),
    "LayerNormalization": Kind("layer_norm"),
    "InstanceNormalization": Kind("instance_norm"),
}
