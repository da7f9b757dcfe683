"""Convolutions, matrix products and attention.

Source of each formula: the docstrings of ``conv``, ``linear`` and ``transformers`` in coremltools' ``mil/ops/defs``.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from fer_edge.runtime.errors import EngineError
from fer_edge.runtime.mil.operators.windows import (
    channels_last,
    ones,
    padded,
    padding,
    per_channel,
    symmetric,
)

_CONVOLUTIONS = {1: functional.conv1d, 2: functional.conv2d, 3: functional.conv3d}
_TRANSPOSED = {1: functional.conv_transpose1d, 2: functional.conv_transpose2d, 3: functional.conv_transpose3d}


def conv(
    x: Tensor,
    weight: Tensor,
    *,
    bias: Tensor | None = None,
    strides: list[int] | None = None,
    pad_type: str = "valid",
    pad: list[int] | None = None,
    dilations: list[int] | None = None,
    groups: int = 1,
) -> Tensor:
    """Convolution of (N, C, *spatial) with (O, C / groups, *kernel)."""
    steps, gaps = ones(strides, x), ones(dilations, x)
    spans = [(size - 1) * gap + 1 for size, gap in zip(weight.shape[2:], gaps, strict=True)]
    pairs = padding(pad_type, pad, x.shape[2:], spans, steps)
    same = symmetric(pairs)
    around = padded(x, pairs) if same is None else x
    if groups > 1:
        around = channels_last(around)
    return _CONVOLUTIONS[x.ndim - 2](around, weight, bias, steps, same or 0, gaps, groups)


def conv_transpose(
    x: Tensor,
    weight: Tensor,
    *,
    bias: Tensor | None = None,
    strides: list[int] | None = None,
    pad_type: str = "valid",
    pad: list[int] | None = None,
    dilations: list[int] | None = None,
    groups: int = 1,
    output_shape: list[int] | None = None,
) -> Tensor:
    """Transposed convolution with (C, O / groups, *kernel); ``pad`` is cut off, what ``output_shape`` has more is filled."""
    steps, gaps = ones(strides, x), ones(dilations, x)
    whole = _TRANSPOSED[x.ndim - 2](x, weight, None, steps, 0, 0, groups, gaps)
    sizes = whole.shape[2:]
    wanted = list(output_shape[2:]) if output_shape is not None else None
    if pad_type.lower() in ("same", "same_lower"):
        wanted = wanted or [size * step for size, step in zip(x.shape[2:], steps, strict=True)]
        # That of the convolution from ``wanted`` to this input, whose transpose this is.
        spans = [(size - 1) * gap + 1 for size, gap in zip(weight.shape[2:], gaps, strict=True)]
        pairs = padding(pad_type, None, wanted, spans, steps)
    else:
        pairs = padding(pad_type, pad, sizes, sizes, steps)
    cuts = [
        (-before, (wanted[axis] + before - sizes[axis]) if wanted else -after)
        for axis, (before, after) in enumerate(pairs)
    ]
    found = padded(whole, cuts)
    return found if bias is None else found + per_channel(bias, found)


def linear(x: Tensor, weight: Tensor, *, bias: Tensor | None = None) -> Tensor:
    """``x @ weight.T + bias``."""
    return functional.linear(x, weight, bias)


def matmul(x: Tensor, y: Tensor, *, transpose_x: bool = False, transpose_y: bool = False) -> Tensor:
    """Matrix product with numpy's broadcasting."""
    return torch.matmul(x.mT if transpose_x and x.ndim > 1 else x, y.mT if transpose_y and y.ndim > 1 else y)


def einsum(values: list[Tensor], equation: str) -> Tensor:
    """``nchw,nwhu->nchu`` or ``chw,whr->chr`` in any letters."""
    letters = equation.replace(" ", "")
    order: dict[str, str] = {}
    for letter in letters:
        if letter.isalpha():
            order.setdefault(letter, "abcdefgh"[len(order)] if len(order) < 8 else "?")
    form = "".join(order.get(letter, letter) for letter in letters)
    if form not in ("abcd,adce->abce", "abc,cbd->abd"):
        raise EngineError(f"einsum {ascii(equation)[:60]}; MIL has nchw,nwhu->nchu and chw,whr->chr")
    first, second = values
    # Axes of one broadcast, which torch.einsum allows only where they have a letter of their own.
    product = torch.matmul(first.transpose(-3, -2), second.transpose(-3, -2))
    return product.transpose(-3, -2)


def scaled_dot_product_attention(
    query: Tensor, key: Tensor, value: Tensor, *, attn_mask: Tensor | None = None
) -> Tensor:
    """``softmax(query @ key.T / sqrt(width) + mask) @ value``; False in a mask of booleans leaves a place out."""
    scores = torch.matmul(query, key.mT) / query.shape[-1] ** 0.5
    if attn_mask is not None:
        if attn_mask.dtype == torch.bool:
            scores = scores.masked_fill(~attn_mask.to(scores.device), -torch.inf)
        else:
            scores = scores + attn_mask
    return torch.matmul(torch.softmax(scores, -1), value)
