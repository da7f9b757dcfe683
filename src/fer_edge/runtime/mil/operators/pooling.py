"""Pools.

Source: docstring and ``spatial_dimensions_out_shape`` of ``pool`` in coremltools' ``mil/ops/defs``. What an average divides by where a
window of ``ceil_mode`` overhangs is not said there: it is taken for padding, as Core ML was seen to do.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from fer_edge.runtime.errors import EngineError
from fer_edge.runtime.mil.operators.windows import Pairs, ones, padded, padding, symmetric

_MAXIMA = {1: functional.max_pool1d, 2: functional.max_pool2d, 3: functional.max_pool3d}
_AVERAGES = {1: functional.avg_pool1d, 2: functional.avg_pool2d, 3: functional.avg_pool3d}


def max_pool(
    x: Tensor,
    kernel_sizes: list[int],
    pad_type: str,
    *,
    strides: list[int] | None = None,
    pad: list[int] | None = None,
    ceil_mode: bool = False,
) -> Tensor:
    """Maximum of each window; padding never wins."""
    steps, pairs, over = _layout(x, kernel_sizes, pad_type, strides, pad, ceil_mode)
    around = padded(padded(x, pairs, -math.inf), over, -math.inf)
    return _MAXIMA[x.ndim - 2](around, kernel_sizes, steps)


def avg_pool(
    x: Tensor,
    kernel_sizes: list[int],
    pad_type: str,
    *,
    strides: list[int] | None = None,
    pad: list[int] | None = None,
    exclude_padding_from_average: bool = False,
    ceil_mode: bool = False,
) -> Tensor:
    """Mean of each window, over all its places or over those inside the input."""
    steps, pairs, over = _layout(x, kernel_sizes, pad_type, strides, pad, ceil_mode)
    average, same = _AVERAGES[x.ndim - 2], symmetric(pairs)
    plain = not any(after for _, after in over)
    if (
        plain
        and same is not None
        and all(2 * side <= size for side, size in zip(same, kernel_sizes, strict=True))
    ):
        return average(x, kernel_sizes, steps, same, False, not exclude_padding_from_average)
    means = average(padded(padded(x, pairs), over), kernel_sizes, steps)
    if not exclude_padding_from_average:
        return means
    there = torch.ones((1, 1, *x.shape[2:]), dtype=x.dtype, device=x.device)
    return means / average(padded(padded(there, pairs), over), kernel_sizes, steps)


def l2_pool(
    x: Tensor,
    kernel_sizes: list[int],
    pad_type: str,
    *,
    strides: list[int] | None = None,
    pad: list[int] | None = None,
    ceil_mode: bool = False,
) -> Tensor:
    """Root of the sum of squares of each window."""
    steps, pairs, over = _layout(x, kernel_sizes, pad_type, strides, pad, ceil_mode)
    squares = padded(padded(x * x, pairs), over)
    return torch.sqrt(_AVERAGES[x.ndim - 2](squares, kernel_sizes, steps) * math.prod(kernel_sizes))


def _layout(
    x: Tensor,
    sizes: list[int],
    pad_type: str,
    strides: list[int] | None,
    pad: list[int] | None,
    ceil_mode: bool,
) -> tuple[list[int], Pairs, Pairs]:
    """Strides, padding, and what a last window has beyond it."""
    steps = ones(strides, x)
    if len(sizes) != x.ndim - 2 or len(steps) != len(sizes) or min(*sizes, *steps) < 1:
        raise EngineError(f"a pool of {sizes} by {steps} over {x.ndim - 2} spatial axes")
    pairs = padding(pad_type, pad, x.shape[2:], sizes, steps)
    over = [(0, 0)] * len(sizes)
    if ceil_mode:
        over = [
            (0, _overhang(length, pair, size, step))
            for length, pair, size, step in zip(x.shape[2:], pairs, sizes, steps, strict=True)
        ]
    return steps, pairs, over


def _overhang(length: int, pair: tuple[int, int], size: int, step: int) -> int:
    """Places that the last window of ``ceil_mode`` has beyond the padding; negative: the padding that it does not reach."""
    total = length + sum(pair)
    count = (total - size + step - 1) // step + 1
    if (count - 1) * step >= length + sum(pair) / 2 and sum(pair) > 0:
        count -= 1
    return (count - 1) * step + size - total
