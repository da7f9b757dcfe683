"""Whether a fault matters: how far a file's answers to pictures that no check has seen are from the original's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from fer_edge.runtime.contract import Contract

FIRST, STEP = 256, 4
"""Pictures of the first look, and the factor to the next."""
TIMES = 10.0
"""A fault matters where it moves a probability by more than so many times what the right file does."""
VISIBLE = 0.01
"""Difference from the right file's own answers that can be seen in an app."""
MEASURED = ("moved", "apart", "pictures", "matters", "matters_strictly", "visible")
"""Members of what ``Yardstick.measure`` says."""


def answer(path: Path, variant: str, contract: Contract, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    """A file's answers in the engine that judges its format, (n, labels)."""
    from fer_edge.export.parity.answers import run
    from fer_edge.export.parity.check import open_checked
    from fer_edge.runtime.variants import Variant

    return run(open_checked(path, contract, Variant.parse(variant)), contract, pictures)


class Yardstick:
    """How far the right file goes on the other pictures.

    Args:
        original: the original's probabilities, (n, labels).
        right: the right file's.
    """

    def __init__(self, original: NDArray[np.float32], right: NDArray[np.float32]) -> None:
        self.original, self.right = original, right
        away = np.abs(right.astype(np.float64) - original).max(axis=1)
        self.worst, self.typical = float(away.max()), float(away.mean())

    def measure(
        self, path: Path, variant: str, contract: Contract, pictures: NDArray[np.uint8], *, caught: bool
    ) -> dict[str, Any]:
        """How far a faulty file goes; looks at more pictures only while the answer may still change.

        Args:
            path: the file.
            variant: its name.
            contract: inside it; labels in another order count as the probabilities that they would be read as.
            pictures: (n, height, width, 3).
            caught: a file that was caught and does not matter on the first pictures is left out of the count, which
                only lowers the score; one that was not caught is looked at on all of them.

        Returns:
            ``moved``: the largest difference of a probability from the original's; ``apart``: from the right file's;
            ``pictures``: on how many; ``matters``: moves more than ten times the right file's typical (mean) difference, and is
            apart from it by more than that; ``matters_strictly``: ten times its largest; ``visible``: apart by more than a hundredth.
        """
        rows = np.zeros((0, self.original.shape[1]), np.float32)
        until = FIRST
        while True:
            rows = np.concatenate([rows, answer(path, variant, contract, pictures[len(rows) : until])])
            moved, apart = self._furthest(rows, self.original), self._furthest(rows, self.right)
            # A file that answers as the right one does is not wrong where the right one is far off.
            matters = moved > TIMES * self.typical and apart > self.typical
            strictly = matters and moved > TIMES * self.worst
            visible = apart > VISIBLE
            enough = until > FIRST and (caught or (matters and visible))
            if (strictly and visible) or enough or until >= len(pictures):
                break
            until *= STEP
        return {
            "moved": float(f"{moved:.4g}"),
            "apart": float(f"{apart:.4g}"),
            "pictures": len(rows),
            "matters": bool(matters),
            "matters_strictly": bool(strictly),
            "visible": bool(visible),
        }

    @staticmethod
    def _furthest(rows: NDArray[np.float32], others: NDArray[np.float32]) -> float:
        if not np.isfinite(rows).all():
            return 1.0
        return float(np.abs(rows.astype(np.float64) - others[: len(rows)]).max())
