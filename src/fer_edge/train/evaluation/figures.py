"""The figures of a report, as plain numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.runtime.extras import require
from fer_edge.stats.intervals import wilson
from fer_edge.train.evaluation.outcome import Outcome

BINS = 15
"""Of confidence; the number that Guo et al. 2017 and torchmetrics use."""
DIGITS = 6


@dataclass(frozen=True)
class Bin:
    """Faces whose first guess got a probability in ``(low, high]``.

    Attributes:
        low: lower bound, exclusive.
        high: upper bound, inclusive.
        faces: how many.
        confidence: mean probability of their first guess; 0 where there are none.
        accuracy: share of them that is right; 0 where there are none.
    """

    low: float
    high: float
    faces: int
    confidence: float
    accuracy: float


def figures(outcome: Outcome) -> dict[str, Any]:
    """Everything that is counted, over all faces.

    ``macro_f1`` is the mean of F1 over the classes that occur as truth or guess. ``ece`` is the expected calibration
    error of the first guess over ``BINS`` equal bins (Guo et al. 2017, "On Calibration of Modern Neural Networks",
    equation 3). ``brier`` is the sum over classes of the squared difference to the label, averaged over faces (Brier
    1950; 0..2); ``cross_entropy`` is in nats; both take soft labels as they are. Intervals are Wilson's at 95 %.

    ``second_when_wrong`` is the share of faces with a wrong first guess whose second guess is right; None where none is
    wrong.

    Args:
        outcome: at least one face.

    Returns:
        Numbers rounded to six digits. ``per_class`` has an entry for each class in label order; ``confusion`` a row a
        true class, a column a guess.
    """
    truth, ranked, right = outcome.truth, outcome.ranked, outcome.right
    second = ranked[:, 1:2] == truth[:, None]
    count, top1 = len(outcome), int(right.sum())
    wide = outcome.probabilities.astype(np.float64)
    confidence = wide.max(1)
    return {
        "faces": count,
        "top1": _rounded(top1 / count),
        "top1_interval": [_rounded(bound) for bound in wilson(top1, count)],
        "top2": _rounded((ranked[:, :2] == truth[:, None]).any(1).mean()),
        "second_when_wrong": _mean(second[~right].any(1).astype(np.float64)),
        "macro_f1": _rounded(macro_f1(ranked[:, 0], truth, len(outcome.classes))),
        "ece": _rounded(calibration_error(outcome)),
        "brier": _rounded(((wide - outcome.labels) ** 2).sum(1).mean()),
        "cross_entropy": _rounded(-(outcome.labels * np.log(np.clip(wide, 1e-12, 1))).sum(1).mean()),
        "confidence": {
            name: _mean(confidence[chosen]) for name, chosen in (("right", right), ("wrong", ~right))
        },
        "per_class": _per_class(outcome),
        "confusion": confusion(outcome).tolist(),
        "reliability": [
            {key: _rounded(value) if key != "faces" else value for key, value in vars(entry).items()}
            for entry in reliability(outcome)
        ],
    }


def epochs(outcome: Outcome) -> list[dict[str, Any]]:
    """The history's ``epoch`` and its figures of training and validation; None where one is not finite.

    Whatever else a log holds, such as times, would make the report differ between two equal trainings.
    """
    return [
        {"epoch": line.get("epoch", number)}
        | {name: _finite(value) for name, value in line.items() if name.startswith(("train_", "validation_"))}
        for number, line in enumerate(outcome.history, 1)
    ]


def _finite(value: Any) -> float | None:
    return round(float(value), DIGITS) if np.isfinite(value) else None


def confusion(outcome: Outcome) -> NDArray[np.int64]:
    """(classes, classes) faces: a row a true class, a column a first guess."""
    table = np.zeros((len(outcome.classes),) * 2, np.int64)
    np.add.at(table, (outcome.truth, outcome.ranked[:, 0]), 1)
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


def calibration_error(outcome: Outcome) -> float:
    """Mean distance of confidence and accuracy over the bins, weighted by their faces."""
    return float(
        sum(entry.faces * abs(entry.accuracy - entry.confidence) for entry in reliability(outcome))
        / len(outcome)
    )


def reliability(outcome: Outcome, bins: int = BINS) -> list[Bin]:
    """Faces by the probability of their first guess.

    A value on an edge belongs to the bin below it, but 0 to the first.
    """
    confidence = outcome.probabilities.astype(np.float64).max(1)
    edges = np.linspace(0, 1, bins + 1)
    place = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, bins - 1)
    return [
        _bin(edges[at], edges[at + 1], confidence[place == at], outcome.right[place == at])
        for at in range(bins)
    ]


def _bin(low: float, high: float, confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> Bin:
    if not len(confidence):
        return Bin(float(low), float(high), 0, 0.0, 0.0)
    return Bin(float(low), float(high), len(confidence), float(confidence.mean()), float(right.mean()))


def _per_class(outcome: Outcome) -> dict[str, dict[str, Any]]:
    table = confusion(outcome)
    found = {}
    for at, name in enumerate(outcome.classes):
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
