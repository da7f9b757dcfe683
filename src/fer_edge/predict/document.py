"""The prediction JSON: what ``--json`` prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fer_edge.predict.faces import Face
from fer_edge.predict.recognition import Answer


def prediction_document(
    found: Sequence[Answer], *, threshold: float, probabilities: bool = False
) -> dict[str, Any]:
    """The whole document.

    Args:
        found: answered pictures; failed ones are left out.
        threshold: 0..1; each emotion that reaches it is named.
        probabilities: add the whole distribution of each face.
    """
    return {
        "images": [
            image_entry(
                answer.picture.file_name, answer.faces, threshold=threshold, probabilities=probabilities
            )
            for answer in found
            if answer.failure is None
        ]
    }


def image_entry(
    file_name: str, faces: Sequence[Face], *, threshold: float, probabilities: bool
) -> dict[str, Any]:
    """One picture's member of ``"images"``.

    Args:
        file_name: as the source gave it.
        faces: in order of ``face_id``; may be empty.
        threshold: 0..1; each emotion that reaches it is named.
        probabilities: add the whole distribution of each face.
    """
    entries = [face_entry(face, threshold=threshold, probabilities=probabilities) for face in faces]
    return {"file_name": file_name, "threshold": threshold, "faces": entries}


def face_entry(face: Face, *, threshold: float, probabilities: bool) -> dict[str, Any]:
    """One face's member of ``"faces"``; the unrounded probability is compared with the threshold."""
    every = face.prediction.probabilities
    entry: dict[str, Any] = {"face_id": face.face_id}
    entry |= {label: shortest(value) for label, value in every.items() if value >= threshold}
    entry["bbox"] = [str(side) for side in face.bbox]
    if probabilities:
        entry["probabilities"] = {label: shortest(value) for label, value in every.items()}
    return entry


def shortest(value: float) -> float:
    """The number whose decimal is the shortest that reads back as the same float32: 0.97, not 0.9700000286102295."""
    return float(np.format_float_scientific(np.float32(value), unique=True))
