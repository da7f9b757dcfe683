"""Arithmetic element by element. Source: docstrings of ``elementwise_unary`` and ``elementwise_binary`` in coremltools' ``mil/ops/defs``."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from fer_edge.runtime.errors import UnknownOperator


def of_two(function: Callable[[Tensor, Tensor], Tensor]) -> Callable[..., Tensor]:
    """An operator of ``x`` and ``y``, which broadcast."""

    def operator(x: Tensor, y: Tensor) -> Tensor:
        return function(x, y)

    return operator


def of_one(function: Callable[[Tensor], Tensor]) -> Callable[..., Tensor]:
    """An operator of ``x``."""

    def operator(x: Tensor) -> Tensor:
        return function(x)

    return operator


def real_div(x: Tensor, y: Tensor) -> Tensor:
    """``x / y``; of integers without the remainder, towards zero."""
    return torch.div(x, y) if x.is_floating_point() else torch.div(x, y, rounding_mode="trunc")


def floor_div(x: Tensor, y: Tensor) -> Tensor:
    """``x / y`` down to the next whole number."""
    return torch.div(x, y, rounding_mode="floor")


def clip(x: Tensor, alpha: float, beta: float) -> Tensor:
    """``min(max(x, alpha), beta)``."""
    return torch.clamp(x, alpha, beta)


def inverse(x: Tensor, *, epsilon: float = 1e-4) -> Tensor:
    """``1 / (x + epsilon)``."""
    return 1 / (x + epsilon)


def log(x: Tensor, *, epsilon: float = 1e-45) -> Tensor:
    """``ln(x + epsilon)``."""
    return torch.log(x + epsilon)


def rsqrt(x: Tensor, *, epsilon: float = 1e-12) -> Tensor:
    """``1 / sqrt(x + epsilon)``."""
    return torch.rsqrt(x + epsilon)


def threshold(x: Tensor, alpha: float) -> Tensor:
    """``max(x, alpha)``."""
    return torch.clamp(x, min=alpha)


def rounded(x: Tensor) -> Tensor:
    """The nearest whole number; of two the even one."""
    return torch.round(x)


_CASTS = {
    "fp16": None, "fp32": None, "fp64": None, "bool": torch.bool, "int8": torch.int8, "uint8": torch.uint8,
    "int16": torch.int16, "uint16": torch.int32, "int32": torch.int32,
}  # fmt: skip


def cast(x: Tensor, dtype: str) -> Tensor:
    """Another data type: fractions are cut off, all but zero is true. Floats keep the evaluator's width; see ``rounding``."""
    if dtype not in _CASTS:
        raise UnknownOperator(f"cast to {ascii(dtype)[:40]}; known here: {', '.join(_CASTS)}")
    wanted = _CASTS[dtype]
    if wanted is not None:
        return x.to(wanted)
    return x if x.is_floating_point() else x.to(torch.get_default_dtype())
