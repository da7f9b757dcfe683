"""From pictures to answers: read, find the faces, ask the model, draw; one bad picture does not stop the others."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fer_edge.faces.boxes import boxes_of, read_boxes
from fer_edge.faces.detector import Box, detect_faces, make_detector
from fer_edge.faces.pictures import read_picture
from fer_edge.predict.annotate import write_annotated
from fer_edge.predict.faces import Face, predict_faces
from fer_edge.predict.sources import Picture
from fer_edge.runtime.camera import upright
from fer_edge.runtime.errors import FrameError, PictureError
from fer_edge.runtime.frame import Frame

if TYPE_CHECKING:
    from fer_edge.runtime.model import Model

FindFaces = Callable[[Picture, Frame], list[Box]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one picture: faces, or the sentence that says why not.

    Attributes:
        picture: the source.
        faces: in order of ``face_id``; empty if none were found or the picture failed.
        failure: None, or why there is no answer.
    """

    picture: Picture
    faces: list[Face]
    failure: str | None = None


def face_finder(detector: str, faces_path: str | os.PathLike[str] | None) -> FindFaces:
    """What gives the boxes of a picture: a detector, or a file of boxes.

    Raises:
        FerEdgeError: no such detector, or a file that is none of boxes.
        MissingExtra: the detector's library is not installed.
    """
    if faces_path is not None:
        boxes = read_boxes(faces_path)
        return lambda picture, _frame: boxes_of(boxes, picture.file_name)
    made = make_detector(detector)
    return lambda _picture, frame: detect_faces(frame, made)


def answers(
    pictures: Sequence[Picture], find: FindFaces, model: Model, written: Sequence[Path] = ()
) -> Iterator[Answer]:
    """Each picture's answer, as it is ready.

    Args:
        pictures: what is looked at.
        find: gives the boxes.
        model: what is asked.
        written: where each annotated picture goes; empty: nothing is drawn.
    """
    for index, picture in enumerate(pictures):
        try:
            frame = read_picture(picture.path, name=str(picture.path))
            faces = predict_faces(frame, find(picture, frame), model)
        except (PictureError, FrameError) as error:
            name = str(picture.path)
            said = str(error)
            yield Answer(picture, [], said if name in said else f"{name}: {said}")
            continue
        if written:
            write_annotated(written[index], upright(frame), faces)
        yield Answer(picture, faces)
