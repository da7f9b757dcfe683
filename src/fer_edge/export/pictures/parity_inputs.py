"""Pictures that parity is measured on: faces through the camera path, and extremes no camera gives."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fer_edge.runtime.contract import Contract

EXTREMES = 6
EXTREME_NAMES = (
    "all black",
    "all white",
    "one white pixel",
    "one black pixel",
    "colored noise",
    "gray noise",
)
LEAST = 16
"""Fewest inputs: the extremes and some faces."""
MANY, FEW = 256, 64
HEAVY_MACS = 1_000_000_000
"""Networks above one GMAC get ``FEW`` inputs: each run costs tens of milliseconds in every engine."""


def choose_count(macs: int) -> int:
    """Number of parity inputs for a network of that many multiply-accumulates."""
    return FEW if macs > HEAVY_MACS else MANY


def make_extremes(contract: Contract) -> NDArray[np.uint8]:
    """All 0, all 255, one hot pixel on black, one dark pixel on white, two pictures of noise.

    Returns:
        (6, height, width, 3) uint8 RGB, as after step 6 of the camera spec.
    """
    height, width = contract.input.height, contract.input.width
    pictures = np.zeros((EXTREMES, height, width, 3), np.uint8)
    pictures[1] = pictures[3] = 255
    pictures[2, height // 2, width // 2] = 255
    pictures[3, height // 2, width // 2] = 0
    noise = np.random.default_rng(20_260_101)
    pictures[4] = noise.integers(0, 256, (height, width, 3), dtype=np.uint8)
    # Gray noise as well: colored noise loses most of its contrast in a gray model.
    pictures[5] = noise.integers(0, 256, (height, width, 1), dtype=np.uint8)
    return pictures


def name_input(index: int, count: int) -> str:
    """Name of one of ``count`` parity inputs, for a message: ``input 12 of 256, a face``."""
    extreme = index - (count - EXTREMES)
    return f"input {index} of {count}, {EXTREME_NAMES[extreme] if extreme >= 0 else 'a face'}"


def name_golden(index: int, count: int) -> str:
    """The same of a bundle's golden vectors: ``golden vector 3 of 5``."""
    return f"golden vector {index + 1} of {count}"


def parity_inputs(faces: NDArray[np.uint8], contract: Contract) -> NDArray[np.uint8]:
    """Faces, then the extremes; (n + 6, height, width, 3) uint8."""
    return np.concatenate([faces, make_extremes(contract)])
