"""Answers for one face, steadied over time: the same numbers in Python, Kotlin and TypeScript.

An exponential average that counts seconds, not frames, so that a slow machine shows the same as a fast one. It is made of
additions, multiplications and divisions of float64 alone, which every language rounds alike; ``pow`` and ``exp`` are not.
``tests/golden/smoothing`` holds it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fer_edge.runtime.errors import FerEdgeError

HALF_LIFE_SECONDS = 0.25
RESET_SECONDS = 1.0

_LN_2 = 0.6931471805599453

_TERMS = 17
"""Of the series of exp(-x): the next one is below 1e-18 for x up to ln 2."""

_FORGOTTEN = 64.0
"""Half lives after which nothing is left that a float32 could show."""


class ProbabilitySmoother:
    """The average of the answers for one face; after a half life an old answer has half of its weight.

    The first answer stands as it is, and so does one that comes after a pause or from an earlier time.
    """

    def __init__(
        self,
        labels: int,
        half_life_seconds: float = HALF_LIFE_SECONDS,
        reset_seconds: float = RESET_SECONDS,
    ) -> None:
        """Start with no answer.

        Args:
            labels: how many probabilities an answer has, at least 1.
            half_life_seconds: above 0 and finite; 0.15 to 0.4 look calm without lagging.
            reset_seconds: above 0; an answer that comes later than this after the one before starts anew.

        Raises:
            FerEdgeError: a number that is not allowed.
        """
        if labels < 1:
            raise FerEdgeError(f"{labels} labels; allowed: at least 1")
        if not 0 < half_life_seconds < math.inf or not reset_seconds > 0:
            raise FerEdgeError(
                f"half life is {half_life_seconds} s and reset {reset_seconds} s; allowed: above 0"
            )
        self._half_life = float(half_life_seconds)
        self._reset = float(reset_seconds)
        self._average = np.zeros(labels, np.float32)
        self._last_nanos: int | None = None

    def update(
        self, probabilities: Sequence[float] | NDArray[np.float32], time_nanos: int
    ) -> NDArray[np.float32]:
        """Add an answer.

        Args:
            probabilities: (labels,), of one picture; read as float32.
            time_nanos: of that picture, on any clock that runs forward.

        Returns:
            (labels,) float32: the average so far.

        Raises:
            FerEdgeError: another number of probabilities than labels.
        """
        answer = np.asarray(probabilities, np.float32).astype(np.float64)
        if answer.shape != self._average.shape:
            raise FerEdgeError(f"{answer.size} probabilities; allowed: {self._average.size}")
        kept = self._kept(time_nanos)
        self._average = (kept * self._average.astype(np.float64) + (1.0 - kept) * answer).astype(np.float32)
        self._last_nanos = time_nanos
        return self._average.copy()

    def reset(self) -> None:
        """Forget everything: another face."""
        self._last_nanos = None

    def _kept(self, time_nanos: int) -> float:
        """The weight of the average so far, 0..1."""
        if self._last_nanos is None:
            return 0.0
        seconds = (time_nanos - self._last_nanos) / 1e9
        if seconds < 0 or seconds > self._reset:
            return 0.0
        return half_to_the(seconds / self._half_life)


def half_to_the(exponent: float) -> float:
    """0.5 to the power of a number that is not negative; 0 where that is below 2^-64.

    The whole part by halving, the rest by the series of exp(-x) from its last term on: within 2e-16 of the exact value.
    """
    if exponent >= _FORGOTTEN:
        return 0.0
    whole = int(exponent)
    rest = (exponent - whole) * _LN_2
    power = 1.0
    for term in range(_TERMS, 0, -1):
        power = 1.0 - rest / term * power
    for _ in range(whole):
        power *= 0.5
    return power
