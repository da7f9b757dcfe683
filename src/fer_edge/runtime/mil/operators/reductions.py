"""Reductions over axes. Source: docstrings of ``reduction`` in coremltools' ``mil/ops/defs``."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Reduced = Callable[..., Tensor]


def over(function: Callable[[Tensor, list[int], bool], Tensor]) -> Reduced:
    """An operator that reduces the named axes, or all."""

    def operator(x: Tensor, *, axes: list[int] | None = None, keep_dims: bool = False) -> Tensor:
        return function(x, list(range(x.ndim)) if axes is None else axes, keep_dims)

    return operator


def one_place(function: Callable[[Tensor, int, bool], Tensor]) -> Reduced:
    """An operator that finds the place of a value along one axis; the first one of equals."""

    def operator(
        x: Tensor, *, axis: int = -1, keep_dims: bool = False, output_dtype: str = "int32"
    ) -> Tensor:
        del output_dtype
        return function(x, axis, keep_dims).to(torch.int32)

    return operator


def _product(x: Tensor, axes: list[int], keep: bool) -> Tensor:
    for axis in sorted((axis % x.ndim for axis in axes), reverse=True):
        x = x.prod(axis, keepdim=keep).to(x.dtype)
    return x


REDUCTIONS: dict[str, Reduced] = {
    "reduce_mean": over(lambda x, axes, keep: x.mean(axes, keepdim=keep)),
    "reduce_sum": over(lambda x, axes, keep: x.sum(axes, keepdim=keep).to(x.dtype)),
    "reduce_max": over(lambda x, axes, keep: x.amax(axes, keepdim=keep)),
    "reduce_min": over(lambda x, axes, keep: x.amin(axes, keepdim=keep)),
    "reduce_prod": over(_product),
    "reduce_sum_square": over(lambda x, axes, keep: (x * x).sum(axes, keepdim=keep)),
    "reduce_l1_norm": over(lambda x, axes, keep: x.abs().sum(axes, keepdim=keep)),
    "reduce_l2_norm": over(lambda x, axes, keep: (x * x).sum(axes, keepdim=keep).sqrt()),
    "reduce_log_sum": over(lambda x, axes, keep: x.sum(axes, keepdim=keep).log()),
    "reduce_log_sum_exp": over(lambda x, axes, keep: torch.logsumexp(x, axes, keepdim=keep)),
    "reduce_argmax": one_place(lambda x, axis, keep: torch.argmax(x, axis, keepdim=keep)),
    "reduce_argmin": one_place(lambda x, axis, keep: torch.argmin(x, axis, keepdim=keep)),
}
