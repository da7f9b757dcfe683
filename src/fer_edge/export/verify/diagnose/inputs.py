"""The tensor of a dump against what its frame gives: right, and by each mistake and pair of mistakes."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.mistakes.catalog import BY_NAME, RIGHT, Steps, applicable, hypotheses
from fer_edge.export.mistakes.preparation import Preparation, make_tensor
from fer_edge.export.verify.diagnose.candidates import Bounds, Candidate, merge_equal, rank
from fer_edge.runtime.errors import FrameError

LEVELS = Bounds(floor=0.002, explained=0.75)
"""In gray levels of 255, on average: float rounding is 1e-4; the scaler nearest to the camera path's is half a level away."""
FARTHEST = 255.0


def rank_preparations(preparation: Preparation, observed: NDArray[Any]) -> list[Candidate]:
    """What the frame gives by each hypothesis, against what the engine got.

    Args:
        preparation: of the dump's frame, for the contract.
        observed: in the contract's shape and dtype.

    Returns:
        Candidates, best first; distances in gray levels of 255, on average.
    """
    mistakes = applicable(preparation.contract, preparation.frame, boxed=preparation.box is not None)
    candidates, keys = [], []
    swapped = observed.byteswap()
    for steps in hypotheses(mistakes, 2):
        try:
            found = _distance(preparation, steps, swapped if steps.memory == "big-endian" else observed)
        except FrameError:
            continue  # an app that cuts out nothing has no tensor
        candidates.append(Candidate(steps.mistakes, found[0], found[1]))
        keys.append(found[2])
    return rank(merge_equal(candidates, keys), LEVELS, rarity)


def rarity(names: tuple[str, ...]) -> int:
    """How rare some mistakes are together."""
    return sum(BY_NAME[name].rarity if name in BY_NAME else 1 for name in names)


def _distance(
    preparation: Preparation, steps: Steps, observed: NDArray[Any]
) -> tuple[float, float, tuple[str, bytes]]:
    """Mean and largest difference in gray levels, and what tells this tensor from others."""
    scaled = preparation.scaled(steps)
    # Floats with exchanged bytes have no distance: the observed ones were exchanged back instead.
    memory = "right" if steps.memory == "big-endian" else steps.memory
    straight = Steps(**{name: getattr(steps, name) for name in steps.__slots__} | {"memory": memory})
    tensor = make_tensor(scaled, straight, preparation.contract)
    with np.errstate(all="ignore"):
        apart = np.abs(observed.astype(np.float64) - tensor) / _unit(tensor, scaled, preparation)
    apart = np.where(np.isfinite(apart), np.minimum(apart, FARTHEST), FARTHEST)
    digest = hashlib.blake2b(tensor.tobytes()).digest()
    return float(apart.mean()), float(apart.max()), (memory if memory == steps.memory else "swapped", digest)


def _unit(tensor: NDArray[Any], scaled: NDArray[np.float32], preparation: Preparation) -> float:
    """What one gray level is in the tensor: the ratio of the deviations, whatever the normalization."""
    spread, levels = float(tensor.astype(np.float64).std()), float(scaled.std())
    if spread > 0 and levels > 0:
        return spread / levels
    right = preparation.tensor(RIGHT).astype(np.float64)
    return float(right.std()) / max(float(preparation.scaled(RIGHT).std()), 1e-3) or 1.0
