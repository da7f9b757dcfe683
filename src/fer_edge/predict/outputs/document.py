"""The prediction JSON: what ``--json`` prints, the server answers and the database gives back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from fer_edge.predict.result import PictureResult, RecognizedFace


def prediction_document(
    found: Iterable[PictureResult], *, threshold: float, probabilities: bool = False
) -> dict[str, Any]:
    """The whole document.

    Args:
        found: recognized pictures; failed ones are left out.
        threshold: 0..1; each emotion that reaches it is named.
        probabilities: add the whole distribution of each face.
    """
    return {
        "images": [
            image_entry(result, threshold=threshold, probabilities=probabilities)
            for result in found
            if result.failure is None
        ]
    }


def image_entry(result: PictureResult, *, threshold: float, probabilities: bool = False) -> dict[str, Any]:
    """One picture's member of ``"images"``, and a line of JSON lines; frames of videos say when they were."""
    picture = result.picture
    entry: dict[str, Any] = {"file_name": picture.file_name}
    if picture.frame is not None:
        entry |= {"frame": picture.frame, "time_seconds": picture.time_seconds}
    entry["threshold"] = threshold
    entry["faces"] = [
        face_entry(face, threshold=threshold, probabilities=probabilities) for face in result.faces
    ]
    return entry


def face_entry(face: RecognizedFace, *, threshold: float, probabilities: bool) -> dict[str, Any]:
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
