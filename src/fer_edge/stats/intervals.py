"""The interval of a proportion, such as an accuracy over n pictures."""

from __future__ import annotations

import math

from fer_edge.runtime.extras import require


def wilson(successes: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval: sound for few trials and for proportions near 0 and 1.

    Source: E. B. Wilson 1927, "Probable Inference, the Law of Succession, and Statistical Inference", JASA 22;
    recommended over the Wald interval by Brown, Cai and DasGupta 2001, "Interval Estimation for a Binomial Proportion".

    Args:
        successes: 0 to ``trials``.
        trials: 1 or more.
        confidence: between 0 and 1, both exclusive.

    Returns:
        Lower and upper bound, both in 0..1.

    Raises:
        ValueError: a number outside its range.
    """
    _check(successes, trials, confidence)
    z = float(require("scipy.special", "stats").ndtri((1 + confidence) / 2))
    share = successes / trials
    scale = 1 / (1 + z * z / trials)
    center = scale * (share + z * z / (2 * trials))
    half = scale * z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    # At the ends the bound is 0 or 1 exactly; rounding must not move it outside or inside.
    low = 0.0 if successes == 0 else max(0.0, center - half)
    high = 1.0 if successes == trials else min(1.0, center + half)
    return low, high


def clopper_pearson(successes: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """Clopper and Pearson's exact interval: never narrower than it claims, so what it excludes is excluded.

    Source: C. J. Clopper and E. S. Pearson 1934, "The Use of Confidence or Fiducial Limits Illustrated in the Case of the
    Binomial", Biometrika 26.

    Args:
        successes: 0 to ``trials``.
        trials: 1 or more.
        confidence: between 0 and 1, both exclusive.

    Returns:
        Lower and upper bound, both in 0..1.

    Raises:
        ValueError: a number outside its range.
    """
    _check(successes, trials, confidence)
    # As quantiles of beta distributions; scipy.stats finds the same by search, and costs half a second to import.
    inverse, tail = require("scipy.special", "stats").betaincinv, (1 - confidence) / 2
    low = float(inverse(successes, trials - successes + 1, tail)) if successes else 0.0
    high = float(inverse(successes + 1, trials - successes, 1 - tail)) if successes < trials else 1.0
    return low, high


def _check(successes: int, trials: int, confidence: float) -> None:
    if trials < 1 or not 0 <= successes <= trials:
        raise ValueError(
            f"{successes} of {trials} is not a proportion: 0 <= successes <= trials, trials >= 1"
        )
    check_confidence(confidence)


def check_confidence(confidence: float) -> None:
    """Refuse a confidence that is not strictly between 0 and 1.

    Raises:
        ValueError: such as 95 for 0.95.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence {confidence} is not between 0 and 1; 95 % is 0.95")
