"""What a training tells people: what was chosen, on which faces, which epoch was kept, and when and why it ended.

The same facts go to the screen, into ``log.jsonl`` (the first line has ``run``, the kept epoch ``chosen``, the last one
``ended``), ``report.json`` and the page.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.train.loop.provenance import choices
from fer_edge.train.recipes.recipe import Recipe

FIGURES = {"accuracy": "validation accuracy", "macro-f1": "validation macro F1", "loss": "validation loss"}
KEYS = {"accuracy": "validation_accuracy", "macro-f1": "validation_macro_f1", "loss": "validation_loss"}
NO_VALUE = ("name", "summary", "published", "needs_data", "options")


def values(found: Mapping[str, Any]) -> dict[str, Any]:
    """Every choice by the name that ``--set`` knows it by, those of the data set among them.

    Args:
        found: as ``provenance.choices`` has them.
    """
    return {name: value for name, value in found.items() if name not in NO_VALUE} | dict(found["options"])


def changed(recipe: Recipe, listed: Recipe) -> dict[str, dict[str, Any]]:
    """What the command line changed: by name, ``here`` and as it is ``listed``; both recipes with their size written out."""
    before, here = (json.loads(json.dumps(values(choices(one)))) for one in (listed, recipe))
    return {
        name: {"here": value, "listed": before.get(name)}
        for name, value in here.items()
        if value != before.get(name)
    }


def frequencies(labels: NDArray[np.float32], classes: Sequence[str]) -> dict[str, int]:
    """Faces of each class, by the strongest part of their label.

    Args:
        labels: (n, classes) distributions.
        classes: their names.
    """
    counts = np.bincount(labels.argmax(1), minlength=len(classes))
    return dict(zip(classes, counts.tolist(), strict=True))


def ending(history: Sequence[Mapping[str, Any]], chosen: int, recipe: Recipe) -> dict[str, Any]:
    """``chosen`` (the epoch, its figure) and ``ended`` (after how many epochs, why).

    Args:
        history: the lines of the log.
        chosen: the epoch whose weights were kept, from 1.
        recipe: of the training.
    """
    figure, value = FIGURES[recipe.monitor], history[chosen - 1][KEYS[recipe.monitor]]
    early = len(history) < recipe.epochs
    why = (
        f"{figure} was no better than in epoch {chosen} for {recipe.early_stopping} epochs"
        if early
        else "all epochs are done"
    )
    return {
        "chosen": {"epoch": chosen, "figure": figure, "value": value},
        "ended": {"after": len(history), "of": recipe.epochs, "early": early, "why": why},
    }


def log_lines(
    history: Sequence[Mapping[str, Any]], run: Mapping[str, Any], end: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """The lines of ``log.jsonl``: one an epoch; how it ended where it has."""
    lines = [dict(line) for line in history]
    if lines and run:
        lines[0]["run"] = dict(run)
    if lines and end:
        lines[end["chosen"]["epoch"] - 1]["chosen"] = True
        lines[-1]["ended"] = end["ended"]
    return lines


def opening(recipe: Recipe, run: Mapping[str, Any]) -> list[str]:
    """What the screen says before the first epoch."""
    every = ", ".join(f"{name} {word(value)}" for name, value in values(choices(recipe)).items())
    differing = [
        f"{name} {word(one['here'])} instead of {word(one['listed'])}" for name, one in run["changed"].items()
    ]
    lines = [f"recipe {recipe.name}: {every}"]
    lines += [f"changed by the command line: {', '.join(differing)}"] if differing else []
    lines += [f"--{one['option']} {one['name']}: {list_text(one)}" for one in run["lists"]]
    for split, counts in run["classes"].items():
        told = ", ".join(f"{name} {count}" for name, count in counts.items())
        lines.append(f"{split}: {sum(counts.values())} faces: {told}")
    return lines


def closing(end: Mapping[str, Any]) -> list[str]:
    """Which epoch was kept, and when and why the training ended."""
    chosen, ended = end["chosen"], end["ended"]
    begins = "Stopped early" if ended["early"] else "Ended"
    after = f"{begins} after epoch {ended['after']} of {ended['of']}: {ended['why']}."
    return [f"Kept: epoch {chosen['epoch']}, {figure_text(chosen)}.", after]


def figure_text(chosen: Mapping[str, Any]) -> str:
    """``validation accuracy 93.4 %``; the best one."""
    share = chosen["figure"] != FIGURES["loss"]
    number = f"{100 * chosen['value']:.1f} %" if share else f"{chosen['value']:.4f}"
    return f"which has the best {chosen['figure']}, {number}"


def second_guess(figures: Mapping[str, Any]) -> str:
    """How often the second guess is right where the first is wrong; "" where none is wrong."""
    wrong, share = round(figures["faces"] * (1 - figures["top1"])), figures["second_when_wrong"]
    if share is None:
        return ""
    return f"Where the first guess is wrong ({wrong} faces), the second is right in {100 * share:.1f} %."


def list_text(one: Mapping[str, Any]) -> str:
    """What a list of ``--reduced`` or ``--augmented`` did, and its hash."""
    done = "left out" if one["option"] == "reduced" else "added"
    return f"{one['faces']} training faces {done} (SHA-256 {one['sha256']})"


def word(value: Any) -> str:
    """A value of a recipe as ``--set`` takes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return " ".join(f"{name}={word(part)}" for name, part in value.items()) or "none"
    if isinstance(value, list | tuple):
        return ",".join(map(word, value)) or "none"
    return str(value) if value != "" else "none"
