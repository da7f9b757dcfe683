"""How a model was trained, as cards of its report: the kept epoch, the end, the whole recipe, lists, class frequencies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fer_edge.train.evaluation import html
from fer_edge.train.loop import summary


def training_card(training: Mapping[str, Any]) -> str:
    """Markup; "" where nothing is known of a training.

    Args:
        training: ``report.json``.
    """
    if not training:
        return ""
    return html.card("How it was trained", _told(training), wide=True) + html.card(
        "Faces of each class", _frequencies(training["classes"]), wide=True
    )


def _told(training: Mapping[str, Any]) -> str:
    changed = training["changed"]
    every = [
        (
            name,
            f"{summary.word(value)}, instead of {summary.word(changed[name]['listed'])}"
            if name in changed
            else summary.word(value),
        )
        for name, value in summary.values(training["recipe"]).items()
    ]
    lists = [(f"--{one['option']} {one['name']}", summary.list_text(one)) for one in training["lists"]]
    lists += [
        (name, str(training[name])) for name in ("init_sha256", "teacher_sha256", "qat") if name in training
    ]
    return "".join(
        [
            *map(html.paragraph, summary.closing(training)),
            html.definitions(lists) if lists else "",
            html.note(f"Recipe {training['recipe']['name']}: what the command line changed, then the rest."),
            html.definitions(sorted(every, key=lambda pair: pair[0] not in changed)),
        ]
    )


def _frequencies(classes: Mapping[str, Mapping[str, int]]) -> str:
    splits = list(classes)
    totals = {split: sum(classes[split].values()) for split in splits}
    names = list(next(iter(classes.values())))
    rows = [(name, *(_count(classes[split][name], totals[split]) for split in splits)) for name in names]
    rows.append(("together", *(str(totals[split]) for split in splits)))
    note = html.note("By the strongest part of the label.")
    return note + html.grid(("class", *splits), rows, right=tuple(splits))


def _count(count: int, total: int) -> str:
    return f"{count} ({100 * count / total:.1f} %)" if total else str(count)
