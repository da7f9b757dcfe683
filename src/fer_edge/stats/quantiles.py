"""A quantile of measured times and where the true one lies, without a formula for the times' distribution."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fer_edge.runtime.extras import require
from fer_edge.stats.intervals import check_confidence


@dataclass(frozen=True, slots=True)
class Quantile:
    """One quantile.

    Attributes:
        value: the sample's own quantile; None where there are too few samples for an interval.
        low: lower end of the interval, one of the samples.
        high: upper end, one of the samples.
        needed: samples that would give an interval, if they are as tied together as these; 0 where there is one.
    """

    value: float | None
    low: float | None
    high: float | None
    needed: int = 0


def quantile_interval(
    samples: ArrayLike, q: float, *, confidence: float = 0.95, blocks: Sequence[int] = ()
) -> Quantile:
    """The q-quantile with its order-statistic interval.

    Of n independent samples the number below the true quantile is Binomial(n, q), whatever their distribution; the
    interval runs between the two samples whose ranks enclose it with the confidence (David and Nagaraja 2003, "Order
    Statistics", section 7.1). Samples of one block (a turn of a process) resemble each other, so n is replaced by the
    number of independent samples that they are worth, n / design effect of "below the quantile" (Woodruff 1952,
    "Confidence Intervals for Medians and Other Position Measures", JASA 47).

    Args:
        samples: (n,) finite.
        q: between 0 and 1, such as 0.99.
        confidence: between 0 and 1.
        blocks: sizes of the blocks, in the order of the samples, adding up to n; none: independent samples.

    Raises:
        ValueError: no samples, not finite, sizes that do not add up, or q or confidence out of range.
    """
    values = _checked(samples, q, confidence)
    order = np.sort(values)
    point = float(np.quantile(order, q, method="inverted_cdf"))
    worth = values.size / design_effect(values <= point, blocks)
    ranks = _ranks(worth, q, confidence)
    if ranks is None:
        return Quantile(None, None, None, math.ceil(smallest(q, confidence) * values.size / worth))
    low, high, of = ranks
    # Whole numbers: 29 / 100 * 100 is 28.99..., which would take the sample before.
    return Quantile(point, float(order[low * values.size // of]), float(order[-(-high * values.size // of)]))


def smallest(q: float, confidence: float = 0.95) -> int:
    """The fewest independent samples with which the q-quantile's interval has two ends.

    The largest of n samples lies below the q-quantile with probability q**n, the smallest above it with (1 - q)**n.
    """
    tail = (1 - confidence) / 2
    return math.ceil(math.log(tail) / math.log(max(q, 1 - q)))


def design_effect(flags: NDArray[np.bool_], blocks: Sequence[int]) -> float:
    """By how much blocks make a share's variance larger than independent samples would: 1 or more.

    Args:
        flags: (n,) whether each sample counts.
        blocks: sizes of the blocks in order; fewer than two: 1.

    Raises:
        ValueError: sizes that do not add up to n.
    """
    sizes = np.asarray([size for size in blocks if size], np.int64)
    if sizes.size < 2:
        return 1.0
    if int(sizes.sum()) != flags.size:
        raise ValueError(f"blocks hold {int(sizes.sum())} samples, but {flags.size} came")
    share = float(flags.mean())
    plain = share * (1 - share) / flags.size
    if plain == 0:
        return 1.0
    starts = np.concatenate(([0], np.cumsum(sizes)[:-1]))
    # A ratio estimator's variance: sums of residuals by block (Cochran 1977, "Sampling Techniques", section 3.12).
    sums = np.add.reduceat(flags - share, starts)
    clustered = sizes.size / (sizes.size - 1) * float((sums**2).sum()) / flags.size**2
    return max(1.0, clustered / plain)


def _ranks(worth: float, q: float, confidence: float) -> tuple[int, int, int] | None:
    """Ends of the interval, counted from 0, and of how many samples; None if one end would lie outside of them."""
    n = math.floor(worth)
    if n < smallest(q, confidence):
        return None
    tail = (1 - confidence) / 2
    binomial = require("scipy.stats", "stats").binom(n, q)
    # The largest a with P(B < a) <= tail, the smallest b with P(B >= b) <= tail; the interval is from X(a) to X(b).
    low = int(binomial.ppf(tail))
    high = int(binomial.ppf(1 - tail)) + 1
    if low < 1 or high > n:
        return None
    return low - 1, high - 1, n


def _checked(samples: ArrayLike, q: float, confidence: float) -> NDArray[np.float64]:
    check_confidence(confidence)
    if not 0 < q < 1:
        raise ValueError(f"quantile {q} is not between 0 and 1; the median is 0.5")
    values = np.asarray(samples, np.float64)
    if values.ndim != 1 or values.size == 0 or not np.isfinite(values).all():
        raise ValueError(f"expected finite samples in one row, at least one; got shape {values.shape}")
    return values
