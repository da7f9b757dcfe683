"""How far training in two processes is from training in one: without BatchNorm not at all, with it by this much.

Each process normalizes with the statistics of its half of the batch (on a CPU; on GPUs ``fer-train`` synchronizes them).
Order, crops and the global batch are the same; augmentation is off.

    python benchmarks/studies/ddp_difference.py
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(Path(__file__).parent))

from machine import machine  # noqa: E402 - a script that runs from anywhere

RESULT = ROOT / "benchmarks" / "results" / "ddp_difference.json"
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


def log_of(words: list[str], processes: int, folder: Path) -> list[dict[str, Any]]:
    """The log of one training in a fresh folder."""
    out = folder / f"run-{processes}"
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    start = launcher if processes > 1 else []
    variables = os.environ | {"PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"}
    subprocess.run(
        [sys.executable, *start, "-m", "fer_edge.train.cli", *COMMON, *words, "--out", str(out)],
        cwd=folder,
        env=variables,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]


def compared(words: list[str]) -> dict[str, Any]:
    """One network in one process and in two."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "ddp_plain.py").write_text(PLAIN)
        one, two = (log_of(words, processes, folder) for processes in (1, 2))
    return {
        "train_loss": {
            "one": [line["train_loss"] for line in one],
            "two": [line["train_loss"] for line in two],
        },
        "validation_loss": {
            "one": [line["validation_loss"] for line in one],
            "two": [line["validation_loss"] for line in two],
        },
        "first_epoch_difference": round(abs(one[0]["train_loss"] - two[0]["train_loss"]), 6),
        "last_epoch_difference": round(abs(one[-1]["train_loss"] - two[-1]["train_loss"]), 6),
    }


def main() -> None:
    """Measure, write, print."""
    rows = {name: compared(words) for name, words in NETWORKS.items()}
    document = {
        "machine": machine(),
        "epochs": EPOCHS,
        "faces": 128,
        "batch_size": 32,
        "backend": "gloo",
        "networks": rows,
    }
    RESULT.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    print(f"{'network':40} {'first epoch':>12} {'last epoch':>12}   difference of the training loss")
    for name, row in rows.items():
        print(f"{name:40} {row['first_epoch_difference']:12.6f} {row['last_epoch_difference']:12.6f}")


if __name__ == "__main__":
    main()
