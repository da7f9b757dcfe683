"""int8 weights and activations for onnxruntime: calibrated, QDQ, one fixed rule for every network.

What is quantized, and why (measured with onnxruntime's CPU kernels):

* Activations are uint8 and weights int8 with one scale a channel: with int8 activations every Add and, on x86, every
  Conv would stay in float.
* The first convolution stays in float or not by the rule of ``stem``.
* What lies before the first convolution (gray, normalization of the image interface) stays in float, and so do the
  last sum and the softmax: rounding the logits to 256 steps would only cost accuracy.

The calibration rule whose probabilities on held-out images are nearest to the original's is kept: ``minmax`` (the extremes
over all images), ``average`` (the mean over the images of each image's extremes) or ``halfway`` between them; see ``range_rules``.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.formats.mixed import Search
from fer_edge.export.formats.onnx.equalized import equalize_graph
from fer_edge.export.formats.onnx.graph import base_graph, drop_unused, refuse_nonfinite_initializers, uses
from fer_edge.export.formats.onnx.hard_swish import (
    Range,
    align_ranges,
    find_shifted,
    in_float,
    read_bytes,
)
from fer_edge.export.formats.onnx.int8_forms import rewrite_for_int8
from fer_edge.export.formats.onnx.stem import kept_in_float
from fer_edge.export.formats.onnx.units import list_units
from fer_edge.export.formats.protocol import Calibration, Request
from fer_edge.export.formats.range_rules import HALFWAY, measure_rules
from fer_edge.runtime.camera import to_tensor
from fer_edge.runtime.contract import Contract
from fer_edge.runtime.errors import ExportError

if TYPE_CHECKING:
    from onnx import ModelProto

OPERATORS = (
    "Conv",
    "Gemm",
    "MatMul",
    "Add",
    "Mul",
    "Clip",
    "Relu",
    "MaxPool",
    "Sigmoid",
    "GlobalAveragePool",
)
EQUALITY_INPUTS = 4
EQUALITY_LIMIT = 1e-4
"""Largest difference of probabilities between the rewritten float graph and the original: the fp32 parity limit."""
Ranges = dict[str, tuple[NDArray[np.float32], NDArray[np.float32]]]
"""Tensor -> smallest and largest value of each calibration image, (n,) float32 each."""


@dataclass(frozen=True)
class Calibrated:
    """What the quantized files of one interface are made of.

    Attributes:
        prepared: the float graph in the form that is quantized.
        rule: of ``RULES``, the one that was kept.
        ranges: by that rule.
        quantized: the file in which everything is quantized.
    """

    prepared: ModelProto
    rule: str
    ranges: dict[str, Range]
    quantized: ModelProto


def to_int8(request: Request, contract: Contract) -> ModelProto:
    """The quantized graph with the best of the calibration rules.

    Args:
        request: with calibration images.
        contract: of the artifact; its camera path turns the images into the graph's input.

    Raises:
        ExportError: no calibration images, or a range is not finite.
    """
    import onnx

    copy = onnx.ModelProto()
    copy.CopyFrom(_calibrated(request, contract).quantized)
    return copy


def to_auto(request: Request, contract: Contract) -> ModelProto:
    """The quantized graph in which the layers that cost accuracy stay in float; see ``formats.mixed``.

    Raises:
        CheckFailed: no mix keeps the limits.
        ExportError: as for ``to_int8``.
    """
    import onnx

    base, calibration = _calibrated(request, contract), request.calibration
    assert calibration is not None  # or _calibrated had raised
    inputs = [to_tensor(image, contract) for image in calibration.held_out]
    search = Search(
        list_units(base.prepared, OPERATORS),
        lambda kept: _quantize(base.prepared, base.ranges, kept).SerializeToString(deterministic=True),
        lambda file: np.concatenate([row[0] for row in _run(onnx.load_from_string(file), None, inputs)]),
        calibration.reference,
        request.limits,
    )
    found = search.run()
    request.note(search.describe(found))
    return onnx.load_from_string(found.file)


def _calibrated(request: Request, contract: Contract) -> Calibrated:
    """Measured once for an interface: int8 and auto share ranges and rule."""
    calibration = request.calibration
    if calibration is None or len(calibration.scaled) == 0:
        raise ExportError(
            f"onnx {request.variant.precision} needs calibration images; pass --calibration DIR"
        )
    found: Calibrated = request.once(
        f"calibrated {request.variant.interface}", lambda: _calibrate(request, calibration, contract)
    )
    base_graph(request)  # for its notes
    return found


def _calibrate(request: Request, calibration: Calibration, contract: Contract) -> Calibrated:
    original = base_graph(request)
    prepared = prepare_for_int8(base_graph(request))
    _prove_equal(
        original, prepared, [to_tensor(image, contract) for image in calibration.scaled[:EQUALITY_INPUTS]]
    )
    ranges = measure(prepared, (to_tensor(image, contract) for image in calibration.scaled))
    by_rule = {name: rule(ranges) for name, rule in RULES.items()}
    candidates: dict[str, ModelProto] = {}

    def distance(rule: str) -> float:
        candidates[rule] = _quantize(prepared, by_rule[rule])
        return _distance(candidates[rule], calibration, contract)

    distances = measure_rules("minmax", "average", distance)
    rule = min(distances, key=lambda name: distances[name])
    return Calibrated(prepared, rule, by_rule[rule], candidates[rule])


def prepare_for_int8(model: ModelProto) -> ModelProto:
    """The float32 graph that is quantized: of operators that onnxruntime has int8 kernels for, constants folded, channels balanced.

    Args:
        model: the exporter's graph; changed in place.
    """
    rewrite_for_int8(model)
    prepared = _prepare(model)
    equalize_graph(prepared)
    return prepared


def _prove_equal(original: ModelProto, rewritten: ModelProto, inputs: list[NDArray[Any]]) -> None:
    """Run both float graphs before anything is quantized.

    Raises:
        ExportError: the rewritten graph computes something else.
    """
    for left, right in zip(_run(original, None, inputs), _run(rewritten, None, inputs), strict=True):
        difference = float(np.abs(left[0] - right[0]).max())
        if not difference <= EQUALITY_LIMIT:
            raise ExportError(
                f"the int8 form of the graph is not equal to the original: probabilities differ by {difference:.2g}, "
                f"allowed are {EQUALITY_LIMIT:g}; use another precision and report the model"
            )


def minmax(ranges: Ranges) -> dict[str, Range]:
    """The extremes over all images."""
    return {name: (low.min(), high.max()) for name, (low, high) in ranges.items()}


def average(ranges: Ranges) -> dict[str, Range]:
    """The mean of each image's extremes: outliers of single images are clipped."""
    return {
        name: (np.float32(low.astype(np.float64).mean()), np.float32(high.astype(np.float64).mean()))
        for name, (low, high) in ranges.items()
    }


