"""Cross-layer equalization of a flatbuffer; see ``formats.equalization``."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_edge.export.formats.equalization import Layer, Link, equalize
from fer_edge.export.formats.tflite.flatbuffer import TFLite

if TYPE_CHECKING:
    from numpy.typing import NDArray


def equalize_model(model: bytes) -> bytes:
    """The flatbuffer with its convolutions balanced; ``model`` itself where nothing is out of balance."""
    file = TFLite.read(model)
    operators = list(file.graph.operators)
    shared = Counter(int(tensor.buffer) for tensor in file.graph.tensors)
    layers = {place: layer for place, op in enumerate(operators) if (layer := _layer(file, op, shared))}
    readers = Counter(int(index) for op in operators for index in op.inputs)
    places = {int(op.inputs[0]): place for place, op in enumerate(operators) if len(op.inputs)}
    results = {int(index) for index in file.graph.outputs}
    links: list[Link] = []
    for place, layer in layers.items():
        second = _reader(file, operators, place, readers, places, results)
        if second in layers:
            links.append((layer, layers[second]))
    equalize(links)
    changed = [place for place, layer in layers.items() if layer.changed]
    for place in changed:
        layer, inputs = layers[place], operators[place].inputs
        _write(file, file.graph.tensors[int(inputs[1])], layer.weight)
        if layer.bias is not None:
            _write(file, file.graph.tensors[int(inputs[2])], layer.bias)
    return file.write() if changed else model


def _layer(file: TFLite, operator: Any, shared: Counter[int]) -> Layer | None:
    """A convolution with constants of its own whose activation passes factors on."""
    from ai_edge_litert.schema_py_generated import ActivationFunctionType as Activation
    from ai_edge_litert.schema_py_generated import BuiltinOperator

    code = _code(file, operator)
    axes = {BuiltinOperator.CONV_2D: (0, 3), BuiltinOperator.DEPTHWISE_CONV_2D: (3, 3)}.get(code)
    if axes is None or len(operator.inputs) < 2:
        return None
    tensors = [file.graph.tensors[int(index)] for index in operator.inputs[1:] if index >= 0]
    constants = [_own(file, tensor, shared) for tensor in tensors]
    if any(values is None for values in constants):
        return None
    weight, *bias = constants
    assert weight is not None
    options = operator.builtinOptions
    several = code == BuiltinOperator.DEPTHWISE_CONV_2D and options.depthMultiplier != 1
    grouped = code == BuiltinOperator.CONV_2D and _channels(file, operator) != weight.shape[3]
    if several or grouped:
        return None
    # What cuts at 6 may read a balanced channel, but not hand one on.
    passes = options.fusedActivationFunction in (Activation.NONE, Activation.RELU)
    return Layer(weight, *axes, bias[0] if bias else None, passes)


def _channels(file: TFLite, operator: Any) -> int:
    return int(file.graph.tensors[int(operator.inputs[0])].shape[3])


def _own(file: TFLite, tensor: Any, shared: Counter[int]) -> NDArray[np.float32] | None:
    """A float32 constant that no other tensor shares."""
    values = file.values(tensor)
    if values is None or values.dtype != np.float32 or shared[int(tensor.buffer)] != 1:
        return None
    return np.array(values.reshape(tensor.shape))


def _reader(
    file: TFLite,
    operators: list[Any],
    place: int,
    readers: Counter[int],
    places: dict[int, int],
    results: set[int],
) -> int | None:
    """The convolution that alone reads what another makes; None: there is none."""
    from ai_edge_litert.schema_py_generated import BuiltinOperator

    passing = {
        BuiltinOperator.MAX_POOL_2D,
        BuiltinOperator.AVERAGE_POOL_2D,
        BuiltinOperator.PAD,
        BuiltinOperator.RELU,
    }
    sums = {BuiltinOperator.CONV_2D, BuiltinOperator.DEPTHWISE_CONV_2D}
    while True:
        output = int(operators[place].outputs[0])
        if output in results or readers[output] != 1 or output not in places:
            return None
        place = places[output]
        if _code(file, operators[place]) in sums:
            return place
        if _code(file, operators[place]) not in passing:
            return None


def _write(file: TFLite, tensor: Any, values: NDArray[np.float32]) -> None:
    data = np.ascontiguousarray(values, np.float32).tobytes()
    if tensor.buffer in file.outside:
        file.outside[tensor.buffer] = data
    else:
        file.model.buffers[tensor.buffer].data = np.frombuffer(data, np.uint8)


def _code(file: TFLite, operator: Any) -> int:
    code = file.model.operatorCodes[operator.opcodeIndex]
    return max(int(code.builtinCode), int(code.deprecatedBuiltinCode))
