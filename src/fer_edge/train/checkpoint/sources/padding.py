"""Padding of frameworks that may pad each end by another amount, in terms of torch's, which pads both alike.

TensorFlow's ``same`` on an even side at stride 2 is (0, 1), not (1, 1) (tensorflow.org/api_docs/python/tf/nn, "Notes on padding").
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fer_edge.train.checkpoint.sources.translation import GraphBuilder, Value

LOWEST = float(np.finfo(np.float32).min)


@dataclass(frozen=True)
class Side:
    """A window along one axis: length of the input, kernel, stride, dilation, padding before and after."""

    length: int
    kernel: int
    stride: int
    dilation: int
    before: int = 0
    after: int = 0

    @property
    def span(self) -> int:
        """What one window reaches over."""
        return self.dilation * (self.kernel - 1) + 1

    def outputs(self, before: int, after: int, *, ceil: bool) -> int:
        """How many windows there are (torch, ``pooling_output_shape``)."""
        steps = (self.length + before + after - self.span) / self.stride
        found = (math.ceil(steps) if ceil else math.floor(steps)) + 1
        if ceil and (found - 1) * self.stride >= self.length + before:
            found -= 1
        return found


def same_sides(
    x: Value, kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int], *, lower: bool = False
) -> tuple[Side, Side]:
    """Height and width of ``same`` padding; ``lower``: the odd one stands before instead of after."""
    sides = []
    for i in (0, 1):
        length, span = x.shape[2 + i], dilation[i] * (kernel[i] - 1) + 1
        whole = max(0, (math.ceil(length / stride[i]) - 1) * stride[i] + span - length)
        less, more = whole // 2, whole - whole // 2
        before, after = (more, less) if lower else (less, more)
        sides.append(Side(length, kernel[i], stride[i], dilation[i], before, after))
    return sides[0], sides[1]


def valid_sides(
    x: Value, kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int]
) -> tuple[Side, Side]:
    """Height and width without padding."""
    high, wide = (Side(x.shape[2 + i], kernel[i], stride[i], dilation[i]) for i in (0, 1))
    return high, wide


def pad_unequally(
    graph: GraphBuilder, x: Value, sides: tuple[Side, Side], name: str, value: float = 0.0
) -> tuple[Value, list[int]]:
    """A step that pads where the ends differ, and the padding that is left to the layer itself."""
    if all(side.before == side.after for side in sides):
        return x, [side.before for side in sides]
    high, wide = sides
    widths = [wide.before, wide.after, high.before, high.after]
    return graph.add("pad", x, name, widths=widths, mode="constant", value=value), [0, 0]


def max_pool(
    graph: GraphBuilder, x: Value, sides: tuple[Side, Side], name: str, *, ceil: bool = False
) -> Value:
    """A pool of maxima; padding never wins."""
    found = _as_torch(sides, ceil=ceil)
    if found is None:
        x, padding = pad_unequally(graph, x, sides, f"{name}_pad", LOWEST)
    else:
        padding, ceil = found
    return graph.add(
        "max_pool",
        x,
        name,
        kernel=[side.kernel for side in sides],
        stride=[side.stride for side in sides],
        padding=padding,
        dilation=[side.dilation for side in sides],
        ceil=ceil,
    )


def average_pool(
    graph: GraphBuilder,
    x: Value,
    sides: tuple[Side, Side],
    name: str,
    *,
    ceil: bool = False,
    count_padding: bool = False,
) -> Value:
    """A pool of means; ``count_padding``: zeros around the input count."""
    if any(side.dilation != 1 for side in sides):
        raise ValueError("an average of every other value")
    equal = all(side.before == side.after for side in sides)
    found = _as_torch(sides, ceil=ceil) if not count_padding or equal else None
    if found is None and not count_padding:
        raise ValueError("an average over padding of another amount at each end")
    if found is None:
        x, padding = pad_unequally(graph, x, sides, f"{name}_pad")
    else:
        padding, ceil = found
    return graph.add(
        "average_pool",
        x,
        name,
        kernel=[side.kernel for side in sides],
        stride=[side.stride for side in sides],
        padding=padding,
        ceil=ceil,
        count_padding=count_padding,
    )


def _as_torch(sides: tuple[Side, Side], *, ceil: bool) -> tuple[list[int], bool] | None:
    """Equal padding and rounding that give the same windows, where what lies outside does not count; None: there are none."""
    wanted = [side.outputs(side.before, side.after, ceil=ceil) for side in sides]
    if any(2 * side.before > side.kernel for side in sides):
        return None
    for up in (ceil, not ceil):
        if [side.outputs(side.before, side.before, ceil=up) for side in sides] == wanted:
            return [side.before for side in sides], up
    return None
