"""The report of one model: a page, its pictures, its figures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from fer_edge.console.rendering import render
from fer_edge.runtime.atomic import write_bytes, write_text
from fer_edge.train.evaluation import charts
from fer_edge.train.evaluation.document import FILE, document, serialized
from fer_edge.train.evaluation.examples import examples, sheet
from fer_edge.train.evaluation.figures import epochs
from fer_edge.train.evaluation.number_text import bytes_text, milliseconds, percent
from fer_edge.train.evaluation.outcome import Outcome
from fer_edge.train.evaluation.training_card import training_card

PAGE = "report.html"
CLASS_COLUMNS = ("class", "faces", "right", "95 % interval", "precision")
CHARTS = (
    ("history.png", "History", "Figures of each epoch of the training."),
    ("per-class.png", "Accuracy of each class", "The line is Wilson's 95 % interval: few faces, long line."),
    ("confusion.png", "What was taken for what", "Faces; the darker, the larger the share of the row."),
    ("confidence.png", "How sure it was", "Probability of the first guess, for right and for wrong ones."),
    ("reliability.png", "Is it as sure as it is right?", "Bars above the dashed line: more often right than it says; below: overconfident."),
)  # fmt: skip
PICTURES = (*(name for name, _, _ in CHARTS), "examples.png")


def write(outcome: Outcome, folder: Path) -> Path:
    """See :func:`fer_edge.train.evaluation.outcome.write_report`."""
    folder.mkdir(parents=True, exist_ok=True)
    found = document(outcome)
    pictures = drawn(outcome, found["figures"])
    for name in PICTURES:
        if name in pictures:
            write_bytes(folder / name, pictures[name])
        else:  # an earlier report's, which this one has nothing to show for
            (folder / name).unlink(missing_ok=True)
    write_bytes(folder / FILE, serialized(found))
    write_text(folder / PAGE, text(outcome, found, pictures))
    return folder / PAGE


def drawn(outcome: Outcome, figures: Mapping[str, Any]) -> dict[str, bytes]:
    """The PNGs by file name; ``history.png`` only after a training."""
    pictures = {
        "confusion.png": charts.confusion(np.array(figures["confusion"]), outcome.classes),
        "confidence.png": charts.confidence(outcome),
        "reliability.png": charts.reliability(figures["reliability"], figures["ece"]),
        "per-class.png": charts.per_class({outcome.title or outcome.model: figures["per_class"]}),
        "examples.png": sheet(examples(outcome, right=True), examples(outcome, right=False)),
    }
    told = epochs(outcome)
    return (
        {"history.png": charts.history(told, _chosen(outcome))} if any(len(line) > 1 for line in told) else {}
    ) | pictures


def _chosen(outcome: Outcome) -> int | None:
    return outcome.training["chosen"]["epoch"] if outcome.training else None


def text(outcome: Outcome, found: Mapping[str, Any], pictures: Mapping[str, bytes]) -> str:
    """The page's HTML.

    Args:
        outcome: the answers.
        found: its :func:`~fer_edge.train.evaluation.document.document`.
        pictures: as :func:`drawn` gives them.
    """
    figures = found["figures"]
    right = int(outcome.right.sum())
    return render(
        "fer_edge.train.evaluation",
        "report.html.j2",
        title=found["title"],
        subtitle=_subtitle(outcome),
        notes=outcome.notes,
        tiles=_tiles(outcome, figures),
        charts=[(heading, pictures[name], caption) for name, heading, caption in CHARTS if name in pictures],
        class_columns=CLASS_COLUMNS,
        class_rows=_class_rows(figures),
        training=training_card(outcome.training),
        right=examples(outcome, right=True),
        right_count=right,
        wrong=examples(outcome, right=False),
        wrong_count=len(outcome) - right,
        provenance=_provenance(outcome),
        file=FILE,
    )


def _subtitle(outcome: Outcome) -> str:
    of = f" of {outcome.source}" if outcome.source else ""
    return f"{outcome.model} on {len(outcome)} faces{of}, {len(outcome.classes)} classes"


def _tiles(outcome: Outcome, figures: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    low, high = figures["top1_interval"]
    speed, second = outcome.seconds_a_face, figures["second_when_wrong"]
    return [
        ("Accuracy", percent(figures["top1"]), f"95 %: {100 * low:.1f} to {100 * high:.1f}"),
        ("Top-2", percent(figures["top2"]), "first or second guess"),
        *(
            [("Second guess", percent(second), "right where the first is wrong")]
            if second is not None
            else []
        ),
        ("Macro F1", percent(figures["macro_f1"]), "every class counts the same"),
        ("ECE", percent(figures["ece"]), "calibration; 0 is best"),
        ("Brier score", f"{figures['brier']:.3f}", "0 is best, 2 is worst"),
        ("Cross entropy", f"{figures['cross_entropy']:.3f}", "nats; 0 is best"),
        *([("Inference", milliseconds(speed), "a face")] if speed is not None else []),
        *([("Size", bytes_text(outcome.size_bytes), "of the file")] if outcome.size_bytes else []),
    ]


def _class_rows(figures: Mapping[str, Any]) -> list[tuple[str, ...]]:
    return [
        (name, str(entry["faces"]), percent(entry["accuracy"]), _span(entry["interval"]), percent(entry["precision"]))
        for name, entry in figures["per_class"].items()
    ]  # fmt: skip


def _span(interval: list[float] | None) -> str:
    return "-" if interval is None else f"{100 * interval[0]:.1f} to {100 * interval[1]:.1f}"


def _provenance(outcome: Outcome) -> list[tuple[str, str]]:
    return [
        ("model", outcome.model),
        ("engine", outcome.engine),
        ("classes", ", ".join(outcome.classes)),
        ("faces", outcome.source),
        ("SHA-256 of the faces", outcome.data_sha256),
        ("inference time", outcome.timing),
    ]