def halfway(ranges: Ranges) -> dict[str, Range]:
    """Each end halfway between those of the other two rules."""
    wide, narrow = minmax(ranges), average(ranges)
    half = np.float32(0.5)
    return {
        name: (half * (low + narrow[name][0]), half * (high + narrow[name][1]))
        for name, (low, high) in wide.items()
    }


RULES: dict[str, Callable[[Ranges], dict[str, Range]]] = {
    "minmax": minmax,
    HALFWAY: halfway,
    "average": average,
}


def _prepare(model: ModelProto) -> ModelProto:
    """Fold constants and infer shapes, as the quantizer expects."""
    import onnx
    from onnxruntime.quantization import quant_pre_process

    with tempfile.TemporaryDirectory(prefix="fer-edge-") as folder:
        # From file to file: given a model in memory, the step takes its raw data apart.
        source, prepared = Path(folder) / "source.onnx", Path(folder) / "prepared.onnx"
        onnx.save(model, source)
        quant_pre_process(source, prepared, skip_symbolic_shape=True)
        return onnx.load(prepared)


def measure(model: ModelProto, inputs: Iterable[NDArray[Any]]) -> Ranges:
    """Run the float graph and note each quantized tensor's extremes for each input.

    Raises:
        ExportError: an activation is NaN or infinite.
    """
    return measure_values(model, _activations(model), inputs)


def measure_values(model: ModelProto, names: list[str], inputs: Iterable[NDArray[Any]]) -> Ranges:
    """The same for given values; the graph's inputs stand last among them."""
    import onnx

    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    present = {value.name for value in watched.graph.output}
    # Without a type: onnxruntime knows it, and of an equal form of the graph this side does not.
    watched.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names if name not in present)
    rows = [_extremes(names, values) for values in _run(watched, names, inputs)]
    table = np.asarray(rows, np.float32)  # (images, tensors, 2)
    return {name: (table[:, i, 0], table[:, i, 1]) for i, name in enumerate(names)}


