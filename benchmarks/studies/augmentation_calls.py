"""Operator calls of augmentation for each picture: in groups of eight, and in whole batches.

    python benchmarks/studies/augmentation_calls.py

On a GPU each call is at least one kernel, and at 64 pixels a kernel's launch costs more than its work. Calls that only
make views are left out. Random draws decide which steps run, so that the figure is the mean over the batches. Times are
CPU seconds of one thread, where groups are the better form; images a second on a GPU are in ``training_throughput.py``.
"""

# mypy: allow-untyped-calls

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
from machine import time_action
from runner import Asked, Document, option, study
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from fer_edge.train.data.augmentation import augment, augmentation
from fer_edge.train.data.batch_augmentation import BATCHED

BATCH, SIDE = 128, 64


class Calls(TorchDispatchMode):
    """Counts operator calls that make values."""

    count = 0

    def __torch_dispatch__(self, function: Any, types: Any, arguments: Any = (), options: Any = None) -> Any:
        """Count and call."""
        self.count += not function.is_view
        return function(*arguments, **(options or {}))


def run(asked: Asked) -> Document:
    """Measure both forms, gray and in color."""
    torch.set_num_threads(1)
    transform = augmentation("camera")
    forms: dict[str, Callable[[Tensor], Tensor]] = {
        "groups of eight": lambda images: augment(images, transform),
        "whole batch": BATCHED["camera"],
    }
    rows = [
        {"form": name, "channels": channels, **measure(form, channels, asked.batches)}
        for channels in (1, 3)
        for name, form in forms.items()
    ]
    return {
        "what": "operator calls of the camera augmentation; views left out",
        "batch": BATCH,
        "side": SIDE,
        "torch": torch.__version__,
        "gpu": None,
        "rows": rows,
    }


def measure(form: Callable[[Tensor], Tensor], channels: int, batches: int) -> dict[str, float]:
    """Calls and CPU seconds a picture."""
    images = torch.randint(0, 256, (BATCH, channels, SIDE, SIDE), dtype=torch.uint8)
    torch.manual_seed(0)
    form(images)
    counts, seconds = [], []
    for _ in range(batches):
        with Calls() as calls:
            form(images)
        counts.append(calls.count / BATCH)
        seconds.append(time_action(time.thread_time, lambda: form(images)) / BATCH)
    return {
        "calls_a_picture": round(statistics.mean(counts), 2),
        "cpu_seconds_a_picture": float(f"{statistics.median(seconds):.3g}"),
    }


if __name__ == "__main__":
    study(run, option("--batches", 10), show=lambda document: map(str, document["rows"]))
