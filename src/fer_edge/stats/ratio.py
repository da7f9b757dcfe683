"""By how much one thing is slower than another: the ratio of paired times, with an interval that keeps its word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fer_edge.runtime.extras import require
from fer_edge.stats.intervals import check_confidence
from fer_edge.stats.location import hodges_lehmann, hodges_lehmann_rows, winsorized_error

FEWEST_TO_RESAMPLE = 6
"""Fewer clusters than this have too few different resamples; Student's t takes over."""
RESAMPLES = 4999
MOST_TO_PAIR = 64
"""Clusters above which all pair means of all resamples would be gigabytes."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """Second over first: 1.03 is 3 % slower.

    Attributes:
        value: the estimate.
        low: lower end of its interval; 0 where nothing is known.
        high: upper end; infinity where nothing is known.
        clusters: how many independent estimates it rests on.
    """

    value: float
    low: float
    high: float
    clusters: int

    @property
    def verdict(self) -> str:
        """``slower``, ``faster`` or ``not distinguishable``: whether the interval leaves out 1, and on which side."""
        if self.low > 1:
            return "slower"
        return "faster" if self.high < 1 else "not distinguishable"


def paired_ratio(
    pairs: Sequence[tuple[ArrayLike, ArrayLike]],
    *,
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Ratio:
    """The ratio from clusters of pairs, such as the generations of processes of a benchmark.

    Within a cluster the two members of a pair were measured side by side, so what disturbs both leaves their ratio
    alone; the cluster's estimate is the Hodges-Lehmann location of the log ratios, which bears the pairs that only one
    member was disturbed in. Pairs of one cluster share what the process got (its memory layout), so only clusters count
    as independent: see :func:`location_interval`.

    Args:
        pairs: for each cluster (first, second), both (k,) positive, pair by pair.
        confidence: between 0 and 1.
        resamples: of the bootstrap.
        seed: the same seed gives the same interval.

    Raises:
        ValueError: no cluster, members of different number, or times that are not positive.
    """
    logs = [_log_ratios(first, second) for first, second in pairs]
    return ratio_of_logs([hodges_lehmann(values) for values in logs], confidence, resamples, seed)


def ratio_of_logs(
    estimates: Sequence[float], confidence: float = 0.95, resamples: int = RESAMPLES, seed: int = 0
) -> Ratio:
    """The ratio from one log ratio a cluster."""
    if not estimates:
        raise ValueError("no pairs came; a ratio needs at least one")
    value, low, high = location_interval(np.asarray(estimates, np.float64), confidence, resamples, seed)
    return Ratio(float(np.exp(value)), float(np.exp(low)), float(np.exp(high)), len(estimates))


def location_interval(
    values: NDArray[np.float64], confidence: float = 0.95, resamples: int = RESAMPLES, seed: int = 0
) -> tuple[float, float, float]:
    """The location of a few independent estimates, and the symmetric studentized bootstrap interval of that.

    The location is Hodges and Lehmann's, the error that studentizes it the winsorized one: of eight generations one may
    have met a machine that changed its speed in the middle. Source: Hall 1988, "Theoretical Comparison of Bootstrap
    Confidence Intervals", Annals of Statistics 16, section 4 (symmetric intervals); Wilcox 2012, "Introduction to Robust
    Estimation and Hypothesis Testing", section 4.4.3 (of a robust location). With 6 to 16 clusters it holds the truth in
    93 to 97 % for normal, skewed and contaminated estimates alike; the percentile interval of eight holds it in 88 %, and
    the mean's studentized interval of contaminated ones in 98 % and more, being three times as wide
    (``tests/stats/test_ratio.py``). Below ``FEWEST_TO_RESAMPLE`` values: mean and Student's t interval.

    Args:
        values: (n,) finite; one value: the interval is everything.
        confidence: between 0 and 1.
        resamples: of the bootstrap.
        seed: of the resampling.

    Returns:
        Location, lower and upper end.
    """
    check_confidence(confidence)
    n = values.size
    if n == 1:
        return float(values[0]), -np.inf, np.inf
    if n < FEWEST_TO_RESAMPLE:
        mean, error = float(values.mean()), float(values.std(ddof=1)) / n**0.5
        times = float(require("scipy.stats", "stats").t.ppf((1 + confidence) / 2, n - 1))
        return mean, mean - times * error, mean + times * error
    value, error = _located(values)
    drawn = values[np.random.default_rng(seed).integers(0, n, (resamples, n))]
    times = _times(*_located(drawn), value, confidence)
    return float(value), float(value - times * error), float(value + times * error)


def _located(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Location and its error, row by row; of very many clusters the mean, which needs no robustness then."""
    n = values.shape[-1]
    if n > MOST_TO_PAIR:
        return values.mean(axis=-1), values.std(axis=-1, ddof=1) / n**0.5
    return hodges_lehmann_rows(values), winsorized_error(values)


