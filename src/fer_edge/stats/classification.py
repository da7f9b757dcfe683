"""Figures of a classifier over labeled pictures, and how much worse one is than another that answered the same pictures."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from fer_edge.stats.intervals import check_confidence

BINS = 15
"""Of the expected calibration error, of equal width: the number of Guo et al."""
RESAMPLES = 400
Figure = Callable[[NDArray[np.float32], NDArray[np.int64]], float]
"""Of probabilities (n, classes) and true places (n,)."""


def macro_f1(probabilities: NDArray[np.float32], truth: NDArray[np.int64]) -> float:
    """Mean of F1 over the classes that occur as truth or guess, 0..1.

    Source: Sokolova and Lapalme 2009, "A systematic analysis of performance measures for classification tasks".

    Args:
        probabilities: (n, classes).
        truth: (n,) places of the right classes.
    """
    guesses, classes = probabilities.argmax(axis=1), probabilities.shape[1]
    right = np.bincount(truth[guesses == truth], minlength=classes)
    ends = np.bincount(truth, minlength=classes) + np.bincount(guesses, minlength=classes)
    occurs = ends > 0
    return float(np.mean(2 * right[occurs] / ends[occurs]))


def calibration_error(probabilities: NDArray[np.float32], truth: NDArray[np.int64]) -> float:
    """Expected calibration error, 0..1: how far the probability of the first label is from how often it is right.

    Source: C. Guo et al. 2017, "On Calibration of Modern Neural Networks", equation 3.

    Args:
        probabilities: (n, classes).
        truth: (n,) places of the right classes.
    """
    sure, right = probabilities.max(axis=1).astype(np.float64), probabilities.argmax(axis=1) == truth
    places = np.clip(np.ceil(sure * BINS).astype(int) - 1, 0, BINS - 1)
    gaps = np.bincount(places, weights=right - sure, minlength=BINS)
    return float(np.abs(gaps).sum() / len(truth))


def paired_interval(
    figure: Figure,
    first: NDArray[np.float32],
    second: NDArray[np.float32],
    truth: NDArray[np.int64],
    *,
    confidence: float = 0.95,
    seed: int = 0,
) -> tuple[float, float]:
    """Percentile bootstrap interval of ``figure(first) - figure(second)``, pictures resampled in pairs.

    Source: Efron and Tibshirani 1993, "An Introduction to the Bootstrap", section 13.3.

    Args:
        figure: such as :func:`macro_f1`.
        first: probabilities of one classifier, (n, classes).
        second: the other's, of the same pictures in the same order.
        truth: (n,) places of the right classes.
        confidence: between 0 and 1, both exclusive.
        seed: the same seed gives the same interval.

    Returns:
        Lower and upper bound.
    """
    check_confidence(confidence)
    rng, count = np.random.default_rng(seed), len(truth)
    found = np.empty(RESAMPLES)
    for place in range(RESAMPLES):
        drawn = rng.integers(0, count, count)
        found[place] = figure(first[drawn], truth[drawn]) - figure(second[drawn], truth[drawn])
    tail = (1 - confidence) / 2
    low, high = np.quantile(found, (tail, 1 - tail))
    return float(low), float(high)
