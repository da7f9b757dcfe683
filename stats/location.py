"""Where measurements lie, hardly moved by the few that something disturbed."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def hodges_lehmann(values: ArrayLike) -> float:
    """Median of the means of all pairs, each value paired with itself too.

    Source: Hodges and Lehmann 1963, "Estimates of Location Based on Rank Tests", Annals of Mathematical Statistics 34.
    It bears 29 % of wild values, and for normal ones needs only 5 % more of them than the mean does (the median: 57 %).

    Args:
        values: (n,) finite, at least one; n squared numbers are held at a time.

    Raises:
        ValueError: no values, or not finite.
    """
    array = np.asarray(values, np.float64)
    if array.ndim != 1 or array.size == 0 or not np.isfinite(array).all():
        raise ValueError(f"expected finite values in one row, at least one; got shape {array.shape}")
    rows, columns = np.triu_indices(array.size)
    return float(np.median((array[rows] + array[columns]) / 2))