def _times(
    locations: NDArray[np.float64], errors: NDArray[np.float64], center: Any, confidence: float
) -> float:
    """The distance in errors from the center that the resamples keep, in that share of them."""
    usable = errors > np.finfo(np.float64).eps * (1 + abs(float(center)))
    if not usable.any():
        return 0.0
    return float(np.quantile(np.abs(locations[usable] - center) / errors[usable], confidence))


def _log_ratios(first: ArrayLike, second: ArrayLike) -> NDArray[np.float64]:
    a, b = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if a.ndim != 1 or a.shape != b.shape or a.size == 0:
        raise ValueError(f"pairs need two rows of equal length, at least one; got {a.shape} and {b.shape}")
    if not (np.isfinite(a).all() and np.isfinite(b).all() and (a > 0).all() and (b > 0).all()):
        raise ValueError("times of a ratio must be positive and finite")
    return np.asarray(np.log(b / a), np.float64)


def unpaired_ratio(
    first: Sequence[float],
    second: Sequence[float],
    *,
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Ratio:
    """The ratio of two runs that were not measured side by side, from one log time a cluster of each.

    Symmetric studentized bootstrap of the difference of two locations, as in :func:`location_interval`; below
    ``FEWEST_TO_RESAMPLE`` clusters on a side: means and Welch's t interval (Welch 1947, Biometrika 34).

    Args:
        first: log times of the first run's clusters.
        second: of the second's.
        confidence: between 0 and 1.
        resamples: of the bootstrap.
        seed: of the resampling.

    Raises:
        ValueError: a side without clusters.
    """
    check_confidence(confidence)
    a, b = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if a.size == 0 or b.size == 0:
        raise ValueError("a ratio needs at least one cluster on each side")
    fewest = min(a.size, b.size)
    if fewest >= FEWEST_TO_RESAMPLE:
        difference, half = _difference(a, b, confidence, resamples, seed)
    else:
        difference, half = _welch(a, b, confidence)
    ends = (difference - half, difference + half)
    return Ratio(float(np.exp(difference)), float(np.exp(ends[0])), float(np.exp(ends[1])), fewest)


def _welch(a: NDArray[np.float64], b: NDArray[np.float64], confidence: float) -> tuple[float, float]:
    """Difference of means and half its interval; without end where a side has one cluster."""
    difference = float(b.mean() - a.mean())
    if min(a.size, b.size) == 1:
        return difference, np.inf
    parts = [float(side.var(ddof=1)) / side.size for side in (a, b)]
    total = sum(parts)
    if total == 0:
        return difference, 0.0
    freedom = total**2 / sum(part**2 / (side.size - 1) for part, side in zip(parts, (a, b), strict=True))
    times = float(require("scipy.stats", "stats").t.ppf((1 + confidence) / 2, freedom))
    return difference, times * total**0.5


def _difference(
    a: NDArray[np.float64], b: NDArray[np.float64], confidence: float, resamples: int, seed: int
) -> tuple[float, float]:
    """Difference of locations and half its bootstrap interval."""
    generator = np.random.default_rng(seed)
    (first, first_error), (second, second_error) = _located(a), _located(b)
    moved, errors = np.zeros(resamples), np.zeros(resamples)
    for values, sign in ((a, -1.0), (b, 1.0)):
        drawn = values[generator.integers(0, values.size, (resamples, values.size))]
        locations, own = _located(drawn)
        moved += sign * locations
        errors += own**2
    difference = float(second - first)
    times = _times(moved, errors**0.5, difference, confidence)
    return difference, times * float(first_error**2 + second_error**2) ** 0.5
