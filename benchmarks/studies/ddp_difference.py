"""Difference of training in two processes to training in one: none without BatchNorm, and this much with it.

Each process normalizes with the statistics of its half of the batch (on a CPU; on GPUs ``fer-train`` synchronizes them).
Order, crops and the global batch are the same; augmentation is off.

    python benchmarks/studies/ddp_difference.py
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from machine import python
from runner import Asked, Document, study

EPOCHS = 3
COMMON = ["synthetic", "--limit", "128", "--epochs", str(EPOCHS), "--batch-size", "32", "--views", "2"]
COMMON += ["--size", "32", "--threads", "1", "--set", "augmentation=none", "--quiet"]
NETWORKS = {
    "no BatchNorm, no dropout": ["--arch", "ddp_plain:plain", "--size", "32x32x1"],
    "fer_mini without dropout (BatchNorm)": ["--arch", "fer_mini", "--arch-arg", "dropout=0"],
    "fer_mini (BatchNorm and dropout)": ["--arch", "fer_mini"],
}
PLAIN = """
from torch import nn
def plain(num_classes):
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, stride=2), nn.ReLU(), nn.Conv2d(16, 32, 3, stride=2), nn.ReLU(),
        nn.Conv2d(32, 64, 3, stride=2), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, num_classes))
"""


def run(_asked: Asked) -> Document:
    """Train every network in both ways."""
    networks = {name: compare(words) for name, words in NETWORKS.items()}
    return {"epochs": EPOCHS, "faces": 128, "batch_size": 32, "backend": "gloo", "networks": networks}


def compare(words: list[str]) -> dict[str, Any]:
    """One network in one process and in two."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "ddp_plain.py").write_text(PLAIN)
        one, two = (log_of(words, processes, folder) for processes in (1, 2))
    losses = {
        loss: {"one": [line[loss] for line in one], "two": [line[loss] for line in two]}
        for loss in ("train_loss", "validation_loss")
    }
    first, last = (round(abs(one[at]["train_loss"] - two[at]["train_loss"]), 6) for at in (0, -1))
    return {**losses, "first_epoch_difference": first, "last_epoch_difference": last}


def log_of(words: list[str], processes: int, folder: Path) -> list[dict[str, Any]]:
    """The log of one training in a fresh folder."""
    out = folder / f"run-{processes}"
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    start = launcher if processes > 1 else []
    python(*start, "-m", "fer_edge.train.cli", *COMMON, *words, "--out", out, cwd=folder)
    return [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]


def show(document: Document) -> Iterator[str]:
    """A table of the networks."""
    yield f"{'network':40} {'first epoch':>12} {'last epoch':>12}   difference of the training loss"
    for name, row in document["networks"].items():
        yield f"{name:40} {row['first_epoch_difference']:12.6f} {row['last_epoch_difference']:12.6f}"


if __name__ == "__main__":
    study(run, show=show)
