"""The faces of one picture with what the model says of each."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fer_edge.faces.detector import Box
from fer_edge.runtime.camera import upright_size
from fer_edge.runtime.errors import PictureError
from fer_edge.runtime.frame import Frame
from fer_edge.runtime.prediction import Prediction

if TYPE_CHECKING:
    from fer_edge.runtime.model import Model

PixelBox = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Face:
    """One face.

    Attributes:
        face_id: counts from 1 in each picture, by x0, then y0.
        bbox: x0, y0, x1, y1 of the detector's box, clipped to the upright picture; x1 and y1 exclusive.
        prediction: of the box with the contract's margin around it.
    """

    face_id: int
    bbox: PixelBox
    prediction: Prediction

    def named(self, threshold: float) -> list[tuple[str, float]]:
        """The emotions that people are told, most probable first.

        Those that reach the threshold, and the second guess beside a first that does; none if none does.
        """
        every = self.prediction.top(len(self.prediction.probabilities))
        reached = sum(value >= threshold for _, value in every)
        return every[: max(2, reached)] if reached else []


def predict_faces(
    frame: Frame, boxes: Iterable[Box], model: Model, size: tuple[int, int] | None = None
) -> list[Face]:
    """Ask the model about each box.

    Args:
        frame: the picture.
        boxes: x0, y0, x1, y1 in pixels of the upright, not mirrored, picture.
        model: what is asked.
        size: width and height of the upright picture that the boxes are in, where the frame is a reduced copy.

    Returns:
        Ordered by x0, then y0.

    Raises:
        PictureError: a box lies outside the picture.
    """
    held = upright_size(frame)
    size = size or held
    ordered = sorted((clipped(box, size), stretched(box, size, held)) for box in boxes)
    mirror = model.contract.camera.mirror
    return [
        Face(number, bbox, model.predict(frame, box=mirrored(box, held[0]) if mirror else box))
        for number, (bbox, box) in enumerate(ordered, start=1)
    ]


def stretched(box: Box, size: tuple[int, int], onto: tuple[int, int]) -> Box:
    """A box in a picture of ``size`` (width, height) where it lies in a copy of another size; the same if equal."""
    if size == onto:
        return box
    across, down = onto[0] / size[0], onto[1] / size[1]
    return box[0] * across, box[1] * down, box[2] * across, box[3] * down


def clipped(box: Box, size: tuple[int, int]) -> PixelBox:
    """The whole pixels that a box touches within a picture of ``size`` (width, height).

    Raises:
        PictureError: none.
    """
    width, height = size
    x0, y0 = max(0, math.floor(box[0])), max(0, math.floor(box[1]))
    x1, y1 = min(width, math.ceil(box[2])), min(height, math.ceil(box[3]))
    if x0 >= x1 or y0 >= y1:
        sides = ", ".join(f"{side:g}" for side in box)
        raise PictureError(f"the face box {sides} lies outside the picture of {width}x{height}")
    return x0, y0, x1, y1


def mirrored(box: Box, width: int) -> Box:
    """The box in the mirrored picture, which is where a contract with ``mirror`` wants it."""
    x0, y0, x1, y1 = box
    return width - x1, y0, width - x0, y1
