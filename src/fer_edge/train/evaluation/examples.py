"""Example faces: some that were right, some that were wrong, each with both guesses."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fer_edge.runtime.extras import require
from fer_edge.train.evaluation.charts import GREEN, INK, RED, figure_of, png_of
from fer_edge.train.evaluation.predictions import Predictions

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHOWN = 12
"""Faces of a kind."""
COLUMNS = 6


@dataclass(frozen=True)
class Example:
    """One face and what was said about it.

    Attributes:
        name: of the face.
        crop: (C, H, W) uint8.
        truth: its label.
        guesses: the first and the second, each with its probability.
    """

    name: str
    crop: NDArray[np.uint8]
    truth: str
    guesses: tuple[tuple[str, float], ...]

    @property
    def right(self) -> bool:
        """True if the first guess is the truth."""
        return self.guesses[0][0] == self.truth

    @property
    def png(self) -> bytes:
        """The crop as a PNG."""
        return face_png(self.crop)


def examples(predictions: Predictions, *, right: bool, count: int = SHOWN) -> list[Example]:
    """Faces of each true class in turn, those first of which the model was most sure.

    Args:
        predictions: the answers.
        right: right first guesses, or wrong ones: those that the model was surest of teach most.
        count: at most so many.
    """
    sure = -predictions.probabilities.max(1)
    chosen = np.flatnonzero(predictions.right == right)
    by_class = [
        sorted(chosen[predictions.truth[chosen] == at], key=lambda face: (sure[face], face))
        for at in range(len(predictions.classes))
    ]
    turns = [faces[turn] for turn in range(count) for faces in by_class if turn < len(faces)]
    return [example(predictions, int(face)) for face in turns[:count]]


def example(predictions: Predictions, face: int) -> Example:
    """One face with its guesses."""
    guesses = tuple(
        (predictions.classes[at], float(predictions.probabilities[face, at]))
        for at in predictions.ranked[face, :2]
    )
    return Example(
        predictions.names[face],
        predictions.crops[face],
        predictions.classes[predictions.truth[face]],
        guesses,
    )


def face_png(crop: NDArray[np.uint8]) -> bytes:
    """A crop, (1 or 3, H, W) uint8, as a PNG."""
    pillow = require("PIL.Image", "predict")
    pixels = crop[0] if len(crop) == 1 else np.ascontiguousarray(crop.transpose(1, 2, 0))
    data = io.BytesIO()
    pillow.fromarray(pixels).save(data, format="PNG", optimize=True)
    return data.getvalue()


def sheet(right: Sequence[Example], wrong: Sequence[Example]) -> bytes:
    """The same as one PNG: right ones above, wrong ones below."""
    faces = (
        [(face, GREEN) for face in right] + [None] * (-len(right) % COLUMNS) + [(face, RED) for face in wrong]
    )
    rows = -(-len(faces) // COLUMNS)
    with figure_of(1.5 * rows, rows=rows, columns=COLUMNS) as (figure, axes):
        for ax in axes:
            ax.set_axis_off()
        for ax, entry in zip(axes, faces, strict=False):
            if entry is not None:
                _draw(ax, *entry)
        return png_of(figure)


def _draw(ax: Axes, face: Example, color: str) -> None:
    gray = len(face.crop) == 1
    ax.imshow(
        face.crop[0] if gray else face.crop.transpose(1, 2, 0),
        cmap="gray" if gray else None,
        vmin=0,
        vmax=255,
    )
    lines = [f"{name} {100 * share:.0f} %" for name, share in face.guesses]
    ax.set_title(lines[0], fontsize=7.5, color=color, pad=2, fontweight="bold")
    below = lines[1:] + ([] if face.right else [f"truth: {face.truth}"])
    ax.text(
        0.5, -0.03, "\n".join(below), transform=ax.transAxes, ha="center", va="top", fontsize=7, color=INK
    )
