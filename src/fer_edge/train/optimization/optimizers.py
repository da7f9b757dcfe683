"""Optimizers and learning-rate schedules by name."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn

WARMUP = 0.08
"""Share of the steps until the learning rate's peak."""

OPTIMIZERS: Mapping[str, Callable[[list[dict[str, Any]], float], torch.optim.Optimizer]] = {
    "adamw": lambda groups, lr: torch.optim.AdamW(groups, lr=lr),
    "adam": lambda groups, lr: torch.optim.Adam(groups, lr=lr),
    "sgd": lambda groups, lr: torch.optim.SGD(groups, lr=lr, momentum=0.9, nesterov=True),
}
"""``make(groups, learning_rate)`` gives one; the groups carry their own weight decay."""


def one_cycle(step: int, steps: int) -> float:
    """Linear up to ``WARMUP`` of the steps, then half a cosine down to 0.001."""
    warmup = max(1.0, WARMUP * steps)
    if step < warmup:
        return (step + 1) / (warmup + 1)
    done = min(1.0, (step - warmup) / max(1.0, steps - warmup))
    return 0.001 + 0.999 * (1 + math.cos(math.pi * done)) / 2


SCHEDULES: Mapping[str, Callable[[int, int], float]] = {
    "one-cycle": one_cycle,
    "constant": lambda _step, _steps: 1.0,
}
"""``factor(step, steps)`` is the learning rate of a step over its peak."""


def groups(module: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Parameters that decay (kernels, matrices) and those that do not (biases, batch normalization)."""
    trained = [weight for weight in module.parameters() if weight.requires_grad]
    return [
        {"params": [weight for weight in trained if weight.ndim > 1], "weight_decay": weight_decay},
        {"params": [weight for weight in trained if weight.ndim <= 1], "weight_decay": 0.0},
    ]
