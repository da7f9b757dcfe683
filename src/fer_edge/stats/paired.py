"""Do two models differ, when both answered the same pictures?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from fer_edge.runtime.extras import require


@dataclass(frozen=True, slots=True)
class McNemar:
    """The outcome of the exact test.

    Attributes:
        only_first: pictures that only the first model got right.
        only_second: pictures that only the second model got right.
        p_value: two-sided, 0..1; 1 when the models never disagree.
    """

    only_first: int
    only_second: int
    p_value: float


def mcnemar(first: ArrayLike, second: ArrayLike) -> McNemar:
    """McNemar's test in its exact form: among the disagreements each side wins half under the null hypothesis.

    Source: Q. McNemar 1947, "Note on the sampling error of the difference between correlated proportions or
    percentages", Psychometrika 12; for classifiers: Dietterich 1998, "Approximate Statistical Tests for Comparing
    Supervised Classification Learning Algorithms". The exact form needs no minimum count.

    Args:
        first: (n,) bool, whether the first model was right on each picture.
        second: (n,) bool, the same pictures in the same order.

    Raises:
        ValueError: different lengths, no pictures, or values other than true and false.
    """
    a, b = paired_flags(first, second)
    only_first, only_second = int((a & ~b).sum()), int((~a & b).sum())
    disagreements = only_first + only_second
    if disagreements == 0:
        return McNemar(only_first, only_second, 1.0)
    test = require("scipy.stats", "stats").binomtest(only_first, disagreements, 0.5)
    return McNemar(only_first, only_second, float(test.pvalue))


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values that account for one another: at most 5 % of the times any of the true null hypotheses falls below 5 %.

    Source: S. Holm 1979, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6.

    Args:
        p_values: (n,) each 0..1.

    Returns:
        As many, in the same order, each at least what it was and at most 1.
    """
    adjusted, least = [0.0] * len(p_values), 0.0
    for rank, at in enumerate(sorted(range(len(p_values)), key=lambda at: p_values[at])):
        least = max(least, min(1.0, (len(p_values) - rank) * p_values[at]))
        adjusted[at] = least
    return adjusted


def paired_flags(
    first: ArrayLike, second: ArrayLike
) -> tuple[np.ndarray[tuple[int], np.dtype[np.bool_]], np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    """Two (n,) bool arrays over the same pictures.

    Raises:
        ValueError: different lengths, no pictures, or values other than true and false.
    """
    flags = []
    for values in (first, second):
        array = np.asarray(values)
        if array.ndim != 1 or array.size == 0:
            raise ValueError(f"expected one flag a picture, got shape {array.shape}")
        if array.dtype != np.bool_ and not np.isin(array, (0, 1)).all():
            raise ValueError("expected flags (right or wrong), got other values")
        flags.append(array.astype(np.bool_))
    if flags[0].shape != flags[1].shape:
        raise ValueError(
            f"the two models answered {flags[0].size} and {flags[1].size} pictures, not the same ones"
        )
    return flags[0], flags[1]
