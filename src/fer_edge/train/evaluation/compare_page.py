"""The page that puts models side by side."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fer_edge.console.rendering import render
from fer_edge.runtime.atomic import write_bytes, write_text
from fer_edge.train.evaluation import charts
from fer_edge.train.evaluation.comparison import comparison, disagreements
from fer_edge.train.evaluation.examples import example
from fer_edge.train.evaluation.predictions import Predictions
from fer_edge.train.evaluation.texts import bytes_text

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
HEADERS = ("model", *(name for name, _, _ in FIGURES), "size", "points", "p", "verdict")
CONTINGENCY = ("against the first", "both right", "only the first", "only this one", "both wrong")


def write(every: Sequence[Predictions], folder: Path) -> tuple[Path, dict[str, Any]]:
    """Write ``comparison.html`` (self-contained), its pictures and ``comparison.json``.

    Args:
        every: the one to compare with, then those that are judged.
        folder: made if absent.

    Returns:
        The page's path, and the content of ``comparison.json``.

    Raises:
        DataError: they were not asked about the same faces.
    """
    found = comparison(*every)
    folder.mkdir(parents=True, exist_ok=True)
    for earlier in folder.glob("confusion-*.png"):
        earlier.unlink()  # of a comparison of more models
    pictures = _drawn(every, found)
    for name, data in pictures.items():
        write_bytes(folder / name, data)
    write_bytes(
        folder / FILE, (json.dumps(found, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()
    )
    write_text(folder / PAGE, _text(every, found, pictures))
    return folder / PAGE, found


def _drawn(every: Sequence[Predictions], found: Mapping[str, Any]) -> dict[str, bytes]:
    series = {model["title"]: model["figures"]["per_class"] for model in found["models"]}
    confusions = {
        f"confusion-{number}.png": charts.confusion(
            np.array(model["figures"]["confusion"]), predictions.classes
        )
        for number, (model, predictions) in enumerate(zip(found["models"], every, strict=True), 1)
    }
    return {"per-class.png": charts.per_class(series), **confusions}


def _text(every: Sequence[Predictions], found: Mapping[str, Any], pictures: Mapping[str, bytes]) -> str:
    names = [model["title"] for model in found["models"]]
    return render(
        "fer_edge.train.evaluation",
        "comparison.html.j2",
        title=f"{' and '.join(names[1:]) if len(names) < 4 else f'{len(names) - 1} models'} against {names[0]}",
        data=found["data"],
        sentences=found["sentences"],
        headers=HEADERS,
        rows=rows(found),
        per_class=pictures["per-class.png"],
        contingency_headers=CONTINGENCY,
        contingency=_contingency(found),
        confusions=[(name, pictures[f"confusion-{number}.png"]) for number, name in enumerate(names, 1)],
        provenance=_provenance(found, every),
        disagreements=[
            _disagreement(every[0], other, (names[0], name))
            for other, name in zip(every[1:], names[1:], strict=True)
            if every[0].pictured and other.pictured
        ],
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


def _contingency(found: Mapping[str, Any]) -> list[tuple[str, ...]]:
    keys = ("both_right", "only_first", "only_second", "both_wrong")
    return [(one["second"], *(str(one["mcnemar"][key]) for key in keys)) for one in found["comparisons"]]


def _provenance(found: Mapping[str, Any], every: Sequence[Predictions]) -> list[tuple[str, str]]:
    models = zip(found["models"], every, strict=True)
    return [
        ("SHA-256 of the faces", found["data"]["sha256"]),
        *((model["title"], f"{predictions.model}, {predictions.engine}") for model, predictions in models),
    ]


def _disagreement(first: Predictions, second: Predictions, names: Sequence[str]) -> dict[str, Any]:
    """For each of two models the faces on which only it is right, with the other one's guesses."""
    sides = [
        {
            "name": name,
            "other": other,
            "count": len(places),
            "examples": [example(predictions, place) for place in places[:SHOWN]],
        }
        for name, other, places, predictions in zip(
            names, names[::-1], disagreements(first, second), (second, first), strict=True
        )
    ]
    return {"first": names[0], "second": names[1], "sides": sides}
