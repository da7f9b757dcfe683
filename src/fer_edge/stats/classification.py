"""Figures of a classifier over labeled pictures, and how much worse one is than another that answered the same pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fer_edge.stats.intervals import check_confidence

BINS = 15
"""Of the expected calibration error, of equal width: the number of Guo et al."""
RESAMPLES = 400


@dataclass(frozen=True, slots=True)
class Guesses:
    """What a classifier guesses of each picture.

    Attributes:
        places: (n,) of the first label.
        sure: (n,) its probability.
        classes: how many there are.
    """

    places: NDArray[np.int64]
    sure: NDArray[np.float64]
    classes: int

    @classmethod
    def of(cls, probabilities: NDArray[np.float32]) -> Guesses:
        """Those of probabilities (n, classes)."""
        sure = probabilities.max(axis=1).astype(np.float64)
        return cls(probabilities.argmax(axis=1), sure, probabilities.shape[1])

    def take(self, drawn: NDArray[np.int64]) -> Guesses:
        """Those of some pictures."""
        return Guesses(self.places[drawn], self.sure[drawn], self.classes)


Figure = Callable[[Guesses, NDArray[np.int64]], float]
"""Of guesses and true places (n,)."""


def macro_f1(guesses: Guesses, truth: NDArray[np.int64]) -> float:
    """Mean of F1 over the classes that occur as truth or guess, 0..1.

    Source: Sokolova and Lapalme 2009, "A systematic analysis of performance measures for classification tasks".

    Args:
        guesses: of n pictures.
        truth: (n,) places of the right classes.
    """
    places, classes = guesses.places, guesses.classes
    right = np.bincount(truth[places == truth], minlength=classes)
    ends = np.bincount(truth, minlength=classes) + np.bincount(places, minlength=classes)
    occurs = ends > 0
    return float(np.mean(2 * right[occurs] / ends[occurs]))


def calibration_error(guesses: Guesses, truth: NDArray[np.int64]) -> float:
    """Expected calibration error, 0..1: how far the probability of the first label is from how often it is right.

    Source: C. Guo et al. 2017, "On Calibration of Modern Neural Networks", equation 3.

    Args:
        guesses: of n pictures.
        truth: (n,) places of the right classes.
    """
    sure, right = guesses.sure, guesses.places == truth
    places = np.clip(np.ceil(sure * BINS).astype(int) - 1, 0, BINS - 1)
    gaps = np.bincount(places, weights=right - sure, minlength=BINS)
    return float(np.abs(gaps).sum() / len(truth))


def paired_interval(
    figure: Figure,
    first: Guesses,
    second: Guesses,
    truth: NDArray[np.int64],
    *,
    confidence: float = 0.95,
    seed: int = 0,
) -> tuple[float, float]:
    """Percentile bootstrap interval of ``figure(first) - figure(second)``, pictures resampled in pairs.

    Source: Efron and Tibshirani 1993, "An Introduction to the Bootstrap", section 13.3.

    Args:
        figure: such as :func:`macro_f1`.
        first: of one classifier.
        second: of the other, for the same pictures in the same order.
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
        right = truth[drawn]
        found[place] = figure(first.take(drawn), right) - figure(second.take(drawn), right)
    tail = (1 - confidence) / 2
    low, high = np.quantile(found, (tail, 1 - tail))
    return float(low), float(high)