def _activations(model: ModelProto) -> list[str]:
    """float32 inputs and outputs of the quantized operators, in graph order."""
    from onnx import TensorProto

    graph = model.graph
    known = (*graph.input, *graph.output, *graph.value_info)
    kinds = (TensorProto.UNDEFINED, TensorProto.FLOAT)
    others = {value.name for value in known if value.type.tensor_type.elem_type not in kinds}
    constants = {tensor.name for tensor in graph.initializer} | others
    names = (
        name
        for node in model.graph.node
        if node.op_type in OPERATORS
        for name in (*node.input, *node.output)
        if name and name not in constants
    )
    inputs = {value.name for value in model.graph.input}
    return [name for name in dict.fromkeys(names) if name not in inputs] + sorted(inputs)


def _extremes(names: list[str], values: list[NDArray[np.float32]]) -> list[tuple[np.float32, np.float32]]:
    found = [(value.min(), value.max()) for value in values]
    for name, pair in zip(names, found, strict=True):
        if not np.isfinite(pair).all():
            raise ExportError(f"activation {name!r} is not finite on a calibration image: {pair}")
    return found


def _run(
    model: ModelProto, names: list[str] | None, inputs: Iterable[NDArray[Any]]
) -> Iterator[list[NDArray[np.float32]]]:
    """Each input's requested outputs; graph inputs may be asked for too."""
    session = _session(model)
    name = session.get_inputs()[0].name
    wanted = None if names is None else [item for item in names if item != name]
    for value in inputs:
        outputs = session.run(wanted, {name: value})
        yield outputs if names is None or name not in names else [*outputs, value]


def _session(model: ModelProto) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(
        model.SerializeToString(), sess_options=options, providers=["CPUExecutionProvider"]
    )


def _quantize(model: ModelProto, ranges: dict[str, Range], kept: Collection[str] = ()) -> ModelProto:
    import onnx
    from onnxruntime.quantization import CalibrationMethod, QuantType
    from onnxruntime.quantization.calibrate import TensorData, TensorsData
    from onnxruntime.quantization.qdq_quantizer import QDQQuantizer

    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    # The form reads the bytes of what a layer in float no longer stores.
    shifted = [] if kept else find_shifted(model, ranges)
    data = {
        name: TensorData(lowest=low, highest=high)
        for name, (low, high) in align_ranges(ranges, shifted).items()
    }
    quantizer = QDQQuantizer(
        copy, True, False, QuantType.QInt8, QuantType.QUInt8,
        TensorsData(CalibrationMethod.MinMax, data), [], [*kept_in_float(copy), *in_float(shifted), *sorted(kept)],
        list(OPERATORS), {},
    )  # fmt: skip
    quantizer.quantize_model()
    quantizer.model.topological_sort()
    quantized: ModelProto = quantizer.model.model
    read_bytes(quantized, shifted)
    _free_the_logits(quantized)
    drop_unused(quantized)
    refuse_nonfinite_initializers(quantized)
    return quantized


def _free_the_logits(model: ModelProto) -> None:
    """Let the softmax read the last sum itself instead of its 256 steps."""
    producers = {name: node for node in model.graph.node for name in node.output}
    readers = uses(model.graph.node)
    for softmax in [node for node in model.graph.node if node.op_type == "Softmax"]:
        dequantize = producers.get(softmax.input[0])
        quantize = producers.get(dequantize.input[0]) if dequantize is not None else None
        if dequantize is None or quantize is None or quantize.op_type != "QuantizeLinear":
            continue
        if any(len(readers[node.output[0]]) != 1 for node in (dequantize, quantize)):
            continue
        softmax.input[0] = quantize.input[0]
        model.graph.node.remove(dequantize)
        model.graph.node.remove(quantize)


def _distance(candidate: ModelProto, calibration: Calibration, contract: Contract) -> float:
    """Mean absolute difference of probabilities on the held-out images; 0 where there are none."""
    if len(calibration.held_out) == 0:
        return 0.0
    inputs = [to_tensor(image, contract) for image in calibration.held_out]
    outputs = np.concatenate([outputs[0] for outputs in _run(candidate, None, inputs)])
    return float(np.abs(outputs.astype(np.float64) - calibration.reference).mean())
