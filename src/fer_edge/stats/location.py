"""The location of measurements, hardly moved by the few that something disturbed."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

MOST_LISTED = 2000
"""Values whose pairs are listed; of more, whose pairs would fill the memory, they are counted instead."""


def hodges_lehmann(values: ArrayLike) -> float:
    """Median of the means of all pairs, each value paired with itself too.

    Source: Hodges and Lehmann 1963, "Estimates of Location Based on Rank Tests", Annals of Mathematical Statistics 34.
    It bears 29 % of wild values, and for normal ones needs only 5 % more of them than the mean does (the median: 57 %).

    Args:
        values: (n,) finite, at least one.

    Raises:
        ValueError: no values, or not finite.
    """
    array = np.asarray(values, np.float64)
    if array.ndim != 1 or array.size == 0 or not np.isfinite(array).all():
        raise ValueError(f"expected finite values in one row, at least one; got shape {array.shape}")
    if array.size > MOST_LISTED:
        return _counted(np.sort(array))
    return float(hodges_lehmann_rows(array))


def hodges_lehmann_rows(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same for each row.

    Args:
        values: (..., n) finite, n at least 1.

    Returns:
        (...) one location a row.
    """
    first, second = np.triu_indices(values.shape[-1])
    means: NDArray[np.float64] = np.median((values[..., first] + values[..., second]) / 2, axis=-1)
    return means


def winsorized_error(values: NDArray[np.float64], share: float = 0.2) -> NDArray[np.float64]:
    """Standard error of a trimmed mean: the extremes count as their next neighbors.

    Source: Wilcox 2012, "Introduction to Robust Estimation and Hypothesis Testing", section 3.3.2.

    Args:
        values: (..., n) finite, n at least 4.
        share: that is drawn in on each side; at least one value.

    Returns:
        (...) one error a row.
    """
    ordered = np.sort(values, axis=-1)
    n = ordered.shape[-1]
    drawn = max(1, int(share * n))
    ordered[..., :drawn] = ordered[..., drawn : drawn + 1]
    ordered[..., n - drawn :] = ordered[..., n - drawn - 1 : n - drawn]
    errors: NDArray[np.float64] = ordered.std(axis=-1, ddof=1) / ((1 - 2 * drawn / n) * n**0.5)
    return errors


def _counted(order: NDArray[np.float64]) -> float:
    """The same to the last digits, by bisection: how many pairs have a mean of at most x, without listing them.

    Args:
        order: (n,) sorted.
    """
    own = np.arange(order.size)
    pairs = order.size * (order.size + 1) // 2
    low, high = float(order[0]), float(order[-1])
    for _ in range(64):  # the digits of a float and some
        middle = (low + high) / 2
        below = np.searchsorted(order, 2 * middle - order, side="right")
        if 2 * int(np.maximum(0, below - own).sum()) < pairs:
            low = middle
        else:
            high = middle
    return high
