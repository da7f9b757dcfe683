"""Faces in pictures: where one is, how sure a detector is of it, and what a labeled one shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fer_edge.runtime.camera import upright_size
from fer_edge.runtime.frame import Frame

Box = tuple[float, float, float, float]
"""x0, y0, x1, y1 in pixels of the upright picture, before the contract's margin; x1 and y1 exclusive."""


@dataclass(frozen=True, slots=True)
class Detection:
    """A face that a detector found.

    Attributes:
        box: of the face.
        score: higher is surer, on the detector's own scale.
    """

    box: Box
    score: float


@dataclass(frozen=True)
class LabeledFace:
    """A picture, where the face is, and what it shows.

    Attributes:
        frame: camera bytes.
        box: of the face; None: the whole picture, without a margin.
        label: a distribution over the classes, in training ``EMOTIONS``: float32, not negative, sum 1.
        clear: whether one emotion stands out without doubt.
    """

    frame: Frame
    box: Box | None
    label: NDArray[np.float32]
    clear: bool


def whole_picture(frame: Frame) -> Box:
    """The whole upright picture as a box."""
    width, height = upright_size(frame)
    return 0.0, 0.0, float(width), float(height)
