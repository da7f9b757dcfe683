"""A model's training, for its report: the kept epoch, the end, the whole recipe, lists, class frequencies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fer_edge.train.loop.record import closing, list_text, values
from fer_edge.train.recipes.overrides import word


def training_card(training: Mapping[str, Any]) -> dict[str, Any]:
    """Data of the report's template about a training; empty where nothing is known of one.

    Args:
        training: ``report.json``.
    """
    if not training:
        return {}
    changed, classes = training["changed"], training["classes"]
    options = [
        (
            name,
            f"{word(value)}, instead of {word(changed[name]['listed'])}" if name in changed else word(value),
        )
        for name, value in values(training["recipe"]).items()
    ]
    lists = [(f"--{one['option']} {one['name']}", list_text(one)) for one in training["lists"]]
    lists += [
        (name, str(training[name])) for name in ("init_sha256", "teacher_sha256", "qat") if name in training
    ]
    return {
        "sentences": closing(training),
        "lists": lists,
        "recipe": training["recipe"]["name"],
        "options": sorted(options, key=lambda pair: pair[0] not in changed),
        "headers": ("class", *classes),
        "rows": _frequencies(classes),
    }


def _frequencies(classes: Mapping[str, Mapping[str, int]]) -> list[tuple[str, ...]]:
    splits = list(classes)
    totals = {split: sum(classes[split].values()) for split in splits}
    names = list(next(iter(classes.values())))
    rows = [(name, *(_count(classes[split][name], totals[split]) for split in splits)) for name in names]
    return [*rows, ("together", *(str(totals[split]) for split in splits))]


def _count(count: int, total: int) -> str:
    return f"{count} ({100 * count / total:.1f} %)" if total else str(count)
