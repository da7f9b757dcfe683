"""Parity: what an artifact answers against what the PyTorch original answered, input by input.

Both sides are probabilities, (n, labels) float32. Four questions, all of which must be answered well:

1. Are the differences within the precision's limits (``tolerances.py``), which are narrower where the original moves little?
   Of reduced precisions on 90 to 99 % of the pictures: the single worst one decides nothing.
2. Is the first label the same wherever the original was sure by more than the tolerance? Refused where the whole 95 %
   interval of that share (Clopper and Pearson) lies below the limit: some few pictures are chance.
3. Does the artifact still react to its input? Its spread must be at least half the original's, so that a file
   that always says the same does not pass because the original hardly moves either.
4. Extremes that no camera gives (black, white, single pixels, noise): of fp32 they count like all others; of reduced precisions
   only NaN, one answer to all of them and certainty about all of them fail, and their figures are reported apart.

An original whose own spread is too small proves nothing either way: the verdict is then ``not-run``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.parity.tolerances import Tolerance
from fer_edge.export.pictures.parity_inputs import name_golden, name_input
from fer_edge.export.reference_model.inference import describe_nonfinite
from fer_edge.runtime.verification import (
    Code,
    ExtremeAnswers,
    Parity,
    ParityFigures,
    Sentence,
    Verdict,
)
from fer_edge.stats.intervals import clopper_pearson

INSENSITIVE = "the original does not react to its input"
"""The sentence about an original that answers much the same whatever it is shown."""
CONSTANT = 0.05
"""Share of the original's movement over the extremes below which a file answers them all alike."""
CERTAIN, SURE = 0.9999, 0.9
"""A probability that leaves no doubt, and one that does."""
Fault = tuple[Code, str]
"""The word for programs, and the sentence."""


@dataclass(frozen=True, slots=True)
class GoldenComparison:
    """Artifact against the bundle's golden vectors: a handful, so only the largest difference is judged, or the median."""

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
    *,
    extremes: int = 0,
    source: str | None = None,
) -> Parity:
    """Compare an artifact's answers with the original's.

    Args:
        reference: the original's probabilities, (n, labels).
        answers: the artifact's on the same inputs, (n, labels).
        tolerance: of the artifact's precision.
        labels: for naming what is not finite.
        engine: library and version that gave the answers.
        extremes: how many inputs, the last ones, no camera gives.
        source: which pictures the others are.
    """
    broken, code = _malformed(reference, answers, labels)
    if broken:
        return Parity("fail", broken, engine, limit=tolerance.limit, code=code, inputs_source=source)
    still = describe_insensitivity(reference, tolerance)
    if still:
        return Parity(
            "not-run",
            still,
            engine,
            len(reference),
            limit=tolerance.limit,
            code=Code.INSENSITIVE,
            inputs_source=source,
        )
    apart = extremes if tolerance.quantile < 1 else 0
    judged = slice(0, len(reference) - apart)
    faults, found = _judge(reference[judged], answers[judged], tolerance, len(reference))
    faults += _stiffness(answers, spread(reference))
    aside = slice(len(reference) - apart, None)
    if apart:
        found = replace(found, extremes=_describe_extremes(reference[aside], answers[aside]))
        faults += _judge_extremes(reference[aside], answers[aside], tolerance)
    difference = np.abs(answers[judged].astype(np.float64) - reference[judged].astype(np.float64))
    return Parity(
        "fail" if faults else "pass",
        "; ".join(text for _, text in faults) or None,
        engine,
        len(reference) - apart,
        _significant(difference.max()),
        _significant(difference.mean()),
        agreement(reference[judged], answers[judged], tolerance.max_abs),
        tolerance.limit,
        faults[0][0] if faults else None,
        source,
        _significant(find_quantile(difference.max(axis=1), 0.99)),
        agreement_interval(reference[judged], answers[judged], tolerance.max_abs),
        found,
    )


def find_quantile(values: NDArray[np.float64], share: float) -> float:
    """The smallest of the values, (n,), that at least ``share`` of them do not exceed."""
    return float(np.quantile(values, share, method="inverted_cdf"))


