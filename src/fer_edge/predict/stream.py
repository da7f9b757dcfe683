"""Frames that follow each other in time: faces are followed from one to the next, and their probabilities steadied."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from fer_edge.faces.face import Box
from fer_edge.predict.recognition import FindFaces, recognize_picture
from fer_edge.predict.result import PictureResult, Pixels, RecognizedFace
from fer_edge.predict.sources.picture import SourcePicture
from fer_edge.predict.tracking import FORGET_SECONDS, BoxMover, FaceTracker
from fer_edge.runtime.frame import Frame
from fer_edge.runtime.model import Model
from fer_edge.runtime.prediction import Prediction
from fer_edge.runtime.smoothing import HALF_LIFE_SECONDS, ProbabilitySmoother


@dataclass(frozen=True, slots=True)
class StreamOptions:
    """How frames are looked at.

    Attributes:
        smooth_seconds: after which an old answer for a face has half of its weight; 0: each frame's answer as it is.
        detect_every: the detector looks at every frame of this number; in between the faces that it found are moved along.
    """

    smooth_seconds: float = HALF_LIFE_SECONDS
    detect_every: int = 1


class StreamRecognizer:
    """Recognizes the frames of one source, in their order.

    Args:
        find: gives the boxes of a frame.
        model: names the emotions.
        options: of streams.
    """

    def __init__(self, find: FindFaces, model: Model, options: StreamOptions) -> None:
        self._detect, self._model, self._options = find, model, options
        self._mover = BoxMover() if options.detect_every > 1 else None
        self._tracker = FaceTracker()
        self._smoothers: dict[int, tuple[ProbabilitySmoother, int]] = {}
        self._turn = 0

    def __call__(self, picture: SourcePicture) -> tuple[PictureResult, Pixels]:
        """The result of one frame, and its pixels; as :func:`~fer_edge.predict.recognition.recognize_picture` gives them."""
        result, pixels = recognize_picture(picture, self._find, self._model)
        # Results of a whole video may be kept; its frames may not.
        result = replace(result, picture=replace(picture, pixels=None))
        if result.failure is not None or self._options.smooth_seconds == 0:
            return result, pixels
        nanos = round((picture.time_seconds or 0.0) * 1e9)
        numbers = self._tracker.follow([face.bbox for face in result.faces], nanos)
        faces = [
            self._steady(face, number, nanos) for face, number in zip(result.faces, numbers, strict=True)
        ]
        self._forget(nanos)
        return replace(result, faces=faces), pixels

    def _find(self, picture: SourcePicture, frame: Frame, size: tuple[int, int]) -> list[Box]:
        turn, self._turn = self._turn, self._turn + 1
        if self._mover is None or picture.pixels is None:
            return self._detect(picture, frame, size)
        if turn % self._options.detect_every:
            return self._mover.move(picture.pixels)
        boxes = self._detect(picture, frame, size)
        self._mover.start(picture.pixels, boxes)
        return boxes

    def _steady(self, face: RecognizedFace, number: int, nanos: int) -> RecognizedFace:
        labels = self._model.contract.labels
        smoother, _ = self._smoothers.get(number) or (
            ProbabilitySmoother(len(labels), self._options.smooth_seconds, FORGET_SECONDS),
            nanos,
        )
        self._smoothers[number] = smoother, nanos
        answer = np.array([face.prediction.probabilities[label] for label in labels], np.float32)
        return replace(face, prediction=Prediction.of(labels, smoother.update(answer, nanos)))

    def _forget(self, nanos: int) -> None:
        """Drop what belongs to faces that will get another number when they come back."""
        oldest = nanos - round(FORGET_SECONDS * 1e9)
        self._smoothers = {number: kept for number, kept in self._smoothers.items() if kept[1] >= oldest}
