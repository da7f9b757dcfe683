"""Pooling in forms that every converter gets right, put around a PyTorch network before conversion.

Converters differ on what a window that hangs over the edge holds: TFLite's takes zeros into a maximum and one padding
for both sides, Core ML's counts the overhang in an average. Some lack dilation, ``divisor_override`` or adaptive
windows. With the size of the input fixed, each has an equal form made of slices, joins and unpadded windows:

| was                                      | becomes                                                        |
|------------------------------------------|----------------------------------------------------------------|
| maximum, windows that hang over the edge | edge values repeated (each lies in every window that needs it) |
| maximum, dilation                        | the same, then a maximum of shifted slices                     |
| average, overhang or any flag            | zero padding, a plain average, and a constant that sets right  |
|                                          | what each window is divided by                                 |
| adaptive, windows of several sizes       | each row's and column's slice pooled whole, then joined        |
| transposed convolution, padding or       | the whole result, cut at its edges                             |
| output padding                           |                                                                |

Functions and modules alike, whatever Python the network is made of: calls are met while the network runs.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from fer_edge.export.capture.equality import keep_if_equal
from fer_edge.export.rewrites.replacing import Replacing, replace_calls
from fer_edge.export.rewrites.windows import as_pair, find_windows

PADDING, OVERHANG, DILATION, ROUNDING = "padded max", "overhanging max", "dilated max", "rounded-up size"
AVERAGE, DIVISOR = "overhanging or uncounted average", "divisor override"
ADAPTIVE_AVERAGE, ADAPTIVE_MAX = "uneven adaptive average", "adaptive max"
TRANSPOSED = "padded transposed convolution"
TFLITE: frozenset[str] = frozenset(
    {PADDING, OVERHANG, DILATION, ROUNDING, AVERAGE, DIVISOR, ADAPTIVE_AVERAGE, ADAPTIVE_MAX, TRANSPOSED}
)
COREML: frozenset[str] = TFLITE - {PADDING, TRANSPOSED}
ONNX: frozenset[str] = frozenset({ROUNDING, DIVISOR, ADAPTIVE_MAX})
"""Pools that each converter gets wrong or has no operator for. onnxruntime infers another size where the last window of
``ceil_mode`` would begin in the padding and is dropped (``ROUNDING``)."""


def rewrite_pools(
    module: nn.Module, example: Tensor, kinds: Collection[str], notes: list[str] | None = None
) -> nn.Module:
    """The network with plain pools, proven equal; else ``module`` itself, and a note.

    Args:
        module: in ``eval()`` mode; left as it is.
        example: an input of it, (1, C, H, W) float32.
        kinds: what the converter gets wrong (``rewrites.pooling``).
        notes: gets a sentence if equality is not proven.
    """
    return keep_if_equal(module, replace_pools(module, example, kinds), example, "plain pooling", notes)


def replace_pools(module: nn.Module, example: Tensor, kinds: Collection[str]) -> nn.Module:
    """The network around which pools are replaced, or ``module`` itself if none of its pools need it.

    Args:
        module: in ``eval()`` mode; left as it is.
        example: an input, (1, C, H, W) float32; forms hold for its size only.
        kinds: which pools to replace; those that the format's converter gets wrong.
    """
    return replace_calls(module, example, partial(_Pools, frozenset(kinds)))


class _Pools(Replacing):
    """While active, pools of the given kinds are computed in their plain forms."""

    def __init__(self, kinds: Collection[str]) -> None:
        super().__init__()
        self.kinds = kinds

    def compute(self, func: Any, args: Sequence[Any], named: dict[str, Any]) -> Any:
        """A pool in its plain form."""
        form = _FORMS.get(func)
        if form is None:
            return None
        if "input" in named:
            args = (named.pop("input"), *args)
        return form(self.kinds, *args, **named)


def _max(
    kinds: Collection[str],
    features: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Tensor | None:
    """``max_pool2d`` of (N, C, H, W), or None where torch's own form is plain enough."""
    high, wide = windows = find_windows(features, kernel_size, stride, padding, dilation, ceil_mode)
    dilated = any(window.dilation > 1 for window in windows)
    found = {
        PADDING: any(window.padding for window in windows),
        OVERHANG: any(window.overhang for window in windows),
        DILATION: dilated,
        ROUNDING: any(window.dropped for window in windows),
    }
    wanted = any(found[kind] for kind in found if kind in kinds)
    if return_indices or not wanted or not all(window.reaches for window in windows):
        return None
    for dim, window in enumerate(windows, features.dim() - 2):
        features = window.repeat_edges(features, dim)
    if not dilated:
        return functional.max_pool2d(features, (high.kernel, wide.kernel), (high.stride, wide.stride))
    for dim, window in enumerate(windows, features.dim() - 2):
        features = window.shifted_maximum(features, dim)
    return features


