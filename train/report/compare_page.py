"""The page that puts two models side by side."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fer_edge.runtime.atomic import write_bytes, write_text
from fer_edge.train.report import charts, html
from fer_edge.train.report.comparison import comparison, disagreements
from fer_edge.train.report.examples import example, gallery
from fer_edge.train.report.outcome import Outcome
from fer_edge.train.report.words import bytes_text, milliseconds, percent

PAGE, FILE = "comparison.html", "comparison.json"
SHOWN = 12
"""Faces of a kind."""
SHARES = (("accuracy", "top1"), ("top-2", "top2"), ("macro F1", "macro_f1"), ("ECE", "ece"))
NUMBERS = (("Brier score", "brier"), ("cross entropy", "cross_entropy"))


def write(first: Outcome, second: Outcome, folder: Path) -> tuple[Path, dict[str, Any]]:
    """Write ``comparison.html`` (self-contained), its pictures and ``comparison.json``.

    Args:
        first: the one to compare with.
        second: the one that is judged.
        folder: made if absent.

    Returns:
        The page's path, and the content of ``comparison.json``.

    Raises:
        DataError: they were not asked about the same faces.
    """
    found = comparison(first, second)
    folder.mkdir(parents=True, exist_ok=True)
    pictures = _drawn(first, second, found)
    for name, data in pictures.items():
        write_bytes(folder / name, data)
    write_bytes(
        folder / FILE, (json.dumps(found, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()
    )
    write_text(folder / PAGE, _text(first, second, found, pictures))
    return folder / PAGE, found


def _drawn(first: Outcome, second: Outcome, found: Mapping[str, Any]) -> dict[str, bytes]:
    one, other = found["models"]
    series = {model["title"]: model["figures"]["per_class"] for model in (one, other)}
    return {
        "per-class.png": charts.per_class(series),
        "confusion-first.png": charts.confusion(np.array(one["figures"]["confusion"]), first.classes),
        "confusion-second.png": charts.confusion(np.array(other["figures"]["confusion"]), second.classes),
    }


def _text(first: Outcome, second: Outcome, found: Mapping[str, Any], pictures: Mapping[str, bytes]) -> str:
    one, other = (model["title"] for model in found["models"])
    verdict = "".join(html.paragraph(sentence) for sentence in found["sentences"])
    faces = "Faces; the darker, the larger the share of the row."
    parts = [
        html.card("Side by side", _table(found)),
        html.chart("Accuracy of each class", pictures["per-class.png"], "Lines are Wilson's 95 % intervals; that two of them overlap does not mean that the models are equal: the paired test above decides."),
        html.chart(one, pictures["confusion-first.png"], faces),
        html.chart(other, pictures["confusion-second.png"], faces),
        html.card("Where they differ", _contingency(found)),
        html.card("Where this comes from", _provenance(found, first, second)),
        _faces(first, second, (one, other)),
    ]  # fmt: skip
    title = f"{other} against {one}"
    note = html.note(f"{found['data']['faces']} faces of {found['data']['source']}")
    return html.page(
        title,
        [note, f'<section class="verdict">{verdict}</section><br>', html.cards(parts)],
        style=html.STYLE,
    )


def rows(found: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    """Figure, first, second, and what lies between them, as text."""
    one, other = (model["figures"] for model in found["models"])
    shares = [
        (name, percent(one[key]), percent(other[key]), f"{100 * (other[key] - one[key]):+.1f} points")
        for name, key in SHARES
    ]
    numbers = [
        (name, f"{one[key]:.3f}", f"{other[key]:.3f}", f"{other[key] - one[key]:+.3f}")
        for name, key in NUMBERS
    ]
    return [*shares, *numbers, _cost(found, "inference", milliseconds), _cost(found, "size", bytes_text)]


def _cost(found: Mapping[str, Any], name: str, text: Callable[[Any], str]) -> tuple[str, str, str, str]:
    key = {"inference": "seconds_a_face", "size": "size_bytes"}[name]
    one, other = (
        (model["inference"] or {}).get(key) if name == "inference" else model[key]
        for model in found["models"]
    )
    return name, text(one), text(other), _times(found["ratio"][key])


def _times(ratio: float | None) -> str:
    return "-" if ratio is None else f"{ratio:.2f} times"


def _table(found: Mapping[str, Any]) -> str:
    headers = ("figure", *(model["title"] for model in found["models"]), "change")
    return html.grid(headers, rows(found), right=headers[1:])


def _contingency(found: Mapping[str, Any]) -> str:
    one, other = (model["title"] for model in found["models"])
    counts = found["mcnemar"]
    lines = [
        ("both right", str(counts["both_right"])),
        (f"only {one}", str(counts["only_first"])),
        (f"only {other}", str(counts["only_second"])),
        ("both wrong", str(counts["both_wrong"])),
    ]
    note = "McNemar's test looks at the two middle rows only: if the models were equally good, they would differ by chance alone."
    return html.note(note) + html.grid(("first guess is right", "faces"), lines, right=("faces",))


def _provenance(found: Mapping[str, Any], *outcomes: Outcome) -> str:
    entries = [("SHA-256 of the faces", found["data"]["sha256"])]
    for model, outcome in zip(found["models"], outcomes, strict=True):
        entries += [(model["title"], outcome.engine), ("its inference time", outcome.timing)]
    return html.definitions(entries)


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
    return html.card("Faces on which only one is right", body, wide=True)
