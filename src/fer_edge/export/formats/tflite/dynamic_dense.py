"""Dense layers that quantize what they read at run time, in the one form that TFLite's kernels compute rightly everywhere.

| what they read is quantized | TFLite 2.16.1, 64-bit ARM                         | TFLite and LiteRT to 2.3, x86-64 without XNNPACK         |
|-----------------------------|---------------------------------------------------|----------------------------------------------------------|
| without a zero point        | wrong: the scales of the weights are left out     | right                                                    |
| with a zero point           | right                                             | wrong where a sum of a row's weights exceeds 16 bits     |

So there is a zero point, and a layer whose sums are too large gets weights as ``w8`` has them: the size is the same. Both were
seen on files of ours, the second on the dense layer of 9,216 inputs that the network of PyEmotion has.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_edge.export.formats.tflite.flatbuffer import TFLite

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LANES = 8
"""16-bit sums that ``SseReductionSumVector`` keeps side by side, each of two neighbors in every block of 16 weights."""


def give_zero_points(model: bytes) -> bytes:
    """The same flatbuffer, whose dense layers quantize what they read with a zero point.

    Args:
        model: flatbuffer of precision ``dynamic``.
    """
    file = TFLite.read(model)
    for operator in _dense_layers(file):
        operator.builtinOptions.asymmetricQuantizeInputs = _is_dynamic(file, operator)
    return file.write()


def find_overflowing(model: bytes) -> frozenset[str]:
    """Scopes (``units.py``) of the dense layers whose sums of weights x86 cannot hold.

    Args:
        model: flatbuffer of precision ``dynamic``.
    """
    from ai_edge_quantizer.utils.tfl_flatbuffer_utils import get_op_scope

    file = TFLite.read(model)
    return frozenset(
        get_op_scope(operator, file.graph.tensors)
        for operator in _dense_layers(file)
        if _is_dynamic(file, operator) and overflows(_weights(file, operator))
    )


def overflows(weights: NDArray[np.int8]) -> bool:
    """Whether the sum of a row is more than TFLite's x86 kernel holds.

    Args:
        weights: int8, rows of one output each: (outputs, inputs).
    """
    whole = weights.shape[1] // (2 * _LANES) * (2 * _LANES)
    lanes = weights[:, :whole].reshape(len(weights), -1, _LANES, 2).sum(axis=(1, 3), dtype=np.int64)
    # The last weights, fewer than a block, are added to the lanes in ways that differ: leave room for them.
    room = 2 * 128
    return bool(np.any(np.abs(lanes) > np.iinfo(np.int16).max - room))


def _dense_layers(file: TFLite) -> Iterator[Any]:
    from ai_edge_litert.schema_py_generated import BuiltinOptions

    for operator in file.graph.operators:
        if operator.builtinOptionsType == BuiltinOptions.FullyConnectedOptions:
            yield operator


def _is_dynamic(file: TFLite, operator: Any) -> bool:
    from ai_edge_litert.schema_py_generated import TensorType

    kinds = [file.graph.tensors[index].type for index in operator.inputs[:2]]
    return kinds == [TensorType.FLOAT32, TensorType.INT8]


def _weights(file: TFLite, operator: Any) -> NDArray[np.int8]:
    tensor = file.graph.tensors[int(operator.inputs[1])]
    return np.frombuffer(file.contents(tensor), np.int8).reshape(tensor.shape)
