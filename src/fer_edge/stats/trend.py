"""Does a series drift? Whether it does (Mann-Kendall), and by how much (Theil-Sen)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fer_edge.runtime.extras import require


@dataclass(frozen=True, slots=True)
class Trend:
    """The outcome.

    Attributes:
        p_value: two-sided, 0..1; small: the series rises or falls and does not merely scatter.
        change: what the Theil-Sen line changes over the whole series, as a share of the median; 0.05 is 5 % up.
    """

    p_value: float
    change: float


def trend(times: ArrayLike, values: ArrayLike) -> Trend:
    """Mann-Kendall test, corrected for values that resemble their neighbors, and Theil-Sen slope.

    Source: Mann 1945, "Nonparametric Tests Against Trend", Econometrica 13; Sen 1968, "Estimates of the Regression
    Coefficient Based on Kendall's Tau", JASA 63. The variance is enlarged by (1 + r) / (1 - r), r being the correlation
    of neighbors after the slope was taken out (Yue and Wang 2004, Water Resources Management 18, for a first-order
    process); without it two states that a machine flips between pass for a trend.

    Args:
        times: (n,) when each value was taken, ascending.
        values: (n,) positive.

    Returns:
        p value and change; fewer than four values: no trend (1, 0).

    Raises:
        ValueError: rows of different length, or values that are not positive.
    """
    x, y = np.asarray(times, np.float64), np.asarray(values, np.float64)
    if x.ndim != 1 or x.shape != y.shape or not (np.isfinite(y).all() and (y > 0).all()):
        raise ValueError(
            f"a trend needs two rows of equal length and positive values; got {x.shape}, {y.shape}"
        )
    n = y.size
    if n < 4:
        return Trend(1.0, 0.0)
    early, late = np.triu_indices(n, 1)
    score = int(np.sign(y[late] - y[early]).sum())
    slope = _slope(x[late] - x[early], y[late] - y[early])
    variance = _variance(y) * _inflation(y - slope * x)
    change = slope * float(x[-1] - x[0]) / float(np.median(y))
    if variance == 0:
        return Trend(1.0, change)
    z = (abs(score) - 1) / math.sqrt(variance) if score else 0.0
    return Trend(float(2 * require("scipy.special", "stats").ndtr(-z)) if z > 0 else 1.0, change)


def _slope(steps: NDArray[np.float64], rises: NDArray[np.float64]) -> float:
    moved = steps > 0
    return float(np.median(rises[moved] / steps[moved])) if moved.any() else 0.0


def _variance(values: NDArray[np.float64]) -> float:
    """Of the score under no trend, with ties."""
    n = values.size
    _, ties = np.unique(values, return_counts=True)
    tied = float((ties * (ties - 1) * (2 * ties + 5)).sum())
    return (n * (n - 1) * (2 * n + 5) - tied) / 18


def _inflation(rest: NDArray[np.float64]) -> float:
    centered = rest - rest.mean()
    total = float((centered**2).sum())
    if total == 0:
        return 1.0
    neighbors = min(0.95, float((centered[1:] * centered[:-1]).sum()) / total)
    return max(1.0, (1 + neighbors) / (1 - neighbors))
