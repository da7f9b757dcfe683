"""Gain of a small network by a teacher, on drawn faces, with and without averaged weights.

    python benchmarks/studies/distillation.py --work DIR [--seeds 3]

The student has a fifth of the teacher's weights; the teacher is the built-in model, which has learned from 20,000 drawn
faces, the student sees 3,200 of them. Both ways take the same faces, order, augmentation, steps and learning rate; one
has the teacher's answers beside the labels (T = 4, weight 0.7). Intervals are paired over the same held-out faces.
Every finished training stays in DIR: started again, the script goes on from there.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from runner import Asked, Document, option, study
from scipy.stats import t
from short_training import (
    BATCH,
    Budget,
    Flags,
    Objective,
    drawn,
    gain,
    kept_answers,
    plain,
    right,
    share,
    train,
)
from torch import nn

from fer_edge.train.checkpoint.checkpoint import builtin_checkpoint, read_checkpoint
from fer_edge.train.checkpoint.load_weights import load_weights
from fer_edge.train.compact.distillation import Distillation
from fer_edge.train.models import build
from fer_edge.train.models.separable import SeparableNet

STEM, BLOCKS = 16, ((24, 1), (64, 2), (64, 1), (96, 2), (96, 1), (96, 1))
TRAIN, TEST, EPOCHS, PEAK = 3200, 2000, 10, 1e-2
TEMPERATURE, WEIGHT = 4.0, 0.7
Answers = dict[str, Flags]


def run(asked: Asked) -> Iterator[Document]:
    """One seed after the other; what is stored after each."""
    torch.set_num_threads(1)
    asked.work.mkdir(parents=True, exist_ok=True)
    found: list[Answers] = []
    for seed in range(asked.seeds):
        path = asked.work / f"student-{seed}.npz"
        found.append(kept_answers(path, lambda seed=seed: answers(seed, asked.work)))  # type: ignore[misc]
        yield document(found, right(teacher(), drawn("test", TEST, asked.work)))


def document(found: list[Answers], taught: Flags) -> Document:
    """The document of the seeds so far."""
    return {
        "faces": {"train": TRAIN, "test": TEST},
        "budget": {"batch": BATCH, "epochs": EPOCHS, "peak_learning_rate": PEAK},
        "temperature": TEMPERATURE,
        "weight": WEIGHT,
        "parameters": {"student": count(student()), "teacher": count(teacher())},
        "teacher_accuracy": share(taught),
        "seeds": [{key: share(flags) for key, flags in entry.items()} for entry in found],
        "gains": {
            "teacher over labels, last weights": gains(found, "teacher last", "labels last"),
            "teacher over labels, averaged weights": gains(found, "teacher averaged", "labels averaged"),
            "averaged over last weights, labels": gains(found, "labels averaged", "labels last"),
            "averaged over last weights, teacher": gains(found, "teacher averaged", "teacher last"),
        },
    }


def answers(seed: int, work: Path) -> Answers:
    """Flags of the held-out faces that each student names right: ``<way> <weights>``."""
    faces, test = drawn("train", TRAIN, work), drawn("test", TEST, work)
    objectives: dict[str, Objective] = {
        "labels": plain,
        "teacher": Distillation(teacher(), TEMPERATURE, WEIGHT),
    }
    found: Answers = {}
    for way, objective in objectives.items():
        torch.manual_seed(seed)
        network = student()
        averaged = train(network, faces, Budget(EPOCHS, PEAK, seed), objective)
        found[f"{way} last"], found[f"{way} averaged"] = right(network, test), right(averaged, test)
    return found


def teacher() -> nn.Module:
    """The built-in model, as it is committed."""
    return load_weights(build("fer_mini", num_classes=8), read_checkpoint(builtin_checkpoint())).eval()


def student() -> nn.Module:
    """Blocks like the teacher's, thinner and fewer."""
    return SeparableNet(1, STEM, BLOCKS, 8, 0.1)


def count(network: nn.Module) -> int:
    """Weights."""
    return sum(weight.numel() for weight in network.parameters())


def gains(found: list[Answers], one: str, other: str) -> dict[str, Any]:
    """Of ``one`` over ``other``: each seed's with its paired interval, and their mean with Student's interval over seeds."""
    each = [gain(entry[one], entry[other]) for entry in found]
    values = [float(entry[one].mean() - entry[other].mean()) for entry in found]
    result: dict[str, Any] = {"each_seed": each, "mean": round(float(np.mean(values)), 5)}
    if len(values) > 1:
        half = float(t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values)))
        result["interval_over_seeds"] = [round(float(np.mean(values)) + sign * half, 5) for sign in (-1, 1)]
    return result


if __name__ == "__main__":
    work = option("--work", None, "where trainings stay", type=Path, required=True)
    study(run, work, option("--seeds", 3))
