"""Normalizations. Source: docstrings of ``normalization`` in coremltools' ``mil/ops/defs``."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from fer_edge.runtime.mil.operators.windows import per_channel


def batch_norm(
    x: Tensor,
    mean: Tensor,
    variance: Tensor,
    *,
    gamma: Tensor | None = None,
    beta: Tensor | None = None,
    epsilon: float = 1e-5,
) -> Tensor:
    """``gamma * (x - mean) / sqrt(variance + epsilon) + beta`` for each channel."""
    return functional.batch_norm(x, mean, variance, gamma, beta, False, 0.0, epsilon)


def instance_norm(
    x: Tensor, *, gamma: Tensor | None = None, beta: Tensor | None = None, epsilon: float = 1e-5
) -> Tensor:
    """The same by mean and variance of each channel of each picture."""
    found = _standardized(x, list(range(2, x.ndim)), epsilon)
    if gamma is not None:
        found = found * per_channel(gamma, x)
    return found if beta is None else found + per_channel(beta, x)


def layer_norm(
    x: Tensor,
    *,
    axes: list[int] | None = None,
    gamma: Tensor | None = None,
    beta: Tensor | None = None,
    epsilon: float = 1e-5,
) -> Tensor:
    """The same over some axes, with a factor and a shift for each place of them."""
    places = sorted(axis % x.ndim for axis in axes) if axes is not None else list(range(x.ndim))
    shape = [size if axis in places else 1 for axis, size in enumerate(x.shape)]
    found = _standardized(x, places, epsilon)
    if gamma is not None:
        found = found * gamma.reshape(shape)
    return found if beta is None else found + beta.reshape(shape)


def l2_norm(x: Tensor, *, epsilon: float = 1e-6) -> Tensor:
    """``x / sqrt(sum of squares + epsilon)`` over the last three axes."""
    return x / torch.sqrt((x * x).sum((-3, -2, -1), keepdim=True) + epsilon)


def local_response_norm(
    x: Tensor, size: int, *, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Tensor:
    """``x / (k + alpha / size * sum of squares of the neighboring channels) ** beta``."""
    return functional.local_response_norm(x, size, alpha, beta, k)


def _standardized(x: Tensor, axes: list[int], epsilon: float) -> Tensor:
    centered = x - x.mean(axes, keepdim=True)
    return centered / torch.sqrt((centered * centered).mean(axes, keepdim=True) + epsilon)
