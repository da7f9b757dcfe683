"""Ranges of activations that calibration saw at 0 only, such as behind a ReLU that died in training.

The quantizer gives them a scale of 4e-12. Kernels multiply sums by (input scale x weight scale / output scale): XNNPACK takes less
than 256 and does not open such a file. As wide as what its operator reads, a dead activation is what it was: 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fer_edge.export.formats.tflite.flatbuffer import TFLite

if TYPE_CHECKING:
    from fer_edge.export.formats.tflite.quantization import Range, Ranges


def widen_dead(model: bytes, ranges: Ranges) -> Ranges:
    """Ranges in which those of nothing but 0 are as wide as those of what their operators read.

    Args:
        model: float32 flatbuffer.
        ranges: as measured.

    Returns:
        ``ranges`` itself where there are no such ones.
    """
    if not any(_largest(found) == 0 for found in ranges.values()):
        return ranges
    graph, widened = TFLite.read(model).graph, dict(ranges)
    for operator in graph.operators:
        read = [_range(graph, widened, int(index)) for index in operator.inputs if index >= 0]
        largest = max((_largest(found) for found in read if found), default=0.0)
        for index in operator.outputs:
            found = _range(graph, widened, int(index))
            if found and largest > 0 and _largest(found) == 0:
                widened[_name(graph, int(index))] = {
                    "min": found["min"],
                    "max": np.full_like(found["max"], largest),
                }
    return widened


def _range(graph: Any, ranges: Ranges, index: int) -> Range | None:
    return ranges.get(_name(graph, index))


def _name(graph: Any, index: int) -> str:
    name = graph.tensors[index].name
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)


def _largest(found: Range) -> float:
    return float(max(np.max(np.abs(found["min"])), np.max(np.abs(found["max"]))))
