"""Face boxes that somebody else found: ``--faces FILE`` in the form of the prediction JSON."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

from fer_edge.faces.face import Box
from fer_edge.runtime.errors import FerEdgeError, PictureError
from fer_edge.runtime.strict_json import StrictJson, shown

LIMIT = 1 << 28
"""Bytes; a million pictures or so."""


def read_boxes(path: str | os.PathLike[str]) -> dict[str, list[Box]]:
    """The boxes of each picture: ``{"images": [{"file_name": ..., "faces": [{"bbox": [x0, y0, x1, y1]}]}]}``.

    Other members, such as emotions of an earlier prediction, are passed over.

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
    reader = StrictJson(os.fspath(path), FerEdgeError, LIMIT)
    found: dict[str, list[Box]] = {}
    for index, entry in enumerate(_list(reader, reader.load(text), "images", "the document")):
        place = f"images[{index}]"
        faces = _list(reader, entry, "faces", place)
        name = reader.string(entry.get("file_name"), f"{place}.file_name", most=4096)
        if name in found:
            reader.fail(f"{place}.file_name", name, "each picture once")
        found[name] = [_box(reader, face, f"{place}.faces[{number}]") for number, face in enumerate(faces)]
    return found


def boxes_of(boxes: dict[str, list[Box]], name: str) -> list[Box]:
    """The boxes of one picture.

    Raises:
        PictureError: the file does not name it; no faces would be ``"faces": []``.
    """
    if name not in boxes:
        raise PictureError(f'{name} is not in the faces file; a picture without faces has "faces": [] there')
    return boxes[name]


def _list(reader: StrictJson, value: Any, key: str, place: str) -> list[Any]:
    if not isinstance(value, dict) or not isinstance(value.get(key), list):
        raise reader.error(
            f"{reader.what}: {place} is {shown(value)}; allowed: an object with the list {key!r}"
        )
    return value[key]  # type: ignore[no-any-return]


def _box(reader: StrictJson, face: Any, place: str) -> Box:
    sides = _list(reader, face, "bbox", place)
    allowed = "four numbers x0, y0, x1, y1 with x0 < x1 and y0 < y1"
    try:
        x0, y0, x1, y1 = (_number(side) for side in sides)
    except ValueError:
        reader.fail(f"{place}.bbox", " ".join(map(str, sides)), allowed)
    if not (x0 < x1 and y0 < y1):
        reader.fail(f"{place}.bbox", " ".join(map(str, sides)), allowed)
    return x0, y0, x1, y1


def _number(side: object) -> float:
    if isinstance(side, bool) or not isinstance(side, str | int | float):
        raise ValueError(f"{side!r} is no number")
    try:
        value = float(side)
    except OverflowError as error:
        raise ValueError(f"{side!r} is no coordinate") from error
    if not math.isfinite(value) or abs(value) > 1e9:
        raise ValueError(f"{side!r} is no coordinate")
    return value
