"""What a worker does with one picture: the recognition of ``fer-predict``, and its prediction JSON as bytes."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from fer_edge.faces.detectors.detector import DetectorOptions
from fer_edge.faces.pictures import picture_size
from fer_edge.predict.outputs.document import prediction_document
from fer_edge.predict.recognition import describe_failure, make_face_finder, predict_faces, recognize_picture
from fer_edge.predict.result import Failure
from fer_edge.predict.server.settings import ModelChoice
from fer_edge.predict.sources.picture import SourcePicture
from fer_edge.runtime import load
from fer_edge.runtime.errors import FrameError, PictureError
from fer_edge.runtime.frame import Frame


@dataclass(frozen=True, slots=True)
class Job:
    """One picture, and what is asked of it.

    Attributes:
        picture: the file's bytes.
        file_name: as the answer calls it.
        threshold: 0..1; each emotion that reaches it is named.
        probabilities: whether the whole distribution of each face is wanted.
    """

    picture: bytes
    file_name: str
    threshold: float
    probabilities: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of it.

    Attributes:
        document: the prediction JSON, byte for byte as ``fer-predict --json`` prints it; empty if the picture failed.
        faces: how many were found.
        failure: why there is no document.
    """

    document: bytes
    faces: int
    failure: Failure | None = None


class Answerer:
    """One engine and one detector, opened once. For one thread at a time.

    Raises:
        FerEdgeError: the bundle, the engine or the detector is not there.
    """

    def __init__(self, choice: ModelChoice) -> None:
        self._find = make_face_finder(
            choice.detector,
            None,
            model=choice.detector_model,
            options=DetectorOptions(min_face=choice.min_face, overlap=choice.overlap),
        )
        self._most_pixels = choice.most_pixels
        self._model = load(
            choice.bundle, variant=choice.variant, engine=choice.engine, threads=choice.threads
        )
        _set_opencv_threads(choice.opencv_threads)
        self.warm_up()

    def warm_up(self) -> None:
        """Look at a picture of noise, so that the first client does not wait for what libraries load when they are first used."""
        noise = np.random.default_rng(0).integers(0, 256, (300, 400, 3), np.uint8)
        for form in ("JPEG", "PNG"):
            buffer = io.BytesIO()
            Image.fromarray(noise).save(buffer, form)
            self.answer(Job(buffer.getvalue(), "noise", 0.5, True))
        predict_faces(Frame.from_rgb(noise), [(100.0, 100.0, 200.0, 200.0)], self._model)

    def describe(self) -> dict[str, str]:
        """What answers: model, variant, and the engine with its version."""
        return {
            "model": self._model.contract.model,
            "variant": self._model.variant or "",
            "engine": self._model.engine,
        }

    def answer(self, job: Job) -> Answer:
        """Look at one picture; whatever is wrong with it is part of the answer."""
        picture = SourcePicture(job.file_name, job.file_name, data=job.picture)
        failure = self._refuse_large(job)
        if failure is not None:
            return Answer(b"", 0, failure)
        result, _ = recognize_picture(picture, self._find, self._model)
        if result.failure is not None:
            return Answer(b"", 0, result.failure)
        document = prediction_document([result], threshold=job.threshold, probabilities=job.probabilities)
        return Answer(json_line(document), len(result.faces))

    def _refuse_large(self, job: Job) -> Failure | None:
        try:
            width, height = picture_size(job.picture, name=job.file_name)
        except (PictureError, FrameError) as error:
            return describe_failure(error, job.file_name)
        if width * height <= self._most_pixels:
            return None
        return Failure(
            "too-large",
            f"{job.file_name} has {width}x{height} pixels; this server takes at most {self._most_pixels}: make it smaller",
        )


def json_line(document: dict[str, Any]) -> bytes:
    """The document as ``--json`` prints it: one line of UTF-8; escaped where a name is no Unicode."""
    try:
        return json.dumps(document, ensure_ascii=False, allow_nan=False).encode() + b"\n"
    except UnicodeEncodeError:
        return json.dumps(document, allow_nan=False).encode() + b"\n"


def _set_opencv_threads(threads: int) -> None:
    """Workers share the cores; the detector's own threads would fight over them."""
    import sys

    cv2 = sys.modules.get("cv2")
    if cv2 is not None and threads:
        cv2.setNumThreads(threads)
