"""The windows of a pool along the sides of (N, C, H, W), as torch lays them: padding, dilation, rounding up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor


class Window:
    """The windows of a pool along one side.

    Attributes:
        outputs: how many there are.
        after: values beyond the last one that they need; 0 if some of the last are unused.
        dropped: whether rounding up would have made one more, which would begin behind the features.
        overhang: whether a window hangs over the end by more than the padding.
        reaches: whether each window holds a value of the input at every step that hangs over.
    """

    def __init__(self, side: int, kernel: int, stride: int, padding: int, dilation: int, ceil: bool) -> None:
        self.side, self.kernel, self.stride = side, kernel, stride
        self.padding, self.dilation = padding, dilation
        self.span = dilation * (kernel - 1) + 1
        steps = (side + 2 * padding - self.span) / stride
        self.outputs = (math.ceil(steps) if ceil else math.floor(steps)) + 1
        # A window must begin inside the input or the padding before it (torch, pooling_output_shape).
        self.dropped = ceil and (self.outputs - 1) * stride >= side + padding
        self.outputs -= self.dropped
        end = (self.outputs - 1) * stride - padding + self.span
        self.after = max(0, end - side)
        self.overhang = self.after > padding
        self._before = [(place - padding) % dilation for place in range(padding)]
        self._beyond = [side - dilation + place % dilation for place in range(self.after)]
        self.reaches = all(0 <= place < side for place in (*self._before, *self._beyond))

    def repeat_edges(self, features: Tensor, dim: int) -> Tensor:
        """The input with values of its edge before and behind it, which change no window's maximum."""
        if not self._before and not self._beyond:
            return features
        before, beyond = (
            [features.narrow(dim, place, 1) for place in places] for places in (self._before, self._beyond)
        )
        return torch.cat([*before, features, *beyond], dim)

    def shifted_maximum(self, features: Tensor, dim: int) -> Tensor:
        """The largest of each window, by comparing the input with itself, shifted."""
        length = (self.outputs - 1) * self.stride + 1
        whole = [slice(None)] * features.dim()
        found: Tensor | None = None
        for step in range(self.kernel):
            begin = step * self.dilation
            whole[dim] = slice(begin, begin + length, self.stride)
            part = features[tuple(whole)]
            found = part if found is None else torch.maximum(found, part)
        assert found is not None
        return found

    def counts(self, include_pad: bool) -> list[int]:
        """Places of each window that an average counts: with the padding, but never what hangs over."""
        first, last = (-self.padding, self.side + self.padding) if include_pad else (0, self.side)
        starts = [index * self.stride - self.padding for index in range(self.outputs)]
        return [min(start + self.kernel, last) - max(start, first) for start in starts]


def find_windows(
    features: Tensor, kernel: Any, stride: Any, padding: Any, dilation: Any, ceil: bool
) -> tuple[Window, Window]:
    """The windows of a pool along rows and columns of (N, C, H, W), from torch's arguments."""
    kernels, paddings, dilations = as_pair(kernel), as_pair(padding), as_pair(dilation)
    strides = as_pair(stride) if stride else kernels
    rows, columns = (int(side) for side in features.shape[-2:])
    high, wide = (
        Window(side, kernels[place], strides[place], paddings[place], dilations[place], ceil)
        for place, side in enumerate((rows, columns))
    )
    return high, wide


def as_pair(value: Any) -> tuple[int, int]:
    """A number for both sides, or one for each."""
    if not isinstance(value, Sequence):
        return int(value), int(value)
    return int(value[0]), int(value[-1])
