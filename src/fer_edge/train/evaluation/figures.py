"""The figures of a training, a report and a comparison, as plain numbers: computed here alone, in float64."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.runtime.extras import require
from fer_edge.stats.intervals import wilson
from fer_edge.train.evaluation.predictions import Predictions

BINS = 15
"""Of confidence; the number that Guo et al. 2017 and torchmetrics use."""
DIGITS = 6


def figures(predictions: Predictions) -> dict[str, Any]:
    """Everything that is counted, over all faces.

    ``macro_f1`` is the mean of F1 over the classes that occur as truth or guess. ``ece`` is the expected calibration
    error of the first guess over ``BINS`` equal bins (Guo et al. 2017, "On Calibration of Modern Neural Networks",
    equation 3). ``brier`` is the sum over classes of the squared difference to the label, averaged over faces (Brier
    1950; 0..2); ``cross_entropy`` is in nats; both take soft labels as they are. Intervals are Wilson's at 95 %.

    ``second_when_wrong`` is the share of faces with a wrong first guess whose second guess is right; None where none is
    wrong.

    Args:
        predictions: at least one face.

    Returns:
        Numbers rounded to six digits. ``per_class`` has an entry for each class in label order; ``confusion`` a row a
        true class, a column a guess.
    """
    truth, ranked, right = predictions.truth, predictions.ranked, predictions.right
    second = ranked[:, 1:2] == truth[:, None]
    count, top1 = len(predictions), int(right.sum())
    wide = predictions.probabilities.astype(np.float64)
    confidence, bins = wide.max(1), reliability(predictions)
    return {
        "faces": count,
        "top1": _rounded(top1 / count),
        "top1_interval": [_rounded(bound) for bound in wilson(top1, count)],
        "top2": _rounded((ranked[:, :2] == truth[:, None]).any(1).mean()),
        "second_when_wrong": _mean(second[~right].any(1).astype(np.float64)),
        "macro_f1": _rounded(macro_f1(ranked[:, 0], truth, len(predictions.classes))),
        "ece": _rounded(calibration_error(bins)),
        "brier": _rounded(((wide - predictions.labels) ** 2).sum(1).mean()),
        "cross_entropy": _rounded(-(predictions.labels * np.log(np.clip(wide, 1e-12, 1))).sum(1).mean()),
        "confidence": {
            name: _mean(confidence[chosen]) for name, chosen in (("right", right), ("wrong", ~right))
        },
        "per_class": _per_class(predictions),
        "confusion": confusion(predictions).tolist(),
        "reliability": [
            {key: _rounded(value) if key != "faces" else value for key, value in entry.items()}
            for entry in bins
        ],
    }


def of_split(predictions: Predictions, clear: NDArray[np.bool_]) -> dict[str, Any]:
    """The figures in ``report.json``: over all faces and over the clear ones alone.

    Args:
        predictions: of a split.
        clear: (n,) whether a face's label is beyond doubt.

    Returns:
        ``{"all": {...}, "clear": {...}}`` with plain numbers; ``confusion`` has a row a true class.
    """
    clear_ones = _in_short(figures(predictions.of(clear))) if clear.any() else {"faces": 0}
    return {"all": _in_short(figures(predictions)), "clear": clear_ones}


def _in_short(found: Mapping[str, Any]) -> dict[str, Any]:
    per_class = {name: one["accuracy"] for name, one in found["per_class"].items() if one["faces"]}
    first = {name: found[name] for name in ("faces", "top1", "top2", "second_when_wrong", "cross_entropy")}
    return first | {"per_class": per_class, "confusion": found["confusion"]}


def at_chance(found: Mapping[str, Any], classes: Sequence[str], split: str) -> str:
    """A sentence where the accuracy is not above what one answer to all faces would get; "" where it is.

    Args:
        found: figures with their confusion.
        classes: names in the order of the columns.
        split: what was judged.
    """
    totals = [sum(row) for row in found.get("confusion", ())]
    faces = sum(totals)
    if not faces:
        return ""
    right = sum(row[at] for at, row in enumerate(found["confusion"]))
    most = max(totals)
    if wilson(right, faces)[0] > most / faces:
        return ""
    return (
        f"accuracy {100 * right / faces:.1f} % on {faces} {split} faces is not proven to be above chance: answering "
        f"{classes[totals.index(most)]} to all of them gets {100 * most / faces:.1f} %. Train longer or on more faces, try "
        "another --lr, and look at the labels"
    )


def epochs(predictions: Predictions) -> list[dict[str, Any]]:
    """The history's ``epoch`` and its figures of training and validation; None where one is not finite.

    Whatever else a log holds, such as times, would make the report differ between two equal trainings.
    """
    return [
        {"epoch": line.get("epoch", number)}
        | {name: _finite(value) for name, value in line.items() if name.startswith(("train_", "validation_"))}
        for number, line in enumerate(predictions.history, 1)
    ]


def _finite(value: Any) -> float | None:
    return round(float(value), DIGITS) if np.isfinite(value) else None


def confusion(predictions: Predictions) -> NDArray[np.int64]:
    """(classes, classes) faces: a row a true class, a column a first guess."""
    table = np.zeros((len(predictions.classes),) * 2, np.int64)
    np.add.at(table, (predictions.truth, predictions.ranked[:, 0]), 1)
    return table


def macro_f1(guesses: NDArray[np.int64], truth: NDArray[np.int64], classes: int) -> float:
    """Mean F1 over the classes that occur as truth or guess (torchmetrics)."""
    if classes < 2:
        return 1.0
    functional = require("torchmetrics.functional.classification", "train")
    torch = require("torch", "torch")
    value = functional.multiclass_f1_score(
        torch.from_numpy(guesses), torch.from_numpy(truth), num_classes=classes, average="macro"
    )
    return float(value)


def calibration_error(bins: Sequence[Mapping[str, Any]]) -> float:
    """Mean distance of confidence and accuracy over the bins of :func:`reliability`, weighted by their faces."""
    gaps = sum(entry["faces"] * abs(entry["accuracy"] - entry["confidence"]) for entry in bins)
    return float(gaps / sum(entry["faces"] for entry in bins))


def reliability(predictions: Predictions) -> list[dict[str, Any]]:
    """Faces by the probability of their first guess, in ``BINS`` bins ``(low, high]``; 0 belongs to the first.

    Each has the number of its ``faces``, the mean probability of their first guess as ``confidence``, and the share of them
    that is right as ``accuracy``; 0 where there are none.
    """
    confidence = predictions.probabilities.astype(np.float64).max(1)
    edges = np.linspace(0, 1, BINS + 1)
    place = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, BINS - 1)
    found = []
    for at in range(BINS):
        inside = place == at
        means = [
            float(values[inside].mean()) if inside.any() else 0.0
            for values in (confidence, predictions.right)
        ]
        found.append(
            {
                "low": float(edges[at]),
                "high": float(edges[at + 1]),
                "faces": int(inside.sum()),
                "confidence": means[0],
                "accuracy": means[1],
            }
        )
    return found


def _per_class(predictions: Predictions) -> dict[str, dict[str, Any]]:
    table = confusion(predictions)
    found = {}
    for at, name in enumerate(predictions.classes):
        faces, right, guessed = int(table[at].sum()), int(table[at, at]), int(table[:, at].sum())
        found[name] = {
            "faces": faces,
            "right": right,
            "accuracy": _rounded(right / faces) if faces else None,
            "interval": [_rounded(bound) for bound in wilson(right, faces)] if faces else None,
            "precision": _rounded(right / guessed) if guessed else None,
        }
    return found


def _mean(values: NDArray[np.float64]) -> float | None:
    return _rounded(values.mean()) if len(values) else None


def _rounded(value: Any) -> float:
    return round(float(value), DIGITS)
