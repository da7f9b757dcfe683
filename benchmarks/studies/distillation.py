"""What a teacher is worth to a small network, on drawn faces, with and without averaged weights.

    python benchmarks/studies/distillation.py --work DIR [--seeds 3] [--out results/distillation.json]

The student has a fifth of the teacher's weights; the teacher is the built-in model, which has learned from 20,000 drawn
faces, the student sees 3,200 of them. Both ways take the same faces, order, augmentation, steps and learning rate; one
has the teacher's answers beside the labels (T = 4, weight 0.7). Intervals are paired over the same held-out faces.
Every finished training stays in DIR: started again, the script goes on from there.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.stats import t
from torch import nn

sys.path.insert(0, str(Path(__file__).parent))
from machine import machine
from short_training import BATCH, Budget, drawn, plain, right, train

from fer_edge.stats.bootstrap import accuracy_drop_interval
from fer_edge.stats.paired import mcnemar
from fer_edge.train.checkpoint.checkpoint import builtin_checkpoint, read_checkpoint
from fer_edge.train.checkpoint.load_weights import load_weights
from fer_edge.train.compact.distillation import Distillation
from fer_edge.train.models import build
from fer_edge.train.models.separable import SeparableNet

STEM, BLOCKS = 16, ((24, 1), (64, 2), (64, 1), (96, 2), (96, 1), (96, 1))
TRAIN, TEST, EPOCHS, PEAK = 3200, 2000, 10, 1e-2
TEMPERATURE, WEIGHT = 4.0, 0.7
WAYS, WEIGHTS = ("labels", "teacher"), ("last", "averaged")
Flags = dict[str, "np.ndarray[Any, np.dtype[np.bool_]]"]


def main() -> None:
    """Measure, print, store."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", type=Path, required=True, help="where trainings stay")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path, help="where to write the JSON")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    arguments.work.mkdir(parents=True, exist_ok=True)
    found: list[Flags] = []
    for seed in range(arguments.seeds):
        found.append(answers(seed, arguments.work))
        text = json.dumps(document(found, right(teacher(), drawn("test", TEST, arguments.work))), indent=1)
        print(text, flush=True)
        if arguments.out:
            arguments.out.write_text(text + "\n", encoding="utf-8")


def document(found: list[Flags], taught: Any) -> dict[str, Any]:
    """What is stored."""
    return {
        "benchmark": "distillation",
        "machine": machine(),
        "faces": {"train": TRAIN, "test": TEST},
        "budget": {"batch": BATCH, "epochs": EPOCHS, "peak_learning_rate": PEAK},
        "temperature": TEMPERATURE,
        "weight": WEIGHT,
        "parameters": {"student": count(student()), "teacher": count(teacher())},
        "teacher_accuracy": share(taught),
        "seeds": [{key: share(flags) for key, flags in entry.items()} for entry in found],
        "gains": {
            "teacher over labels, last weights": gain(found, "teacher last", "labels last"),
            "teacher over labels, averaged weights": gain(found, "teacher averaged", "labels averaged"),
            "averaged over last weights, labels": gain(found, "labels averaged", "labels last"),
            "averaged over last weights, teacher": gain(found, "teacher averaged", "teacher last"),
        },
    }


def answers(seed: int, work: Path) -> Flags:
    """Which held-out faces each student names right: ``<way> <weights>``."""
    kept = work / f"student-{seed}.npz"
    if not kept.is_file():
        faces, test = drawn("train", TRAIN, work), drawn("test", TEST, work)
        objectives = {"labels": plain, "teacher": Distillation(teacher(), TEMPERATURE, WEIGHT)}
        found: Flags = {}
        for way in WAYS:
            torch.manual_seed(seed)
            network = student()
            averaged = train(network, faces, Budget(EPOCHS, PEAK, seed), objectives[way])
            found[f"{way} last"], found[f"{way} averaged"] = right(network, test), right(averaged, test)
        np.savez(kept, **found)
    with np.load(kept) as stored:
        return {key: stored[key] for key in stored.files}


def teacher() -> nn.Module:
    """The built-in model, as it is committed."""
    return load_weights(build("fer_mini", num_classes=8), read_checkpoint(builtin_checkpoint())).eval()


def student() -> nn.Module:
    """Blocks like the teacher's, thinner and fewer."""
    return SeparableNet(1, STEM, BLOCKS, 8, 0.1)


def count(network: nn.Module) -> int:
    """Weights."""
    return sum(weight.numel() for weight in network.parameters())


def gain(found: list[Flags], one: str, other: str) -> dict[str, Any]:
    """Of ``one`` over ``other``: each seed's with its paired interval, and their mean with Student's interval over seeds."""
    gains = [float(entry[one].mean() - entry[other].mean()) for entry in found]
    result: dict[str, Any] = {
        "each_seed": [
            {
                "gain": round(value, 5),
                "interval": [round(bound, 5) for bound in accuracy_drop_interval(entry[one], entry[other])],
                "p_value": float(f"{mcnemar(entry[one], entry[other]).p_value:.3g}"),
            }
            for value, entry in zip(gains, found, strict=True)
        ],
        "mean": round(float(np.mean(gains)), 5),
    }
    if len(gains) > 1:
        half = float(t.ppf(0.975, len(gains) - 1) * np.std(gains, ddof=1) / np.sqrt(len(gains)))
        result["interval_over_seeds"] = [round(float(np.mean(gains)) + sign * half, 5) for sign in (-1, 1)]
    return result


def share(flags: Any) -> float:
    """Of right answers."""
    return round(float(flags.mean()), 5)


if __name__ == "__main__":
    main()
