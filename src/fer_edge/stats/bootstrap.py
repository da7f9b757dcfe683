"""The accuracy that was lost, with an interval: both models answered the same pictures."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from fer_edge.stats.intervals import check_confidence
from fer_edge.stats.paired import paired_flags


def accuracy_drop_interval(
    reference: ArrayLike,
    artifact: ArrayLike,
    *,
    confidence: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
) -> tuple[float, float]:
    """Percentile bootstrap interval of ``accuracy(reference) - accuracy(artifact)``, pictures resampled in pairs.

    Source: Efron and Tibshirani 1993, "An Introduction to the Bootstrap", section 13.3. A picture contributes 1 (only
    the reference was right), -1 (only the artifact) or 0, so a resample of n pictures is one multinomial draw of three
    counts: the same distribution as drawing n indices, in a few milliseconds for any n.

    One disagreement of each kind is added before resampling: pictures on which two models happen to agree would otherwise
    prove, however few they are, that nothing is lost. Of n of those the interval is then +-3/n, the rule of three. Source:
    D. G. Bonett and R. M. Price 2012, "Adjusted Wald Confidence Interval for a Difference of Binomial Proportions Based
    on Paired Data", Journal of Educational and Behavioral Statistics 37.

    Args:
        reference: (n,) bool, whether the original was right on each picture.
        artifact: (n,) bool, the same pictures in the same order.
        confidence: between 0 and 1, both exclusive.
        resamples: number of draws.
        seed: the same seed gives the same interval.

    Returns:
        Lower and upper bound in -1..1; positive: the artifact is worse.

    Raises:
        ValueError: different lengths, no pictures, values other than true and false, or a confidence out of range.
    """
    check_confidence(confidence)
    if resamples < 1:
        raise ValueError(f"resamples must be at least 1, got {resamples}")
    a, b = paired_flags(reference, artifact)
    lost, gained = int((a & ~b).sum()), int((~a & b).sum())
    counts, total = np.array([lost + 1, gained + 1, a.size - lost - gained]), a.size + 2
    draws = np.random.default_rng(seed).multinomial(total, counts / total, size=resamples)
    drops = (draws[:, 0] - draws[:, 1]) / total
    tail = (1 - confidence) / 2
    low, high = np.quantile(drops, (tail, 1 - tail))
    return float(low), float(high)
