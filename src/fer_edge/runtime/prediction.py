"""Prediction: the probabilities of one face."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Prediction:
    """Probabilities of all emotions.

    Attributes:
        probabilities: in label order; each value is exactly a float32.
    """

    probabilities: dict[str, float]

    @classmethod
    def of(cls, labels: tuple[str, ...], values: NDArray[np.float32]) -> Prediction:
        """From a model's output.

        Args:
            labels: in the order of the output.
            values: (labels,) float32, 0 to 1.
        """
        return cls(dict(zip(labels, values.tolist(), strict=True)))

    @property
    def label(self) -> str:
        """The most probable one; the earlier in label order of equals."""
        return self.top(1)[0][0]

    def top(self, n: int) -> list[tuple[str, float]]:
        """The ``n`` most probable labels with their probabilities, highest first; equals keep label order.

        Args:
            n: how many; more than there are gives all of them.
        """
        ranked = sorted(self.probabilities.items(), key=lambda item: -item[1])
        return ranked[: max(n, 0)]
