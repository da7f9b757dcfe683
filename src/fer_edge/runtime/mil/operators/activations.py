"""Activations. Source: docstrings of ``activation`` in coremltools' ``mil/ops/defs``."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from fer_edge.runtime.errors import EngineError
from fer_edge.runtime.mil.operators.windows import per_channel

_GELU: dict[str, Callable[[Tensor], Tensor]] = {
    "EXACT": functional.gelu,
    "TANH_APPROXIMATION": lambda x: functional.gelu(x, approximate="tanh"),
    "SIGMOID_APPROXIMATION": lambda x: x * torch.sigmoid(1.702 * x),
}


def relu(x: Tensor) -> Tensor:
    """``max(x, 0)``."""
    return torch.relu(x)


def relu6(x: Tensor) -> Tensor:
    """``min(max(x, 0), 6)``."""
    return torch.clamp(x, 0, 6)


def clamped_relu(x: Tensor, alpha: float, beta: float) -> Tensor:
    """``min(beta, x)`` where x >= 0, else ``min(beta, alpha * x)``."""
    return torch.where(x >= 0, x, alpha * x).clamp(max=beta)


def leaky_relu(x: Tensor, alpha: float) -> Tensor:
    """``x`` where x >= 0, else ``alpha * x``."""
    return torch.where(x >= 0, x, alpha * x)


def prelu(x: Tensor, alpha: Tensor) -> Tensor:
    """``x`` where x > 0, else ``alpha * x``, alpha for each channel."""
    return torch.where(x > 0, x, per_channel(alpha, x) * x)


def thresholded_relu(x: Tensor, alpha: float) -> Tensor:
    """``x`` where x >= alpha, else 0."""
    return torch.where(x >= alpha, x, torch.zeros_like(x))


def elu(x: Tensor, alpha: float) -> Tensor:
    """``x`` where x > 0, else ``alpha * (e^x - 1)``."""
    return torch.where(x > 0, x, alpha * torch.expm1(x))


def gelu(x: Tensor, *, mode: str = "EXACT") -> Tensor:
    """``x`` times the share of the normal distribution below it, exact or by one of two formulas."""
    if mode not in _GELU:
        raise EngineError(f"gelu's mode {ascii(mode)[:40]}; allowed: {', '.join(_GELU)}")
    return _GELU[mode](x)


def sigmoid(x: Tensor) -> Tensor:
    """``1 / (1 + e^-x)``."""
    return torch.sigmoid(x)


def sigmoid_hard(x: Tensor, alpha: float, beta: float) -> Tensor:
    """``min(max(alpha * x + beta, 0), 1)``."""
    return torch.clamp(alpha * x + beta, 0, 1)


def silu(x: Tensor) -> Tensor:
    """``x * sigmoid(x)``."""
    return functional.silu(x)


def softplus(x: Tensor) -> Tensor:
    """``log(1 + e^x)``."""
    return torch.logaddexp(x, torch.zeros_like(x))


def softplus_parametric(x: Tensor, alpha: Tensor, beta: Tensor) -> Tensor:
    """``alpha * log(1 + e^(beta * x))`` for each channel."""
    return per_channel(alpha, x) * softplus(per_channel(beta, x) * x)


def softsign(x: Tensor) -> Tensor:
    """``x / (1 + |x|)``."""
    return x / (1 + x.abs())


def scaled_tanh(x: Tensor, alpha: float, beta: float) -> Tensor:
    """``alpha * tanh(beta * x)``."""
    return alpha * torch.tanh(beta * x)


def linear_activation(x: Tensor, alpha: float, beta: float) -> Tensor:
    """``alpha * x + beta``."""
    return alpha * x + beta


def softmax(x: Tensor, *, axis: int = -1) -> Tensor:
    """``e^x`` over its sum along an axis."""
    return torch.softmax(x, axis)
