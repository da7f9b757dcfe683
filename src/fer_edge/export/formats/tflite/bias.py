"""A floor under weight scales, so that no bias overflows.

An int8 layer's bias is int32 in steps of (input scale x weight scale of its channel). A filter of zeros, or nearly, has next to no
weight scale, and an ordinary bias then needs more than 32 bits; the quantizer cuts it off without a word. With the scale
raised until the bias takes 30 bits, such a filter is rounded by less than the bias's own step, for every input.

The floor also keeps (input scale x weight scale / output scale), by which kernels multiply sums, above 2^-30.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.formats.tflite.flatbuffer import TFLite

if TYPE_CHECKING:
    from fer_edge.export.formats.tflite.quantization import Ranges

BIAS_LIMIT = 2.0**30
"""Steps of a bias; int32 holds twice as many, since the quantizer may choose another input scale than is foreseen here."""
STEPS, WEIGHT_STEPS = 255, 127


def with_floors(model: bytes, ranges: Ranges) -> Ranges:
    """Ranges with those of weights added whose own are too narrow.

    Args:
        model: float32 flatbuffer.
        ranges: of its activations, as measured.

    Returns:
        ``ranges`` itself, or a copy in which such weights have the range that the quantizer is to take; shapes as the weights',
        1 long on every axis but the channels'.
    """
    file = TFLite.read(model)
    floors: Ranges = {}
    for operator in file.graph.operators:
        places = places_of(file, operator)
        if places is not None:
            _raise_floor(file, operator, places, ranges, floors)
    return {**ranges, **floors} if floors else ranges


def places_of(file: TFLite, operator: Any) -> tuple[int, int, int, int] | None:
    """Which of an operator's inputs are activation, weights and bias, and the weights' axis of channels; None: it has no weights."""
    from ai_edge_litert.schema_py_generated import BuiltinOperator

    known = {
        BuiltinOperator.CONV_2D: (0, 1, 2, 0),
        BuiltinOperator.DEPTHWISE_CONV_2D: (0, 1, 2, 3),
        BuiltinOperator.FULLY_CONNECTED: (0, 1, 2, 0),
        BuiltinOperator.TRANSPOSE_CONV: (2, 1, 3, 0),
    }
    code = file.model.operatorCodes[operator.opcodeIndex]
    return known.get(max(int(code.builtinCode), int(code.deprecatedBuiltinCode)))


def _raise_floor(
    file: TFLite, operator: Any, places: tuple[int, int, int, int], ranges: Ranges, floors: Ranges
) -> None:
    source, kernel, bias, axis = places
    weights = _tensor(file, operator, kernel)
    values = None if weights is None else file.values(weights)
    step = _step(ranges, _tensor(file, operator, source))
    if weights is None or values is None or step is None:
        return
    shaped = values.reshape(weights.shape).astype(np.float64)
    others = tuple(place for place in range(shaped.ndim) if place != axis)
    largest = np.abs(shaped).max(axis=others, keepdims=True)
    offset = _tensor(file, operator, bias)
    offsets = None if offset is None else file.values(offset)
    needed = np.abs(np.zeros(largest.size) if offsets is None else offsets.astype(np.float64))
    needed = np.maximum(needed, _step(ranges, file.graph.tensors[int(operator.outputs[0])]) or 0.0)
    floor = needed.reshape(largest.shape) / BIAS_LIMIT / step * WEIGHT_STEPS
    if (largest < floor).any():
        name = _name(weights)
        before = floors[name]["max"] if name in floors else largest
        bound = np.maximum(np.maximum(largest, floor), before).astype(np.float32)
        floors[name] = {"min": -bound, "max": bound}


def _tensor(file: TFLite, operator: Any, place: int) -> Any | None:
    inputs = operator.inputs
    return file.graph.tensors[int(inputs[place])] if place < len(inputs) and inputs[place] >= 0 else None


def _step(ranges: Ranges, tensor: Any | None) -> float | None:
    """The scale of an activation: its range, zero included, in 255 steps."""
    found = None if tensor is None else ranges.get(_name(tensor))
    if found is None:
        return None
    span = max(_extreme(found["max"], np.max), 0.0) - min(_extreme(found["min"], np.min), 0.0)
    return span / STEPS if span > 0 else None


def _extreme(values: NDArray[np.float32], of: Any) -> float:
    return float(of(np.asarray(values, np.float64)))


def _name(tensor: Any) -> str:
    return str(tensor.name.decode("utf-8", "replace") if isinstance(tensor.name, bytes) else tensor.name)
