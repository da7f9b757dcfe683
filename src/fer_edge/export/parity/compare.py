"""Parity: what an artifact answers against what the PyTorch original answered, input by input.

Both sides are probabilities, (n, labels) float32. Three questions, all of which must be answered well:

1. Are the differences within the precision's limits (``tolerances.py``), which are narrower where the original moves little?
2. Is the first label the same wherever the original was sure by more than the tolerance?
3. Does the artifact still react to its input? Its spread must be at least half the original's, so that a file
   that always says the same does not pass because the original hardly moves either.

An original whose own spread is too small proves nothing either way: the verdict is then ``not-run``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.parity.tolerances import Tolerance
from fer_edge.export.pictures.parity_inputs import name_golden, name_input
from fer_edge.export.reference_model.inference import describe_nonfinite
from fer_edge.runtime.verification import Code, Parity, Sentence, Verdict

INSENSITIVE = "the original does not react to its input"
"""The sentence about an original that answers much the same whatever it is shown."""


@dataclass(frozen=True, slots=True)
class GoldenComparison:
    """Artifact against the bundle's golden vectors: a handful, so only the largest difference is judged."""

    verdict: Verdict
    reason: Annotated[Sentence | None, "why it failed or was not run"] = None
    max_abs: Annotated[float | None, "largest absolute difference of a probability"] = None


def spread(probabilities: NDArray[np.float32]) -> float:
    """Movement of the answers over the inputs: the widest range (max - min) of any label's probability.

    Args:
        probabilities: (n, labels).

    Returns:
        0 for an answer that never changes, 1 for a label that goes from impossible to certain.
    """
    return float(np.max(np.ptp(probabilities.astype(np.float64), axis=0)))


def compare(
    reference: NDArray[np.float32],
    answers: NDArray[np.float32],
    tolerance: Tolerance,
    labels: Sequence[str],
    engine: str,
) -> Parity:
    """Compare an artifact's answers with the original's.

    Args:
        reference: the original's probabilities, (n, labels).
        answers: the artifact's on the same inputs, (n, labels).
        tolerance: of the artifact's precision.
        labels: for naming what is not finite.
        engine: library and version that gave the answers.
    """
    broken, code = _malformed(reference, answers, labels)
    if broken:
        return Parity("fail", broken, engine, limit=tolerance.limit, code=code)
    still = describe_insensitivity(reference, tolerance)
    if still:
        return Parity("not-run", still, engine, len(reference), limit=tolerance.limit, code=Code.INSENSITIVE)
    difference = np.abs(answers.astype(np.float64) - reference.astype(np.float64))
    worst = name_input(int(difference.max(axis=1).argmax()), len(reference))
    max_abs, agreed = _significant(difference.max()), agreement(reference, answers, tolerance.max_abs)
    away = _differences(max_abs, agreed, tolerance, worst)
    faults = away + _stiffness(answers, spread(reference))
    return Parity(
        "fail" if faults else "pass",
        "; ".join(faults) or None,
        engine,
        len(reference),
        max_abs,
        _significant(difference.mean()),
        agreed,
        tolerance.limit,
        (Code.DIFFERENT if away else Code.STIFF) if faults else None,
    )


def compare_golden(
    stored: NDArray[np.float32], answers: NDArray[np.float32], tolerance: Tolerance, labels: Sequence[str]
) -> GoldenComparison:
    """Compare an artifact's answers to the golden vectors with those that are stored; arguments as for ``compare``."""
    broken = describe_nonfinite(answers, labels, name_golden)
    if broken:
        return GoldenComparison("fail", broken)
    away = np.abs(answers - stored).max(axis=1)
    worst, allowed = float(away.max()), tolerance.max_abs
    if worst <= allowed:
        return GoldenComparison("pass", None, _significant(worst))
    place = name_golden(int(away.argmax()), len(away))
    reason = f"an answer differs by {worst:.3g} ({place}), allowed is {allowed:g}"
    return GoldenComparison("fail", reason, _significant(worst))


def _malformed(
    reference: NDArray[np.float32], answers: NDArray[np.float32], labels: Sequence[str]
) -> tuple[str | None, Code]:
    if answers.shape != reference.shape:
        return f"answers have the shape {answers.shape}, the original's {reference.shape}", Code.SHAPE
    return describe_nonfinite(answers, labels), Code.NOT_FINITE


def describe_insensitivity(reference: NDArray[np.float32], tolerance: Tolerance) -> str | None:
    """The reason why the original's answers, (n, labels), move too little to compare with; None if they do not."""
    moved = spread(reference)
    if moved >= tolerance.least_spread:
        return None
    return (
        f"{INSENSITIVE}: over {len(reference)} inputs no probability moves by more than {moved:.2g}, and "
        f"{tolerance.least_spread:g} is needed to judge by"
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


def _differences(max_abs: float, top1: float, tolerance: Tolerance, worst: str) -> list[str]:
    faults = []
    if max_abs > tolerance.max_abs:
        faults.append(f"a probability differs by {max_abs:.3g} ({worst}), allowed is {tolerance.max_abs:g}")
    if top1 < tolerance.top1_agreement:
        faults.append(
            f"top-1 agreement is {top1:.4g} (worst: {worst}), at least {tolerance.top1_agreement:g} is required"
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
