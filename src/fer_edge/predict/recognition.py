"""From pictures to answers: read, find the faces, ask the model, draw; one bad picture does not stop the others."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from fer_edge.faces.detector import Box, detect_faces, make_detector
from fer_edge.faces.pictures import read_reduced
from fer_edge.predict.faces import Face, clipped, predict_faces, stretched
from fer_edge.predict.sources import Picture
from fer_edge.runtime.errors import FrameError, PictureError
from fer_edge.runtime.frame import Frame

if TYPE_CHECKING:
    from fer_edge.runtime.model import Model

FindFaces = Callable[[Picture, Frame, tuple[int, int]], list[Box]]
"""The boxes of a picture, given what was decoded of it and its width and height, in which the boxes are counted."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one picture: faces, or the sentence that says why not.

    Attributes:
        picture: the source.
        faces: in order of ``face_id``; empty if none were found or the picture failed.
        failure: None, or why there is no answer.
        note: None, or what a person should know of the answer.
    """

    picture: Picture
    faces: list[Face]
    failure: str | None = None
    note: str | None = None


def face_finder(detector: str, faces_path: str | os.PathLike[str] | None) -> FindFaces:
    """What gives the boxes of a picture: a detector, or a file of boxes.

    Raises:
        FerEdgeError: no such detector, or a file that is none of boxes.
        MissingExtra: the detector's library is not installed.
    """
    if faces_path is not None:
        from fer_edge.faces.boxes_file import boxes_of, read_boxes

        boxes = read_boxes(faces_path)
        return lambda picture, _frame, _size: boxes_of(boxes, picture.file_name)
    made = make_detector(detector)

    def find(_picture: Picture, frame: Frame, size: tuple[int, int]) -> list[Box]:
        boxes = [stretched(box, (frame.width, frame.height), size) for box in detect_faces(frame, made)]
        # The box that is printed is the one that was looked at: --faces repeats the answer.
        return [(round(x0), round(y0), round(x1), round(y1)) for x0, y0, x1, y1 in boxes]

    return find


def answers(
    pictures: Sequence[Picture],
    find: FindFaces,
    model: Model,
    written: Sequence[Path] = (),
    threshold: float = 0.0,
) -> Iterator[Answer]:
    """Each picture's answer, as it is ready.

    Args:
        pictures: what is looked at.
        find: gives the boxes.
        model: what is asked.
        written: where each annotated picture goes; empty: nothing is drawn.
        threshold: 0..1; emotions below it are not drawn.
    """
    for index, picture in enumerate(pictures):
        try:
            frame, size = read_reduced(picture.path, name=str(picture.path))
            faces = predict_faces(frame, find(picture, frame, size), model, size)
        except (PictureError, FrameError) as error:
            name = str(picture.path)
            said = str(error)
            yield Answer(picture, [], said if name in said else f"{name}: {said}")
            continue
        if written:
            _draw(written[index], frame, faces, size, threshold)
        yield Answer(picture, faces, note=_note(picture, frame, size))


def _draw(target: Path, frame: Frame, faces: Sequence[Face], size: tuple[int, int], threshold: float) -> None:
    """On what was decoded, so that the picture of a very large one is the reduced copy."""
    from fer_edge.predict.outputs import write_annotated
    from fer_edge.runtime.camera import upright

    held = (frame.width, frame.height)
    placed = [replace(face, bbox=clipped(stretched(face.bbox, size, held), held)) for face in faces]
    write_annotated(target, upright(frame), placed, threshold)


def _note(picture: Picture, frame: Frame, size: tuple[int, int]) -> str | None:
    if size == (frame.width, frame.height):
        return None
    return (
        f"{picture.path} has {size[0]}x{size[1]} pixels and was decoded as {frame.width}x{frame.height}; boxes are in "
        "pixels of the file"
    )
