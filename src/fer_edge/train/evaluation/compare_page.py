"""The page that puts models side by side."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fer_edge.runtime.atomic import write_bytes, write_text
from fer_edge.train.evaluation import charts, html
from fer_edge.train.evaluation.comparison import comparison, disagreements
from fer_edge.train.evaluation.examples import example, gallery
from fer_edge.train.evaluation.number_text import bytes_text
from fer_edge.train.evaluation.outcome import Outcome

PAGE, FILE = "comparison.html", "comparison.json"
SHOWN = 12
"""Faces of a kind."""
FIGURES = (
    ("right", "top1", "{:.1%}"),
    ("top-2", "top2", "{:.1%}"),
    ("macro F1", "macro_f1", "{:.1%}"),
    ("ECE", "ece", "{:.1%}"),
    ("Brier", "brier", "{:.3f}"),
    ("cross entropy", "cross_entropy", "{:.3f}"),
)
NAMES = """
/* Paths are long: on a telephone the figures beside them are to be seen. */
.card td:first-child { white-space: normal; overflow-wrap: anywhere; min-width: 6rem; }
@media (max-width: 40rem) { .card td:first-child { max-width: 8rem; } }
"""
HEADERS = ("model", *(name for name, _, _ in FIGURES), "size", "points", "p", "verdict")


def write(outcomes: Sequence[Outcome], folder: Path) -> tuple[Path, dict[str, Any]]:
    """Write ``comparison.html`` (self-contained), its pictures and ``comparison.json``.

    Args:
        outcomes: the one to compare with, then those that are judged.
        folder: made if absent.

    Returns:
        The page's path, and the content of ``comparison.json``.

    Raises:
        DataError: they were not asked about the same faces.
    """
    found = comparison(*outcomes)
    folder.mkdir(parents=True, exist_ok=True)
    for earlier in folder.glob("confusion-*.png"):
        earlier.unlink()  # of a comparison of more models
    pictures = _drawn(outcomes, found)
    for name, data in pictures.items():
        write_bytes(folder / name, data)
    write_bytes(
        folder / FILE, (json.dumps(found, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()
    )
    write_text(folder / PAGE, _text(outcomes, found, pictures))
    return folder / PAGE, found


def _drawn(outcomes: Sequence[Outcome], found: Mapping[str, Any]) -> dict[str, bytes]:
    series = {model["title"]: model["figures"]["per_class"] for model in found["models"]}
    confusions = {
        f"confusion-{number}.png": charts.confusion(np.array(model["figures"]["confusion"]), outcome.classes)
        for number, (model, outcome) in enumerate(zip(found["models"], outcomes, strict=True), 1)
    }
    return {"per-class.png": charts.per_class(series), **confusions}


def _text(outcomes: Sequence[Outcome], found: Mapping[str, Any], pictures: Mapping[str, bytes]) -> str:
    names = [model["title"] for model in found["models"]]
    verdict = "".join(html.paragraph(sentence) for sentence in found["sentences"])
    faces = "Faces; the darker, the larger the share of the row."
    parts = [
        html.card("Side by side", html.grid(HEADERS, rows(found), right=HEADERS[1:-1]), wide=True),
        html.chart("Accuracy of each class", pictures["per-class.png"], "Lines are Wilson's 95 % intervals; that two of them overlap does not mean that the models are equal: the paired test above decides."),
        html.card("Where they differ", _contingency(found)),
        *(html.chart(name, pictures[f"confusion-{number}.png"], faces) for number, name in enumerate(names, 1)),
        html.card("Where this comes from", _provenance(found, outcomes), wide=True),
        *(_faces(outcomes[0], other, (names[0], name)) for other, name in zip(outcomes[1:], names[1:], strict=True)),
    ]  # fmt: skip
    note = html.note(f"{found['data']['faces']} faces of {found['data']['source']}")
    return html.page(
        f"{' and '.join(names[1:]) if len(names) < 4 else f'{len(names) - 1} models'} against {names[0]}",
        [note, f'<section class="verdict">{verdict}</section><br>', html.cards(parts)],
        style=html.STYLE + NAMES,
    )


def rows(found: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """A row a model, by :data:`HEADERS`; the last three stand against the first model."""
    against: list[tuple[str, str, str]] = [("", "", "the first")]
    for one in found["comparisons"]:
        points, p = 100 * one["difference"]["accuracy"], one["mcnemar"]["p_adjusted"]
        against.append(
            (f"{points:+.1f}", "<0.0001" if p < 1e-4 else f"{p:.2g}", one["verdict"].replace("-", " "))
        )
    return [
        (
            model["title"],
            *(text.format(model["figures"][key]).replace("%", " %") for _, key, text in FIGURES),
            bytes_text(model["size_bytes"]),
            *last,
        )
        for model, last in zip(found["models"], against, strict=True)
    ]


def _contingency(found: Mapping[str, Any]) -> str:
    note = "McNemar's test looks at the two middle columns only: if the models were equally good, they would differ by chance alone."
    headers = ("against the first", "both right", "only the first", "only this one", "both wrong")
    lines = [
        (
            one["second"],
            *(str(one["mcnemar"][key]) for key in ("both_right", "only_first", "only_second", "both_wrong")),
        )
        for one in found["comparisons"]
    ]
    return html.note(note) + html.grid(headers, lines, right=headers[1:])


def _provenance(found: Mapping[str, Any], outcomes: Sequence[Outcome]) -> str:
    entries = [("SHA-256 of the faces", found["data"]["sha256"])]
    entries += [
        (model["title"], f"{outcome.model}, {outcome.engine}")
        for model, outcome in zip(found["models"], outcomes, strict=True)
    ]
    return html.definitions(entries) + html.note(
        "Times are not compared here: within one process a file is up to twice as fast as itself. fer-bench compare measures "
        "exported files in many processes and gives the ratio with its interval."
    )


def _faces(first: Outcome, second: Outcome, names: Sequence[str]) -> str:
    if not (first.pictured and second.pictured):
        return ""
    body = ""
    for name, other, places, outcome in zip(
        names, names[::-1], disagreements(first, second), (second, first), strict=True
    ):
        # Shown is what the other one said: the mistake that this one does not make.
        shown = [example(outcome, place) for place in places[:SHOWN]]
        body += html.paragraph(f"Only {name} is right on {len(places)}; {other} says:") + gallery(shown)
    return html.card(f"Faces on which only one is right: {names[0]} or {names[1]}", body, wide=True)
