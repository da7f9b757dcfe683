"""From a picture to its faces' emotions: read, find the faces, run the model. Every way to ask goes through here."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fer_edge.faces.detectors import STANDARD, detect_faces, make_detector
from fer_edge.faces.detectors.detector import DetectorOptions
from fer_edge.faces.face import Box
from fer_edge.faces.pictures import DecodedPicture, read_reduced
from fer_edge.predict.result import Failure, PictureResult, Pixels, RecognizedFace, clip, rescale
from fer_edge.predict.sources.picture import SourcePicture, content_sha256
from fer_edge.runtime.camera import upright, upright_size
from fer_edge.runtime.camera.geometry import crop
from fer_edge.runtime.errors import FrameError, PictureError
from fer_edge.runtime.frame import Frame

if TYPE_CHECKING:
    from fer_edge.runtime.model import Model

FindFaces = Callable[[SourcePicture, Frame, tuple[int, int]], list[Box]]
"""The boxes of a picture, given what was decoded of it and its width and height, in which the boxes are counted."""


def make_face_finder(
    detector: str,
    faces_path: str | os.PathLike[str] | None,
    *,
    model: Path | None = None,
    options: DetectorOptions = STANDARD,
) -> FindFaces:
    """A function that gives the boxes of a picture: by a detector, or from a file of boxes.

    Args:
        detector: its name.
        faces_path: the file of boxes; None: the detector looks.
        model: the file of a detector that needs one.
        options: which faces it looks for.

    Raises:
        FerEdgeError: no such detector, or a file that is none of boxes or of the detector.
        MissingExtra: the detector's library is not installed.
    """
    if faces_path is not None:
        from fer_edge.faces.boxes_file import boxes_of, read_boxes

        boxes = read_boxes(faces_path)
        return lambda picture, _frame, _size: boxes_of(boxes, picture.file_name)
    made = make_detector(detector, model)

    def find(_picture: SourcePicture, frame: Frame, size: tuple[int, int]) -> list[Box]:
        boxes = [
            rescale(face.box, (frame.width, frame.height), size)
            for face in detect_faces(frame, made, options)
        ]
        # The box that is printed is the one that was looked at: --faces repeats the result.
        return [(round(x0), round(y0), round(x1), round(y1)) for x0, y0, x1, y1 in boxes]

    return find


def recognize_picture(
    picture: SourcePicture, find: FindFaces, model: Model, *, hashing: bool = False
) -> tuple[PictureResult, Pixels]:
    """The result of one picture, whatever is wrong with it.

    Args:
        picture: the source.
        find: gives the boxes.
        model: names the emotions.
        hashing: tell the SHA-256 of the picture file.

    Returns:
        The result, and its pixels, which are not to be asked for if it failed.
    """
    sha256 = None
    try:
        content = content_of(picture)
        decoded = _decode(picture, content)
        sha256 = content_sha256(content) if hashing and content is not None else None
        frame, size = decoded.frame, decoded.size
        faces = predict_faces(frame, find(picture, frame, size), model, size)
    except (PictureError, FrameError) as error:
        failure = describe_failure(error, picture.called)
        return PictureResult(picture, [], failure, sha256=sha256), _no_pixels
    result = PictureResult(picture, faces, None, _note(picture, decoded), size, sha256)
    return result, lambda: upright(frame)


def describe_failure(error: PictureError | FrameError, called: str) -> Failure:
    """An error as a result of that picture, which its sentence names."""
    said = str(error)
    code = error.code if isinstance(error, PictureError) else "bad-box"
    return Failure(code, said if called in said else f"{called}: {said}")


def content_of(picture: SourcePicture) -> bytes | Path | None:
    """Where the bytes of a picture's file are; None of a decoded frame.

    Raises:
        PictureError: they cannot be fetched.
    """
    if picture.path is not None or picture.pixels is not None:
        return picture.path
    return picture.fetch() if picture.data is None and picture.fetch is not None else picture.data


def _decode(picture: SourcePicture, content: bytes | Path | None) -> DecodedPicture:
    if picture.pixels is not None:
        frame = Frame.from_rgb(picture.pixels)
        return DecodedPicture(frame, (frame.width, frame.height))
    if content is None:
        raise PictureError(f"{picture.called} has no content", code="empty")
    return read_reduced(content, name=picture.called)


def pixels_of(picture: SourcePicture) -> Pixels:
    """The pixels of a picture that was recognized elsewhere: decoded when they are asked for."""
    return lambda: upright(_decode(picture, content_of(picture)).frame)


def _no_pixels() -> NDArray[np.uint8]:
    raise PictureError("a picture that failed has no pixels")


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
    camera = model.contract.camera
    return [
        RecognizedFace(
            number,
            bbox,
            model.predict(frame, box=mirror_box(box, held[0]) if camera.mirror else box),
            crop(box, camera.crop_margin, *held),
        )
        for number, (bbox, box) in enumerate(ordered, start=1)
    ]


def mirror_box(box: Box, width: int) -> Box:
    """The box in the mirrored picture, which is where a contract with ``mirror`` wants it."""
    x0, y0, x1, y1 = box
    return width - x1, y0, width - x0, y1


def _note(picture: SourcePicture, decoded: DecodedPicture) -> str | None:
    notes = []
    frame, size = decoded.frame, decoded.size
    if size != (frame.width, frame.height):
        notes.append(
            f"has {size[0]}x{size[1]} pixels and was decoded as {frame.width}x{frame.height}; boxes are in pixels of the file"
        )
    if decoded.several:
        notes.append("has several frames; the first one is answered")
    return f"{picture.called} {', and '.join(notes)}" if notes else None
