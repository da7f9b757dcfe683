"""Biases with one axis, as TFLite defines them.

The converter merges an addition with the dense layer before it and keeps the constant's shape, (1, 1, 1, n) in EdgeNeXt. In float32 every
runtime takes that; the quantizer gives such a bias n scales along an axis of length 1 (and n times n numbers), which none opens.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np

from fer_edge.export.formats.tflite.bias import places_of
from fer_edge.export.formats.tflite.flatbuffer import TFLite


def flatten_biases(file: TFLite) -> bool:
    """Give every constant bias of a float32 file one axis, in place.

    Returns:
        Whether one had more.
    """
    found = list(_find(file))
    tensors, biases = file.graph.tensors, {(id(operator), place) for operator, place in found}
    others = {
        int(index)
        for operator in file.graph.operators
        for place, index in enumerate(operator.inputs)
        if (id(operator), place) not in biases
    }
    for operator, place in found:
        index = int(operator.inputs[place])
        if index in others:
            # Who else reads the constant keeps it as it is.
            tensors.append(copy.copy(tensors[index]))
            tensors[-1].name += b";bias"
            operator.inputs = np.array(operator.inputs, np.int32)
            operator.inputs[place] = index = len(tensors) - 1
        tensors[index].shape = np.array([np.prod(tensors[index].shape)], np.int32)
        tensors[index].shapeSignature = None
    return bool(found)


def _find(file: TFLite) -> Iterator[tuple[Any, int]]:
    """Operators whose bias is a constant of several axes, and as which input they read it."""
    for operator in file.graph.operators:
        places = places_of(file, operator)
        place = places[2] if places else len(operator.inputs)
        if place < len(operator.inputs) and operator.inputs[place] >= 0:
            tensor = file.graph.tensors[int(operator.inputs[place])]
            if len(tensor.shape) > 1 and file.values(tensor) is not None:
                yield operator, place
