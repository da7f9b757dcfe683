"""The facial action units that move a drawn face, and how strongly each is active on either side.

Names and numbers: Ekman, Friesen & Hager, "Facial Action Coding System" (2002). FACS grades intensity A to E; here
it is a number from 0 (absent) to 1 (E, maximum).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

ACTION_UNITS: Final[dict[str, str]] = {
    "AU1": "inner brow raiser",
    "AU2": "outer brow raiser",
    "AU4": "brow lowerer",
    "AU5": "upper lid raiser",
    "AU6": "cheek raiser",
    "AU7": "lid tightener",
    "AU9": "nose wrinkler",
    "AU10": "upper lip raiser",
    "AU12": "lip corner puller",
    "AU14": "dimpler",
    "AU15": "lip corner depressor",
    "AU16": "lower lip depressor",
    "AU17": "chin raiser",
    "AU18": "lip pucker",
    "AU20": "lip stretcher",
    "AU22": "lip funneler",
    "AU23": "lip tightener",
    "AU24": "lip presser",
    "AU25": "lips part",
    "AU26": "jaw drop",
    "AU27": "mouth stretch",
    "AU38": "nostril dilator",
    "AU43": "eyes closed",
}
"""Action unit -> its FACS name. ``AU12L`` and ``AU12R`` stand for one side (left and right of the picture)."""

SIDES: Final[tuple[str, str]] = ("L", "R")


def mirror(values: Mapping[str, float]) -> dict[str, float]:
    """The same activations with the two sides of the face exchanged."""
    swap = {"L": "R", "R": "L"}
    return {name[:-1] + swap[name[-1]] if name[-1] in swap else name: value for name, value in values.items()}


@dataclass(frozen=True)
class Activations:
    """The active action units.

    Args:
        values: names of :data:`ACTION_UNITS`, with ``L`` or ``R`` behind them for one side only; 0..1.
        asymmetry: per action unit, how much stronger the left side is (-0.3..0.3, a fraction); real faces are
            never quite even.
    """

    values: Mapping[str, float]
    asymmetry: Mapping[str, float] = field(default_factory=dict)

    def at(self, name: str, side: int) -> float:
        """Intensity 0..1 of ``name`` on one side (0: left of the picture, 1: right)."""
        value = self.values.get(name, 0.0) + self.values.get(name + SIDES[side], 0.0)
        if not value:  # most of them are
            return 0.0
        lean = self.asymmetry.get(name, 0.0)
        return min(1.0, max(0.0, value * (1.0 + (lean if side == 0 else -lean))))

    def mean(self, name: str) -> float:
        """Intensity 0..1 of ``name``, both sides averaged."""
        return (self.at(name, 0) + self.at(name, 1)) / 2
