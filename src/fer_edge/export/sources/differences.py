"""How far two sets of answers are apart."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

MAX_ABS = 1e-5
"""Of any probability: float32 sums in another order."""

Answers = NDArray[np.floating[Any]]


def measure_difference(ours: Answers, theirs: Answers, kind: str, final: str = "") -> tuple[float, float]:
    """Largest difference of any probability, and share of equal first labels.

    Args:
        ours: the module's answers, (n, labels).
        theirs: the file's, likewise.
        kind: what the module answers, ``logits`` or ``probabilities``.
        final: ``sigmoid`` where the file ends in those and the module does not.
    """
    apart, left, right = find_differences(ours, theirs, kind, final)
    ordered = np.sort(right, axis=1)
    clear = ordered[:, -1] - ordered[:, -2] > 2 * MAX_ABS if right.shape[1] > 1 else np.ones(len(right), bool)
    same = (left.argmax(1) == right.argmax(1))[clear]
    return float(apart.max()), float(same.mean()) if same.size else 1.0


def find_differences(
    ours: Answers, theirs: Answers, kind: str, final: str = ""
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Absolute differences of probabilities, and these themselves, (n, labels) each; see ``measure_difference``."""
    left, right = ours.astype(np.float64), theirs.astype(np.float64)
    if final == "sigmoid":
        left = 1 / (1 + np.exp(-left))
    elif kind == "logits":
        left, right = _softmax(left), _softmax(right)
    return np.abs(left - right), left, right


def _softmax(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    shares = np.exp(rows - rows.max(axis=1, keepdims=True))
    found: NDArray[np.float64] = shares / shares.sum(axis=1, keepdims=True)
    return found
