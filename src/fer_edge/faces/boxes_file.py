"""Face boxes that somebody else found: ``--faces FILE`` in the form of the prediction JSON."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from fer_edge.faces.face import Box
from fer_edge.runtime.errors import FerEdgeError, PictureError
from fer_edge.runtime.schema import Document, Length, find_repeated, refuse

LIMIT = 1 << 28
"""Bytes; a million pictures or so."""


@dataclass(frozen=True)
class FoundFace:
    """A face; other members, such as emotions of an earlier prediction, are passed over."""

    bbox: Annotated[Any, "x0, y0, x1, y1 in pixels of the upright picture; numbers, or texts of numbers"]

    def check(self) -> None:
        """The box has an area."""
        try:
            x0, y0, x1, y1 = box_of(self.bbox)
        except (TypeError, ValueError, OverflowError):
            x0 = y0 = x1 = y1 = 0
        if not (x0 < x1 and y0 < y1):
            came = " ".join(map(str, self.bbox)) if isinstance(self.bbox, list) else self.bbox
            refuse("bbox", came, "a list of four numbers x0, y0, x1, y1 with x0 < x1 and y0 < y1")


@dataclass(frozen=True)
class FoundFaces:
    """The faces of one picture."""

    file_name: Annotated[str, Length(1, 4096)]
    faces: tuple[FoundFace, ...]


@dataclass(frozen=True)
class FacesFile:
    """The document."""

    images: Annotated[tuple[FoundFaces, ...], Length(0, 10_000_000)]

    def check(self) -> None:
        """Each picture once."""
        twice = find_repeated(entry.file_name for entry in self.images)
        if twice is not None:
            refuse("images", twice, "each picture once")


_DOCUMENT = Document(FacesFile, "faces", FerEdgeError, limit=LIMIT, lenient=True)


def read_boxes(path: str | os.PathLike[str]) -> dict[str, list[Box]]:
    """The boxes of each picture: ``{"images": [{"file_name": ..., "faces": [{"bbox": [x0, y0, x1, y1]}]}]}``.

    Args:
        path: a JSON file.

    Returns:
        File name to its boxes in the order of the file; x0, y0, x1, y1 in pixels of the upright picture.

    Raises:
        FerEdgeError: the file cannot be read, is not of that form, names a picture twice, or has a box without area.
    """
    try:
        text = Path(path).read_bytes()
    except OSError as error:
        raise FerEdgeError(f"{os.fspath(path)} cannot be read: {error.strerror}") from error
    found: dict[str, list[Box]] = {}
    for entry in _DOCUMENT.read(text, os.fspath(path)).images:
        found[entry.file_name] = [box_of(face.bbox) for face in entry.faces]
    return found


def boxes_of(boxes: dict[str, list[Box]], name: str) -> list[Box]:
    """The boxes of one picture.

    Raises:
        PictureError: the file does not name it; no faces would be ``"faces": []``.
    """
    if name not in boxes:
        raise PictureError(
            f'{name} is not in the faces file; a picture without faces has "faces": [] there', code="no-boxes"
        )
    return boxes[name]


def box_of(sides: Any) -> Box:
    """The corners as a document has them: a list of numbers, or of texts of numbers; it may have no area.

    Raises:
        TypeError: no list of four.
        ValueError: one of them is no number in reach.
        OverflowError: one of them is too large for a float.
    """
    if not isinstance(sides, list):
        raise TypeError("no list")
    x0, y0, x1, y1 = (_number(side) for side in sides)
    return x0, y0, x1, y1


def _number(side: object) -> float:
    if isinstance(side, bool) or not isinstance(side, str | int | float):
        raise TypeError("no number")
    value = float(side)
    if not math.isfinite(value) or abs(value) > 1e9:
        raise ValueError(f"{side!r} is no coordinate")
    return value
