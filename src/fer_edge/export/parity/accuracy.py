"""The accuracy gate: original and artifact on the same labeled pictures, and one of three answers.

The 95 % paired bootstrap interval of the drop is held against what the precision allows: all of it above fails, none of it above
passes. An interval that holds the limit decides nothing: the verdict is ``not-run`` with the number of pictures that would decide,
and the file is not refused for it. McNemar's exact test, macro F1, the calibration error and the classes are beside it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.parity.tolerances import Tolerance
from fer_edge.export.pictures.images import ImageSet
from fer_edge.runtime.verification import Accuracy, AccuracyFigures, ClassFigures, Code, Comparison
from fer_edge.stats.bootstrap import accuracy_drop_interval
from fer_edge.stats.classification import Figure, Guesses, calibration_error, macro_f1, paired_interval
from fer_edge.stats.paired import McNemar, mcnemar

Z = 1.96
"""Standard deviations of half a 95 % interval."""
MOST = 10_000_000
"""Pictures: who would need more will not get an answer from pictures."""


def check_accuracy(
    images: ImageSet,
    reference: NDArray[np.float32],
    answers: NDArray[np.float32],
    tolerance: Tolerance,
    labels: Sequence[str],
) -> Accuracy:
    """Compare how often the original and an artifact are right.

    Args:
        images: labeled pictures.
        reference: the original's probabilities, (n, labels).
        answers: the artifact's, (n, labels); a row that is not finite counts as wrong.
        tolerance: of the artifact's precision.
        labels: of the contract, in order.
    """
    truth, finite = images.labels, np.asarray(np.isfinite(answers).all(axis=1))
    right = reference.argmax(axis=1) == truth
    kept = finite & (np.nan_to_num(answers).argmax(axis=1) == truth)
    low, high = accuracy_drop_interval(right, kept)
    verdict, reason, code = _decide(low, high, tolerance.accuracy_drop)
    test, usable = mcnemar(right, kept), np.where(finite[:, None], answers, 0).astype(np.float32)
    guesses = Guesses.of(reference), Guesses.of(usable)
    needed = _needed(test, len(images), tolerance.accuracy_drop) if code is Code.UNDECIDED else None
    if needed:
        reason = f"{reason}; about {needed:,} pictures would decide"
    return Accuracy(
        source=f"{images.source} sha256:{images.sha256}",
        samples=len(images),
        reference=round(float(right.mean()), 6),
        artifact=round(float(kept.mean()), 6),
        drop_interval=(round(low, 6), round(high, 6)),
        verdict=verdict,
        figures=AccuracyFigures(
            reason=reason,
            code=code,
            needed=needed,
            only_reference=test.only_first,
            only_artifact=test.only_second,
            mcnemar_p=round(test.p_value, 6),
            macro_f1=_compare(macro_f1, *guesses, truth, larger_is_worse=False),
            calibration_error=_compare(calibration_error, *guesses, truth, larger_is_worse=True),
            classes=_classes(truth, right, kept, labels),
        ),
    )


def _decide(low: float, high: float, allowed: float) -> tuple[str, str | None, Code | None]:
    said = f"accuracy drops by {low:.4f} to {high:.4f}, allowed is {allowed:g}"
    if low > allowed:
        return "fail", said, Code.DIFFERENT
    if high > allowed:
        return "not-run", f"undecided: {said}", Code.UNDECIDED
    return "pass", None, None


def _needed(test: McNemar, count: int, allowed: float) -> int | None:
    """Pictures with which the interval would leave the limit outside, disagreements as frequent as among these ``count``.

    Half of it is ``z sqrt(N d + 2) / N``, where d is their share and 2 what ``accuracy_drop_interval`` adds.
    """
    share = (test.only_first + test.only_second) / count
    away = abs((test.only_first - test.only_second) / count - allowed)
    noise = Z * Z * share
    wanted = (noise + math.sqrt(noise**2 + 8 * (Z * away) ** 2)) / (2 * away**2) if away > 0 else math.inf
    return math.ceil(wanted / 10) * 10 if wanted < MOST else None


def _compare(
    figure: Figure,
    reference: Guesses,
    answers: Guesses,
    truth: NDArray[np.int64],
    *,
    larger_is_worse: bool,
) -> Comparison:
    pair = (answers, reference) if larger_is_worse else (reference, answers)
    low, high = paired_interval(figure, *pair, truth)
    original, artifact = figure(reference, truth), figure(answers, truth)
    return Comparison(round(original, 6), round(artifact, 6), (round(low, 6), round(high, 6)))


def _classes(
    truth: NDArray[np.int64], right: NDArray[np.bool_], kept: NDArray[np.bool_], labels: Sequence[str]
) -> dict[str, ClassFigures]:
    return {
        labels[place]: ClassFigures(
            int((truth == place).sum()), int(right[truth == place].sum()), int(kept[truth == place].sum())
        )
        for place in np.unique(truth).tolist()
    }
