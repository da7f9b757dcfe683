"""The truth as prediction JSON: ``{"images": [{"file_name", "faces": [{"bbox": [x0, y0, x1, y1], "emotion": "happiness"}]}]}``.

A face says its emotion under ``"emotion"``, or as the prediction JSON does: ``"happiness": 1.0``; of several the most probable. So
the answers of a good model, corrected by hand, are a truth. None: the face counts for finding alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fer_edge.faces.boxes_file import box_of
from fer_edge.predict.evaluation.truth.form import TrueFace, Truth
from fer_edge.runtime.errors import FerEdgeError
from fer_edge.runtime.labels import RESERVED, canonical
from fer_edge.runtime.schema import Refused, decode, refuse

_OTHER = {*RESERVED, "emotion", "ignored", "track"}


class PredictionTruth:
    """The prediction JSON with an emotion a face."""

    name = 'prediction JSON {"images": [{"file_name", "faces": [{"bbox", "emotion"}]}]}'

    def recognizes(self, name: str, data: bytes) -> bool:
        """Any other JSON object: what is wrong with it is said by its reader."""
        return name.endswith(".json") or data.lstrip()[:1] == b"{"

    def read(self, data: bytes, called: str) -> Truth:
        """The faces by file name.

        Raises:
            FerEdgeError: no JSON of that shape, or a picture named twice.
        """
        document = decode(data, called, FerEdgeError, len(data) + 1)
        found: Truth = {}
        try:
            for number, entry in enumerate(_list(document, "images")):
                with_place(lambda entry=entry: _add(found, entry), f"images[{number}]")
        except Refused as fault:
            raise FerEdgeError(f"{called}: {fault}") from None
        return found


def with_place(call: Any, place: str) -> None:
    """Call, and say where a refused value stands."""
    try:
        call()
    except Refused as fault:
        fault.enter(place)
        raise


def _add(found: Truth, entry: Any) -> None:
    name = entry.get("file_name") if isinstance(entry, dict) else None
    if not isinstance(name, str) or not name:
        refuse("file_name", name, "the name of a picture")
    if name in found:
        refuse("file_name", name, "each picture once")
    faces: list[TrueFace] = []
    for number, face in enumerate(_list(entry, "faces")):
        with_place(lambda face=face: faces.append(_face(face)), f"faces[{number}]")
    found[name] = faces


def _face(face: Any) -> TrueFace:
    if not isinstance(face, dict):
        refuse("", face, "an object with bbox")
    try:
        box = box_of(face.get("bbox"))
    except (TypeError, ValueError, OverflowError):
        box = (0.0, 0.0, 0.0, 0.0)
    if not (box[0] < box[2] and box[1] < box[3]):
        refuse("bbox", face.get("bbox"), "a list of four numbers x0, y0, x1, y1 with x0 < x1 and y0 < y1")
    ignored = face.get("ignored", False)
    if not isinstance(ignored, bool):
        refuse("ignored", ignored, "true or false")
    return TrueFace(box, _emotion(face), ignored)


def _emotion(face: Mapping[str, Any]) -> str | None:
    named = face.get("emotion")
    if isinstance(named, str) and named:
        return canonical(named)
    if named is not None:
        refuse("emotion", named, "the name of an emotion")
    shares = {
        label: value
        for label, value in face.items()
        if label not in _OTHER and isinstance(value, int | float) and not isinstance(value, bool)
    }
    return canonical(max(shares, key=lambda label: shares[label])) if shares else None


def _list(document: Any, name: str) -> list[Any]:
    found = document.get(name) if isinstance(document, dict) else None
    if not isinstance(found, list):
        refuse(name, found, "a list")
    return found


PREDICTION = PredictionTruth()
