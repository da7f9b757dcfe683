"""The report of one model: a page, its pictures, its figures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from fer_edge.console.rendering import render
from fer_edge.runtime.atomic import write_bytes, write_text
from fer_edge.train.evaluation import charts
from fer_edge.train.evaluation.document import FILE, document, serialize
from fer_edge.train.evaluation.examples import examples, sheet
from fer_edge.train.evaluation.figures import epochs
from fer_edge.train.evaluation.predictions import Predictions
from fer_edge.train.evaluation.texts import bytes_text, describe_end, describe_list, milliseconds, percent
from fer_edge.train.recipes.values import values, word

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


def write_report(predictions: Predictions, folder: Path) -> Path:
    """Write ``report.html`` (self-contained), its pictures as PNG files, and ``evaluation.json``.

    Equal predictions give equal bytes.

    Args:
        predictions: what to show.
        folder: made if absent; files of an earlier report in it are replaced, others stay.

    Returns:
        The path of ``report.html``.

    Raises:
        FerEdgeError: the folder cannot be written.
        MissingExtra: matplotlib or torchmetrics is not installed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found = document(predictions)
    pictures = draw_charts(predictions, found["figures"])
    for name in PICTURES:
        if name in pictures:
            write_bytes(folder / name, pictures[name])
        else:  # an earlier report's, which this one has nothing to show for
            (folder / name).unlink(missing_ok=True)
    write_bytes(folder / FILE, serialize(found))
    write_text(folder / PAGE, text(predictions, found, pictures))
    return folder / PAGE


def draw_charts(predictions: Predictions, figures: Mapping[str, Any]) -> dict[str, bytes]:
    """The PNGs by file name; ``history.png`` only after a training."""
    pictures = {
        "confusion.png": charts.confusion(np.array(figures["confusion"]), predictions.classes),
        "confidence.png": charts.confidence(predictions),
        "reliability.png": charts.reliability(figures["reliability"], figures["ece"]),
        "per-class.png": charts.per_class({predictions.title or predictions.model: figures["per_class"]}),
        "examples.png": sheet(examples(predictions, right=True), examples(predictions, right=False)),
    }
    told = epochs(predictions)
    return (
        {"history.png": charts.history(told, _chosen(predictions))}
        if any(len(line) > 1 for line in told)
        else {}
    ) | pictures


def _chosen(predictions: Predictions) -> int | None:
    return predictions.training["chosen"]["epoch"] if predictions.training else None


def text(predictions: Predictions, found: Mapping[str, Any], pictures: Mapping[str, bytes]) -> str:
    """The page's HTML.

    Args:
        predictions: the answers.
        found: its :func:`~fer_edge.train.evaluation.document.document`.
        pictures: as :func:`draw_charts` gives them.
    """
    figures = found["figures"]
    right = int(predictions.right.sum())
    return render(
        "fer_edge.train.evaluation",
        "report.html.j2",
        title=found["title"],
        subtitle=_subtitle(predictions),
        notes=predictions.notes,
        tiles=_tiles(predictions, figures),
        charts=[(heading, pictures[name], caption) for name, heading, caption in CHARTS if name in pictures],
        class_columns=CLASS_COLUMNS,
        class_rows=_class_rows(figures),
        training=_training(predictions.training),
        right=examples(predictions, right=True),
        right_count=right,
        wrong=examples(predictions, right=False),
        wrong_count=len(predictions) - right,
        provenance=_provenance(predictions),
        file=FILE,
    )


def _subtitle(predictions: Predictions) -> str:
    of = f" of {predictions.source}" if predictions.source else ""
    return f"{predictions.model} on {len(predictions)} faces{of}, {len(predictions.classes)} classes"


def _tiles(predictions: Predictions, figures: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    low, high = figures["top1_interval"]
    speed, second = predictions.seconds_a_face, figures["second_when_wrong"]
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
        *([("Size", bytes_text(predictions.size_bytes), "of the file")] if predictions.size_bytes else []),
    ]


def _class_rows(figures: Mapping[str, Any]) -> list[tuple[str, ...]]:
    return [
        (name, str(entry["faces"]), percent(entry["accuracy"]), _span(entry["interval"]), percent(entry["precision"]))
        for name, entry in figures["per_class"].items()
    ]  # fmt: skip


def _span(interval: list[float] | None) -> str:
    return "-" if interval is None else f"{100 * interval[0]:.1f} to {100 * interval[1]:.1f}"


def _provenance(predictions: Predictions) -> list[tuple[str, str]]:
    return [
        ("model", predictions.model),
        ("engine", predictions.engine),
        ("classes", ", ".join(predictions.classes)),
        ("faces", predictions.source),
        ("SHA-256 of the faces", predictions.data_sha256),
        ("inference time", predictions.timing),
    ]


def _training(training: Mapping[str, Any]) -> dict[str, Any]:
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
    lists = [(f"--{one['option']} {one['name']}", describe_list(one)) for one in training["lists"]]
    lists += [
        (name, str(training[name])) for name in ("init_sha256", "teacher_sha256", "qat") if name in training
    ]
    return {
        "sentences": describe_end(training),
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
