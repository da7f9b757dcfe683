"""The record of a training: its choices, faces and tools, the epoch that was kept, when and why it ended.

The same facts go to the screen, into snapshots and ``best.safetensors``, ``log.jsonl`` (the first line has ``run``, the
kept epoch ``chosen``, the last one ``ended``), ``report.json`` and the page.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.runtime.contract import Contract
from fer_edge.train.checkpoint.checkpoint import ARCH_ARGS_KEY, ARCH_KEY, CONTRACT_KEY
from fer_edge.train.evaluation.texts import describe_list
from fer_edge.train.optimization.monitors import MONITORS
from fer_edge.train.recipes.recipe import Recipe
from fer_edge.train.recipes.values import choices, list_changes, values, word

REPORT_SCHEMA = "fer-edge-training/1"
TRAINING_KEY = "fer_edge_training"
LIBRARIES = ("torch", "torchvision", "lightning", "torchmetrics", "numpy", "opencv-python")


@dataclass(frozen=True)
class Record:
    """A training before its first epoch.

    Attributes:
        recipe: with its size written out.
        listed: the recipe as it is without the command line, its size written out too.
        contract: of the network.
        data: a split: its number of faces and hash.
        classes: a split: faces of each class.
        sources: hashes of the weights that it begins with or learns from, and whether it is ``--qat``.
        lists: what each list of ``--reduced`` and folder of ``--augmented`` did.
    """

    recipe: Recipe
    listed: Recipe
    contract: Contract
    data: Mapping[str, Mapping[str, Any]]
    classes: Mapping[str, Mapping[str, int]]
    sources: Mapping[str, Any]
    lists: Sequence[Mapping[str, Any]] = ()

    def identity(self) -> dict[str, Any]:
        """The facts that a resumed run must have in common with the one that began."""
        return {"recipe": choices(self.recipe), "data": self.data, **self.sources}

    def start(self) -> dict[str, Any]:
        """The part that the log's first line has as ``run``."""
        return {
            "recipe": choices(self.recipe),
            "changed": list_changes(self.recipe, self.listed),
            "lists": list(self.lists),
            "classes": dict(self.classes),
        }

    def texts(self) -> dict[str, str]:
        """Metadata beside the weights in ``best.safetensors``."""
        told = {"recipe": choices(self.recipe), "data": self.data, "tools": tools(), **self.sources}
        told |= {"lists": list(self.lists)} if self.lists else {}
        return {
            ARCH_KEY: self.recipe.arch,
            ARCH_ARGS_KEY: json.dumps(dict(self.recipe.arch_args), sort_keys=True),
            TRAINING_KEY: json.dumps(told, sort_keys=True),
        }

    def snapshot_texts(self) -> dict[str, str]:
        """Metadata beside the weights in snapshots for people."""
        return {CONTRACT_KEY: self.contract.text, **self.texts()}

    def report(self, history: list[dict[str, Any]], end: Mapping[str, Any]) -> dict[str, Any]:
        """``report.json`` without the figures at the end.

        Args:
            history: the lines of the log.
            end: as :func:`summarize_end` has it.
        """
        import torch

        return {
            "schema": REPORT_SCHEMA,
            "model": self.recipe.model,
            "contract_sha256": self.contract.sha256,
            "recipe": choices(self.recipe),
            "data": {split: dict(value) for split, value in self.data.items()},
            **self.sources,
            "tools": tools(),
            "threads": torch.get_num_threads(),
            "epochs": history,
            **self.start(),
            **end,
        }

    def describe_start(self) -> list[str]:
        """Lines for the screen before the first epoch."""
        run = self.start()
        every = ", ".join(f"{name} {word(value)}" for name, value in values(run["recipe"]).items())
        differing = [
            f"{name} {word(one['here'])} instead of {word(one['listed'])}"
            for name, one in run["changed"].items()
        ]
        lines = [f"recipe {self.recipe.name}: {every}"]
        lines += [f"changed by the command line: {', '.join(differing)}"] if differing else []
        lines += [f"--{one['option']} {one['name']}: {describe_list(one)}" for one in self.lists]
        for split, counts in self.classes.items():
            told = ", ".join(f"{name} {count}" for name, count in counts.items())
            lines.append(f"{split}: {sum(counts.values())} faces: {told}")
        return lines


def count_classes(labels: NDArray[np.float32], classes: Sequence[str]) -> dict[str, int]:
    """Faces of each class, by the strongest part of their label.

    Args:
        labels: (n, classes) distributions.
        classes: their names.
    """
    counts = np.bincount(labels.argmax(1), minlength=len(classes))
    return dict(zip(classes, counts.tolist(), strict=True))


def tools() -> dict[str, str]:
    """Versions of what the result depends on."""
    return {"python": platform.python_version()} | {name: metadata.version(name) for name in LIBRARIES}


def summarize_end(history: Sequence[Mapping[str, Any]], chosen: int, recipe: Recipe) -> dict[str, Any]:
    """``chosen`` (the epoch, its figure) and ``ended`` (after how many epochs, why).

    Args:
        history: the lines of the log.
        chosen: the epoch whose weights were kept, from 1.
        recipe: of the training.
    """
    monitor = MONITORS[recipe.monitor]
    early = len(history) < recipe.epochs
    why = (
        f"{monitor.title} was no better than in epoch {chosen} for {recipe.early_stopping} epochs"
        if early
        else "all epochs are done"
    )
    return {
        "chosen": {"epoch": chosen, "figure": monitor.title, "value": history[chosen - 1][monitor.figure]},
        "ended": {"after": len(history), "of": recipe.epochs, "early": early, "why": why},
    }
