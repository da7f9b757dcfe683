"""The result of one picture: its faces with their predictions, or why there are none."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from fer_edge.faces.face import Box
from fer_edge.predict.sources.picture import SourcePicture
from fer_edge.runtime.errors import PictureError
from fer_edge.runtime.prediction import Prediction

PixelBox = tuple[int, int, int, int]
Pixels = Callable[[], NDArray[np.uint8]]
"""Gives the picture as (H, W, 3) uint8 RGB, upright; a reduced copy of a very large one: see :func:`faces_within`."""


@dataclass(frozen=True, slots=True)
class RecognizedFace:
    """One face with its prediction.

    Attributes:
        face_id: counts from 1 in each picture, by x0, then y0.
        bbox: x0, y0, x1, y1 of the detector's box, clipped to the upright picture; x1 and y1 exclusive.
        prediction: of the box with the contract's margin around it.
        seen: x0, y0, x1, y1 of just that, the box with the margin, in pixels of the picture as it was decoded; None where an
            earlier run looked at it.
    """

    face_id: int
    bbox: PixelBox
    prediction: Prediction
    seen: PixelBox | None = field(default=None, compare=False)

    def emotions(self, threshold: float) -> list[tuple[str, float]]:
        """The emotions that people are told, most probable first.

        Those that reach the threshold, and the second guess beside a first that does; none if none does.
        """
        every = self.prediction.top(len(self.prediction.probabilities))
        reached = sum(value >= threshold for _, value in every)
        return every[: max(2, reached)] if reached else []


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a picture has no result.

    Attributes:
        code: a word for programs, that stays: one of ``fer_edge.predict.failures``.
        message: the sentence for people.
    """

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class PictureResult:
    """The faces of one picture, or why there are none.

    Attributes:
        picture: the source.
        faces: in order of ``face_id``; empty if none were found or the picture failed.
        failure: None, or why there is no result.
        note: None, or what a person should know of the result.
        size: width and height of the upright picture, in which the boxes are counted; None of a failed one.
        sha256: of the picture file's bytes, in hexadecimal; None where nobody asked, of frames, and of what could not be read.
    """

    picture: SourcePicture
    faces: list[RecognizedFace]
    failure: Failure | None = None
    note: str | None = None
    size: tuple[int, int] | None = None
    sha256: str | None = None


def faces_within(result: PictureResult, width: int, height: int) -> list[RecognizedFace]:
    """The faces with their boxes in pixels of a copy of that size, such as the one that was decoded of a very large picture."""
    size = result.size or (width, height)
    if size == (width, height):
        return result.faces
    return [
        replace(face, bbox=clip(rescale(face.bbox, size, (width, height)), (width, height)))
        for face in result.faces
    ]


def rescale(box: Box, size: tuple[int, int], onto: tuple[int, int]) -> Box:
    """A box in a picture of ``size`` (width, height) where it lies in a copy of another size; the same if equal."""
    if size == onto:
        return box
    across, down = onto[0] / size[0], onto[1] / size[1]
    return box[0] * across, box[1] * down, box[2] * across, box[3] * down


def clip(box: Box, size: tuple[int, int]) -> PixelBox:
    """The whole pixels that a box touches within a picture of ``size`` (width, height).

    Raises:
        PictureError: none.
    """
    width, height = size
    x0, y0 = max(0, math.floor(box[0])), max(0, math.floor(box[1]))
    x1, y1 = min(width, math.ceil(box[2])), min(height, math.ceil(box[3]))
    if x0 >= x1 or y0 >= y1:
        sides = ", ".join(f"{side:g}" for side in box)
        raise PictureError(
            f"the face box {sides} lies outside the picture of {width}x{height}", code="bad-box"
        )
    return x0, y0, x1, y1
