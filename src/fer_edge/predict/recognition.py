"""From pictures to their faces' emotions: read, find the faces, run the model; one bad picture does not stop the others."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fer_edge.faces.detectors import detect_faces, make_detector
from fer_edge.faces.face import Box
from fer_edge.faces.pictures import read_reduced
from fer_edge.predict.sources import SourcePicture
from fer_edge.runtime.camera import upright, upright_size
from fer_edge.runtime.errors import FrameError, PictureError
from fer_edge.runtime.frame import Frame
from fer_edge.runtime.prediction import Prediction

if TYPE_CHECKING:
    from fer_edge.runtime.model import Model

PixelBox = tuple[int, int, int, int]
FindFaces = Callable[[SourcePicture, Frame, tuple[int, int]], list[Box]]
"""The boxes of a picture, given what was decoded of it and its width and height, in which the boxes are counted."""


@dataclass(frozen=True, slots=True)
class RecognizedFace:
    """One face with its prediction.

    Attributes:
        face_id: counts from 1 in each picture, by x0, then y0.
        bbox: x0, y0, x1, y1 of the detector's box, clipped to the upright picture; x1 and y1 exclusive.
        prediction: of the box with the contract's margin around it.
    """

    face_id: int
    bbox: PixelBox
    prediction: Prediction

    def emotions(self, threshold: float) -> list[tuple[str, float]]:
        """The emotions that people are told, most probable first.

        Those that reach the threshold, and the second guess beside a first that does; none if none does.
        """
        every = self.prediction.top(len(self.prediction.probabilities))
        reached = sum(value >= threshold for _, value in every)
        return every[: max(2, reached)] if reached else []


@dataclass(frozen=True, slots=True)
class PictureResult:
    """The faces of one picture, or the sentence that says why there are none.

    Attributes:
        picture: the source.
        faces: in order of ``face_id``; empty if none were found or the picture failed.
        failure: None, or why there is no result.
        note: None, or what a person should know of the result.
    """

    picture: SourcePicture
    faces: list[RecognizedFace]
    failure: str | None = None
    note: str | None = None


Draw = Callable[[int, NDArray[np.uint8], Sequence[RecognizedFace]], None]
"""Draws the faces of the picture of that index, (H, W, 3) uint8 RGB, upright, in whose pixels the boxes are."""


def make_face_finder(detector: str, faces_path: str | os.PathLike[str] | None) -> FindFaces:
    """A function that gives the boxes of a picture: by a detector, or from a file of boxes.

    Raises:
        FerEdgeError: no such detector, or a file that is none of boxes.
        MissingExtra: the detector's library is not installed.
    """
    if faces_path is not None:
        from fer_edge.faces.boxes_file import boxes_of, read_boxes

        boxes = read_boxes(faces_path)
        return lambda picture, _frame, _size: boxes_of(boxes, picture.file_name)
    made = make_detector(detector)

    def find(_picture: SourcePicture, frame: Frame, size: tuple[int, int]) -> list[Box]:
        boxes = [rescale(face.box, (frame.width, frame.height), size) for face in detect_faces(frame, made)]
        # The box that is printed is the one that was looked at: --faces repeats the result.
        return [(round(x0), round(y0), round(x1), round(y1)) for x0, y0, x1, y1 in boxes]

    return find


def recognize(
    pictures: Sequence[SourcePicture],
    find: FindFaces,
    model: Model,
    draw: Draw | None = None,
) -> Iterator[PictureResult]:
    """Each picture's result, as it is ready.

    Args:
        pictures: the sources.
        find: gives the boxes.
        model: names the emotions.
        draw: makes the annotated picture; None: nothing is drawn.
    """
    for index, picture in enumerate(pictures):
        try:
            frame, size = read_reduced(picture.path, name=str(picture.path))
            faces = predict_faces(frame, find(picture, frame, size), model, size)
        except (PictureError, FrameError) as error:
            name = str(picture.path)
            said = str(error)
            yield PictureResult(picture, [], said if name in said else f"{name}: {said}")
            continue
        if draw is not None:
            draw(index, *_drawable(frame, faces, size))
        yield PictureResult(picture, faces, note=_note(picture, frame, size))


def predict_faces(
    frame: Frame, boxes: Iterable[Box], model: Model, size: tuple[int, int] | None = None
) -> list[RecognizedFace]:
    """The model's prediction for each box.

    Args:
        frame: the picture.
        boxes: x0, y0, x1, y1 in pixels of the upright, not mirrored, picture.
        model: names the emotions.
        size: width and height of the upright picture that the boxes are in, where the frame is a reduced copy.

    Returns:
        Ordered by x0, then y0.

    Raises:
        PictureError: a box lies outside the picture.
    """
    held = upright_size(frame)
    size = size or held
    ordered = sorted((clip(box, size), rescale(box, size, held)) for box in boxes)
    mirror = model.contract.camera.mirror
    return [
        RecognizedFace(number, bbox, model.predict(frame, box=mirror_box(box, held[0]) if mirror else box))
        for number, (bbox, box) in enumerate(ordered, start=1)
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
        raise PictureError(f"the face box {sides} lies outside the picture of {width}x{height}")
    return x0, y0, x1, y1


def mirror_box(box: Box, width: int) -> Box:
    """The box in the mirrored picture, which is where a contract with ``mirror`` wants it."""
    x0, y0, x1, y1 = box
    return width - x1, y0, width - x0, y1


def _drawable(
    frame: Frame, faces: Sequence[RecognizedFace], size: tuple[int, int]
) -> tuple[NDArray[np.uint8], list[RecognizedFace]]:
    """The picture that was decoded, so that the picture of a very large one is the reduced copy, and its faces in pixels of that."""
    held = (frame.width, frame.height)
    return upright(frame), [replace(face, bbox=clip(rescale(face.bbox, size, held), held)) for face in faces]


def _note(picture: SourcePicture, frame: Frame, size: tuple[int, int]) -> str | None:
    if size == (frame.width, frame.height):
        return None
    return (
        f"{picture.path} has {size[0]}x{size[1]} pixels and was decoded as {frame.width}x{frame.height}; boxes are in "
        "pixels of the file"
    )