def _average(
    kinds: Collection[str],
    features: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor | None:
    """``avg_pool2d`` of (N, C, H, W), or None where torch's own form is plain enough."""
    high, wide = windows = find_windows(features, kernel_size, stride, padding, 1, ceil_mode)
    uncounted = not count_include_pad and any(window.padding for window in windows)
    found = {
        AVERAGE: uncounted or any(window.overhang for window in windows),
        DIVISOR: divisor_override is not None,
        ROUNDING: any(window.dropped for window in windows),
    }
    if not any(found[kind] for kind in found if kind in kinds):
        return None
    borders = (wide.padding, wide.after, high.padding, high.after)
    padded = functional.pad(features, borders) if any(borders) else features
    average = functional.avg_pool2d(padded, (high.kernel, wide.kernel), (high.stride, wide.stride))
    divisor = np.outer(high.counts(count_include_pad), wide.counts(count_include_pad))
    if divisor_override is not None:
        divisor = np.full_like(divisor, divisor_override)
    return _scaled(average, high.kernel * wide.kernel / divisor)


def _transposed(  # noqa: PLR0913, PLR0917 - torch's own arguments
    kinds: Collection[str],
    features: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Tensor | None:
    """``conv_transpose2d`` of (N, C, H, W), or None where TFLite's paddings (none, or sides times stride) serve."""
    strides, cut, more = as_pair(stride), as_pair(padding), as_pair(output_padding)
    grown = [size - step - 2 * pad for size, step, pad in zip(weight.shape[-2:], strides, cut, strict=True)]
    served = more == (0, 0) and (cut == (0, 0) or (grown == [0, 0] and as_pair(dilation) == (1, 1)))
    if TRANSPOSED not in kinds or served or any(pad < extra for pad, extra in zip(cut, more, strict=True)):
        return None
    whole = functional.conv_transpose2d(features, weight, bias, stride, 0, 0, groups, dilation)
    for dim, (pad, extra) in enumerate(zip(cut, more, strict=True), whole.dim() - 2):
        whole = whole.narrow(dim, pad, int(whole.shape[dim]) - 2 * pad + extra)
    return whole


def _scaled(values: Tensor, factors: np.ndarray[Any, np.dtype[np.float64]]) -> Tensor:
    """(N, C, H, W) times factors (H, W); nothing where all are 1, a scalar where all are equal."""
    first = float(factors.flat[0])
    if (factors == first).all():
        return values if first == 1 else values * first
    return values * torch.tensor(factors.tolist(), dtype=values.dtype)


def _adaptive_average(kinds: Collection[str], features: Tensor, output_size: Any) -> Tensor | None:
    return (
        _adaptive(features, output_size, functional.avg_pool2d, even=False)
        if ADAPTIVE_AVERAGE in kinds
        else None
    )


def _adaptive_max(
    kinds: Collection[str], features: Tensor, output_size: Any, return_indices: bool = False
) -> Tensor | None:
    if return_indices or ADAPTIVE_MAX not in kinds:
        return None
    return _adaptive(features, output_size, functional.max_pool2d, even=True)


def _adaptive(
    features: Tensor, output_size: Any, pool: Callable[..., Tensor], *, even: bool
) -> Tensor | None:
    """Each side's windows, from floor(i n / o) to ceil((i + 1) n / o).

    Args:
        features: (N, C, H, W) or (C, H, W).
        output_size: rows and columns; None keeps a side.
        pool: ``avg_pool2d`` or ``max_pool2d``.
        even: whether windows of one size, side by side, are replaced as well.
    """
    sides = [int(side) for side in features.shape[-2:]]
    wanted = output_size if isinstance(output_size, Sequence) else (output_size, output_size)
    parts = [side if part is None else int(part) for side, part in zip(sides, wanted, strict=True)]
    if not even and all(side % part == 0 for side, part in zip(sides, parts, strict=True)):
        return None
    for place, (side, part) in enumerate(zip(sides, parts, strict=True)):
        features = _pooled_side(features, features.dim() - 2 + place, side, part, pool)
    return features


def _pooled_side(features: Tensor, dim: int, side: int, part: int, pool: Callable[..., Tensor]) -> Tensor:
    def kernel(length: int) -> tuple[int, int]:
        return (length, 1) if dim == features.dim() - 2 else (1, length)

    if side == part:
        return features
    if side % part == 0:
        return pool(features, kernel(side // part))
    edges = [(index * side // part, -(-(index + 1) * side // part)) for index in range(part)]
    return torch.cat([pool(features.narrow(dim, a, b - a), kernel(b - a)) for a, b in edges], dim)


def _as_rows(form: Callable[..., Tensor | None]) -> Callable[..., Tensor | None]:
    """The form of a pool of (N, C, L), by the form of (N, C, H, W): rows of height 1."""
    signature = inspect.signature(form)

    def pool(kinds: Collection[str], features: Tensor, *args: Any, **named: Any) -> Tensor | None:
        given = signature.bind(kinds, features.unsqueeze(-2), *args, **named)
        sizes = {
            name: _of_rows(given.arguments[name], fill)
            for name, fill in _FILLS.items()
            if name in given.arguments
        }
        given.arguments.update(sizes)
        found = form(*given.args, **given.kwargs)
        return None if found is None else found.squeeze(-2)

    return pool


_FILLS = {"kernel_size": 1, "stride": 1, "padding": 0, "dilation": 1, "output_size": 1}
"""Arguments of a pool along one side, and what they are along the other."""


def _of_rows(value: Any, fill: int) -> tuple[int, int] | None:
    return None if value is None or value == () else (fill, as_pair(value)[0])


_FORMS: dict[Any, Callable[..., Tensor | None]] = {
    functional.max_pool2d: _max,
    torch.max_pool2d: _max,
    functional.avg_pool2d: _average,
    functional.adaptive_avg_pool2d: _adaptive_average,
    functional.adaptive_max_pool2d: _adaptive_max,
    torch.conv_transpose2d: _transposed,
    functional.max_pool1d: _as_rows(_max),
    torch.max_pool1d: _as_rows(_max),
    functional.avg_pool1d: _as_rows(_average),
    functional.adaptive_avg_pool1d: _as_rows(_adaptive_average),
    functional.adaptive_max_pool1d: _as_rows(_adaptive_max),
}
