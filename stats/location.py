"""Where measurements lie, hardly moved by the few that something disturbed."""

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
    rows, columns = np.triu_indices(array.size)
    return float(np.median((array[rows] + array[columns]) / 2))


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
