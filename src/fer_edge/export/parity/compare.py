"""Parity: what an artifact answers against what the PyTorch original answered, input by input.

Both sides are probabilities, (n, labels) float32. Three questions, all of which must be answered well:

1. Are the differences within the precision's limits (``tolerances.py``), which are narrower where the original moves little?
2. Is the first label the same wherever the original was sure by more than the tolerance?
3. Does the artifact still react to its input? Its spread must be at least half the original's, so that a file
   that always says the same does not pass because the original hardly moves either.

An original whose own spread is too small proves nothing either way: the verdict is then ``not-run``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.parity.tolerances import Tolerance
from fer_edge.export.reference_data.parity_inputs import name_input

INSENSITIVE = "the original does not react to its input"
"""How the reason of a ``not-run`` begins when the original itself is at fault."""


@dataclass(frozen=True)
class Comparison:
    """What came out; figures are None where nothing was measured.

    Attributes:
        verdict: ``pass``, ``fail`` or ``not-run``.
        reason: None for ``pass``, else one sentence.
        max_abs: largest difference of any probability on any input.
        mean_abs: mean difference over all probabilities and inputs.
        top1_agreement: share of equal first labels on inputs with a margin over the tolerance.
    """

    verdict: str
    reason: str | None
    max_abs: float | None = None
    mean_abs: float | None = None
    top1_agreement: float | None = None


def spread(probabilities: NDArray[np.float32]) -> float:
    """How far the answers move over the inputs: the widest range (max - min) of any label's probability.

    Args:
        probabilities: (n, labels).

    Returns:
        0 for an answer that never changes, 1 for a label that goes from impossible to certain.
    """
    return float(np.max(np.ptp(probabilities.astype(np.float64), axis=0)))


def compare(
    reference: NDArray[np.float32], answers: NDArray[np.float32], limit: Tolerance, labels: Sequence[str]
) -> Comparison:
    """Judge an artifact's answers.

    Args:
        reference: the original's probabilities, (n, labels).
        answers: the artifact's on the same inputs, (n, labels).
        limit: of the artifact's precision.
        labels: for naming what is not finite.
    """
    if answers.shape != reference.shape:
        return Comparison("fail", f"answers have the shape {answers.shape}, the original's {reference.shape}")
    broken = not_finite(answers, labels)
    if broken:
        return Comparison("fail", broken)
    difference = np.abs(answers.astype(np.float64) - reference.astype(np.float64))
    figures = (
        _significant(difference.max()),
        _significant(difference.mean()),
        agreement(reference, answers, limit.max_abs),
    )
    stiff = insensitive(reference, limit)
    if stiff:
        return Comparison("not-run", stiff)
    worst = name_input(int(difference.max(axis=1).argmax()), len(reference))
    faults = _faults(figures[0], figures[2], limit, worst) + _stiffness(answers, spread(reference))
    return Comparison("fail" if faults else "pass", "; ".join(faults) or None, *figures)


def insensitive(reference: NDArray[np.float32], limit: Tolerance) -> str | None:
    """Why the original's answers, (n, labels), move too little to judge an artifact by; None if they do not."""
    moved = spread(reference)
    if moved >= limit.least_spread:
        return None
    return (
        f"{INSENSITIVE}: over {len(reference)} inputs no probability moves by more than {moved:.2g}, and "
        f"{limit.least_spread:g} is needed to judge by"
    )


def agreement(reference: NDArray[np.float32], answers: NDArray[np.float32], margin: float) -> float:
    """Share of inputs with the same first label, among those where the original's two best differ by over ``margin``.

    1.0 where there is no such input: nothing contradicts.
    """
    best = np.sort(reference.astype(np.float64), axis=1)
    sure = best[:, -1] - best[:, -2] > margin if best.shape[1] > 1 else np.ones(len(best), bool)
    if not sure.any():
        return 1.0
    same = reference[sure].argmax(axis=1) == answers[sure].argmax(axis=1)
    return _significant(float(same.mean()))


def not_finite(
    answers: NDArray[np.float32], labels: Sequence[str], name_of: Callable[[int, int], str] = name_input
) -> str | None:
    """Name the first NaN or Inf, or None."""
    places = np.argwhere(~np.isfinite(answers))
    if not len(places):
        return None
    row, column = (int(index) for index in places[0])
    name = labels[column] if column < len(labels) else str(column)
    return (
        f"output probabilities[{column}] ({name}) is {answers[row, column]} on {name_of(row, len(answers))}"
    )


def _faults(max_abs: float, top1: float, limit: Tolerance, worst: str) -> list[str]:
    faults = []
    if max_abs > limit.max_abs:
        faults.append(f"a probability differs by {max_abs:.3g} ({worst}), allowed is {limit.max_abs:g}")
    if top1 < limit.top1_agreement:
        faults.append(
            f"top-1 agreement is {top1:.4g} (worst: {worst}), at least {limit.top1_agreement:g} is required"
        )
    return faults


def _stiffness(answers: NDArray[np.float32], original: float) -> list[str]:
    moved = spread(answers)
    if moved >= original / 2:
        return []
    return [
        f"its answers move by {moved:.3g} over the inputs, less than half of the original's {original:.3g}"
    ]


def _significant(value: float) -> float:
    """Six digits: more would record rounding noise of the comparison itself."""
    return float(f"{value:.6g}")
