"""Optimizers and learning-rate schedules by name."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from fer_edge.runtime.closest import unknown
from fer_edge.runtime.errors import FerEdgeError

WARMUP = 0.08
"""Share of the steps until the learning rate's peak."""


@dataclass(frozen=True)
class Optimizer:
    """``make(groups, learning_rate)`` gives it; ``groups`` carry their own weight decay."""

    name: str
    make: Callable[[list[dict[str, Any]], float], torch.optim.Optimizer]


@dataclass(frozen=True)
class Schedule:
    """``factor(step, steps)`` is the learning rate of a step over its peak."""

    name: str
    factor: Callable[[int, int], float]


def rate(step: int, steps: int) -> float:
    """One cycle: linear up to ``WARMUP`` of the steps, then half a cosine down to 0.001."""
    warmup = max(1.0, WARMUP * steps)
    if step < warmup:
        return (step + 1) / (warmup + 1)
    done = min(1.0, (step - warmup) / max(1.0, steps - warmup))
    return 0.001 + 0.999 * (1 + math.cos(math.pi * done)) / 2


OPTIMIZERS: tuple[Optimizer, ...] = (
    Optimizer("adamw", lambda groups, lr: torch.optim.AdamW(groups, lr=lr)),
    Optimizer("adam", lambda groups, lr: torch.optim.Adam(groups, lr=lr)),
    Optimizer("sgd", lambda groups, lr: torch.optim.SGD(groups, lr=lr, momentum=0.9, nesterov=True)),
)
SCHEDULES: tuple[Schedule, ...] = (
    Schedule("one-cycle", rate),
    Schedule("constant", lambda _step, _steps: 1.0),
)


def optimizer_named(name: str) -> Optimizer:
    """The optimizer of that name.

    Raises:
        FerEdgeError: there is none; the message names the closest one.
    """
    return _named("optimizer", name, OPTIMIZERS)


def schedule_named(name: str) -> Schedule:
    """The schedule of that name.

    Raises:
        FerEdgeError: there is none; the message names the closest one.
    """
    return _named("schedule", name, SCHEDULES)


def groups(module: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Parameters that decay (kernels, matrices) and those that do not (biases, batch normalization)."""
    trained = [weight for weight in module.parameters() if weight.requires_grad]
    return [
        {"params": [weight for weight in trained if weight.ndim > 1], "weight_decay": weight_decay},
        {"params": [weight for weight in trained if weight.ndim <= 1], "weight_decay": 0.0},
    ]


def _named(kind: str, name: str, entries: tuple[Any, ...]) -> Any:
    for entry in entries:
        if entry.name == name:
            return entry
    raise FerEdgeError(unknown(kind, name, [entry.name for entry in entries]))