def _judge(
    reference: NDArray[np.float32], answers: NDArray[np.float32], tolerance: Tolerance, count: int
) -> tuple[list[Fault], ParityFigures]:
    """Differences and labels on the pictures that count, of ``count`` inputs in all."""
    away = np.abs(answers.astype(np.float64) - reference.astype(np.float64)).max(axis=1)
    worst = name_input(int(away.argmax()), count)
    allowed, faults = tolerance.max_abs, list[Fault]()
    if find_quantile(away, tolerance.quantile) > allowed:
        said = f"a probability differs by {away.max():.3g} ({worst}), allowed is {allowed:g}"
        if tolerance.quantile < 1:
            said += f"; {np.mean(away > allowed):.1%} of {len(away)} inputs are beyond it, allowed are {1 - tolerance.quantile:.0%}"
        faults.append((Code.DIFFERENT, said))
    sure, same = _counts(reference, answers, allowed)
    high = clopper_pearson(same, sure)[1] if sure else 1.0
    if high < tolerance.top1_agreement:
        said = (
            f"top-1 agreement is {same / sure:.4g} of {sure} inputs whose margin is over {allowed:g} (at most {high:.4g} with "
            f"95 % confidence; largest difference: {worst}), at least {tolerance.top1_agreement:g} is required"
        )
        faults.append((Code.DISAGREES, said))
    agreed = int((reference.argmax(axis=1) == answers.argmax(axis=1)).sum())
    return faults, ParityFigures(agreed, allowed, sure)


def _describe_extremes(reference: NDArray[np.float32], answers: NDArray[np.float32]) -> ExtremeAnswers:
    away = np.abs(answers.astype(np.float64) - reference.astype(np.float64)).max()
    agreed = int((reference.argmax(axis=1) == answers.argmax(axis=1)).sum())
    return ExtremeAnswers(len(reference), _significant(float(away)), agreed)


def _judge_extremes(
    reference: NDArray[np.float32], answers: NDArray[np.float32], tolerance: Tolerance
) -> list[Fault]:
    """One answer to all extremes, or certainty about all of them, where the original has neither."""
    moved, original = spread(answers), spread(reference)
    if original >= tolerance.least_spread and moved < original * CONSTANT:
        said = f"its answers to black, white and noise move by {moved:.3g}, the original's by {original:.3g}"
        return [(Code.CONSTANT, said)]
    if (answers.max(axis=1) >= CERTAIN).all() and (reference.max(axis=1) < SURE).all():
        return [
            (
                Code.SATURATED,
                "it is certain about black, white and noise, and the original is about none of them",
            )
        ]
    return []


def compare_golden(
    stored: NDArray[np.float32], answers: NDArray[np.float32], tolerance: Tolerance, labels: Sequence[str]
) -> GoldenComparison:
    """Compare an artifact's answers to the golden vectors with those that are stored; arguments as for ``compare``."""
    broken = describe_nonfinite(answers, labels, name_golden)
    if broken:
        return GoldenComparison("fail", broken)
    away = np.abs(answers - stored).max(axis=1)
    worst, allowed = float(away.max()), tolerance.max_abs
    # A handful of pictures: of a reduced precision one odd one decides nothing, a mistake moves most of them.
    if (worst if tolerance.quantile == 1 else float(np.median(away))) <= allowed:
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
    sure, same = _counts(reference, answers, margin)
    return _significant(same / sure) if sure else 1.0


def agreement_interval(
    reference: NDArray[np.float32], answers: NDArray[np.float32], margin: float
) -> tuple[float, float]:
    """The 95 % interval of :func:`agreement`; (0, 1) where no input has that margin."""
    sure, same = _counts(reference, answers, margin)
    if not sure:
        return 0.0, 1.0
    low, high = clopper_pearson(same, sure)
    return _significant(low), _significant(high)


def _counts(reference: NDArray[np.float32], answers: NDArray[np.float32], margin: float) -> tuple[int, int]:
    """Inputs where the original's two best differ by over ``margin``, and those of them with the same first label."""
    best = np.sort(reference.astype(np.float64), axis=1)
    sure = best[:, -1] - best[:, -2] > margin if best.shape[1] > 1 else np.ones(len(best), bool)
    same = reference.argmax(axis=1) == answers.argmax(axis=1)
    return int(sure.sum()), int((sure & same).sum())


def _stiffness(answers: NDArray[np.float32], original: float) -> list[Fault]:
    moved = spread(answers)
    if moved >= original / 2:
        return []
    said = f"its answers move by {moved:.3g} over the inputs, less than half of the original's {original:.3g}"
    return [(Code.STIFF, said)]


def _significant(value: float) -> float:
    """Six digits: more would record rounding noise of the comparison itself."""
    return float(f"{value:.6g}")
