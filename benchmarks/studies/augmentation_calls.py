"""How many operator calls augmentation takes for each picture: in groups of eight, and in whole batches.

    python benchmarks/studies/augmentation_calls.py

On a GPU each call is at least one kernel, and at 64 pixels a kernel's launch costs more than its work. Calls that only
make views are left out. Random draws decide which steps run, so that the figure is the mean over the batches. Times are
CPU seconds of one thread, where groups are the better form; images a second on a GPU are in ``training_throughput.py``.
The result goes to ``results/augmentation_calls.json``.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from fer_edge.train.data.augmentation import augment, augmentation
from fer_edge.train.data.batch_augmentation import BATCHED

RESULT = Path(__file__).parents[1] / "results" / "augmentation_calls.json"
BATCH, SIDE, BATCHES = 128, 64, 10


class Calls(TorchDispatchMode):
    """Counts operator calls that make values."""

    count = 0

    def __torch_dispatch__(
        self,
        function: Any,
        types: Any,
        arguments: tuple[Any, ...] = (),
        options: dict[str, Any] | None = None,
    ) -> Any:
        """Count and call."""
        self.count += not function.is_view
        return function(*arguments, **(options or {}))


def measure(form: Callable[[Tensor], Tensor], channels: int) -> dict[str, float]:
    """Calls and CPU seconds a picture."""
    images = torch.randint(0, 256, (BATCH, channels, SIDE, SIDE), dtype=torch.uint8)
    torch.manual_seed(0)
    form(images)
    counts, seconds = [], []
    for _ in range(BATCHES):
        with Calls() as calls:
            form(images)
        counts.append(calls.count / BATCH)
        begin = time.thread_time()
        form(images)
        seconds.append((time.thread_time() - begin) / BATCH)
    return {
        "calls_a_picture": round(statistics.mean(counts), 2),
        "cpu_seconds_a_picture": float(f"{statistics.median(seconds):.3g}"),
    }


def main() -> None:
    """Measure, print, store."""
    torch.set_num_threads(1)
    transform = augmentation("camera")
    forms = {"groups of eight": lambda images: augment(images, transform), "whole batch": BATCHED["camera"]}
    rows = [
        {"form": name, "channels": channels, **measure(form, channels)}
        for channels in (1, 3)
        for name, form in forms.items()
    ]
    for row in rows:
        print(row)
    document = {
        "what": "operator calls of the camera augmentation; views left out",
        "batch": BATCH,
        "side": SIDE,
        "torch": torch.__version__,
        "gpu": None,
        "rows": rows,
    }
    RESULT.write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
