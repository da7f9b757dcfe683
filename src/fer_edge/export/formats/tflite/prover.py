"""Proof of TFLite files: the flatbuffer that the quantizer starts from has the same operators, so number stands beside number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.faithful.original.changed import Kind
from fer_edge.export.faithful.prover import Compute
from fer_edge.export.faithful.ranges import Observed, Rule
from fer_edge.export.faithful.weights import least_scale
from fer_edge.export.formats.quiet import quiet
from fer_edge.export.formats.range_rules import HALFWAY
from fer_edge.export.formats.tflite.float_view import view
from fer_edge.export.formats.tflite.graph_reader import read_graph
from fer_edge.runtime.formats import CALIBRATED

if TYPE_CHECKING:
    from fer_edge.export.formats.protocol import Request

__all__ = ["COMPUTE", "KINDS", "RULES", "least_scale", "make_bridges", "observe", "read_graph", "view"]

KEPT = 0.95
"""Of the moving average before an image: ai-edge-quantizer's own number."""


def make_bridges(request: Request, fp32: Path | None) -> Iterator[Path]:
    """The delivered float32 file, balanced for int8, then what int8 has rewritten for delegates; see ``FormatProver``."""
    from fer_edge.export.formats.tflite.converter import float_model

    if fp32 is not None:
        yield _balanced(fp32, request) if request.variant.precision in CALIBRATED else fp32
    rewritten = request.variant.precision in CALIBRATED
    for for_int8 in (rewritten,) if fp32 is None or rewritten else ():
        request.path.write_bytes(float_model(request, for_int8=for_int8))
        yield request.path


def _balanced(fp32: Path, request: Request) -> Path:
    """The file itself where nothing in it is out of balance."""
    from fer_edge.export.formats.tflite.equalized import equalize_model

    model = fp32.read_bytes()
    balanced = equalize_model(model)
    if balanced is model:
        return fp32
    path = request.path.with_name(f"balanced-{request.path.name}")
    path.write_bytes(balanced)
    return path


def observe(path: Path, values: Sequence[str], inputs: Iterable[NDArray[Any]]) -> Observed:
    """Extremes by LiteRT's own kernels with all tensors kept; see ``FormatProver``."""
    if not values:
        return {}
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    graph = read_graph(path)
    places = {name: index for index, name in enumerate(graph.tensors)}
    wanted = [(name, places[name]) for name in dict.fromkeys(values) if name in places]
    with quiet("running the float file"):
        interpreter = Interpreter(
            model_path=str(path),
            num_threads=1,
            experimental_preserve_all_tensors=True,
            experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        )
        interpreter.allocate_tensors()
        rows = []
        for tensor in inputs:
            interpreter.set_tensor(places[graph.inputs[0]], tensor)
            interpreter.invoke()
            rows.append([_extremes(interpreter, index) for _, index in wanted])
    table = np.asarray(rows, np.float32)
    return {name: (table[:, place, 0], table[:, place, 1]) for place, (name, _) in enumerate(wanted)}


def _extremes(interpreter: Any, index: int) -> tuple[np.float32, np.float32]:
    # A view of the interpreter's own memory: a copy of each tensor would take as long as the network.
    found = interpreter.tensor(index)()
    return found.min(), found.max()


def _average(observed: Observed) -> Mapping[str, tuple[float, float]]:
    """A moving average in the order of the images."""
    return {name: (_moving(lows), _moving(highs)) for name, (lows, highs) in observed.items()}


def _moving(values: NDArray[np.float32]) -> float:
    found = float(values[0])
    for value in values[1:]:
        found = KEPT * found + (1 - KEPT) * float(value)
    return found


def _extremes_of_all(observed: Observed) -> Mapping[str, tuple[float, float]]:
    return {name: (float(lows.min()), float(highs.max())) for name, (lows, highs) in observed.items()}


def _halfway(observed: Observed) -> Mapping[str, tuple[float, float]]:
    wide, narrow = _extremes_of_all(observed), _average(observed)
    return {
        name: ((low + narrow[name][0]) / 2, (high + narrow[name][1]) / 2)
        for name, (low, high) in wide.items()
    }


COMPUTE: Compute | None = None
RULES: Mapping[str, Rule] = {"extremes": _extremes_of_all, HALFWAY: _halfway, "average": _average}
KINDS: Mapping[str, Kind] = {
    "CONV_2D": Kind("conv", (0, 3, 1, 2)),
    "DEPTHWISE_CONV_2D": Kind("conv", (3, 0, 1, 2)),
    "TRANSPOSE_CONV": Kind("conv_transpose", (3, 0, 1, 2)),
    "FULLY_CONNECTED": Kind("linear"),
    "BATCH_MATMUL": Kind("matmul"),
}
