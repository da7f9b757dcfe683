"""``--annotate FILE.mp4``: the frames of a video or camera with their faces, as a video of the same length."""

from __future__ import annotations

import contextlib
import os
import statistics
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.faces.pictures import is_picture
from fer_edge.predict.outputs.annotated import AnnotatedPictures, annotate
from fer_edge.predict.outputs.sink import Sink, SinkRequest
from fer_edge.predict.result import PictureResult, Pixels
from fer_edge.runtime.errors import FerEdgeError
from fer_edge.runtime.extras import require

CODES = {".mp4": "mp4v", ".m4v": "mp4v", ".mov": "mp4v", ".mkv": "mp4v", ".avi": "MJPG"}
"""Ending -> the kind of video that OpenCV's own FFmpeg can write into it: it has no encoder for H.264."""
_GAPS = 8
"""Between the first frames, whose median is taken for the time that a frame is shown."""
_SLOWEST, _FASTEST = 0.1, 120.0
"""Frames a second."""
_LONGEST_PAUSE = 60.0
"""Seconds that a frame is repeated for, at most."""


def open_annotated(request: SinkRequest) -> Sink:
    """Annotated pictures, and a video for each video and camera.

    Args:
        request: what is asked for; ``place`` is a picture file (for one picture), a video file (for one video or camera), or
            a folder, which receives the names of the sources.

    Raises:
        FerEdgeError: a place that does not fit the sources.
    """
    place = Path(request.place)
    is_video = place.suffix.lower() in CODES and not place.is_dir()
    if not request.streams:
        if is_video:
            raise FerEdgeError(
                f"{place} is a video, but the sources are pictures; name a picture file or a folder"
            )
        return AnnotatedPictures(request)
    if is_video or is_picture(place):
        if not is_video or len(request.streams) > 1 or request.pictures:
            allowed = (
                f"one file that ends with {', '.join(CODES)}, for one video or camera; else name a folder"
            )
            raise FerEdgeError(f"{place} does not fit the sources; allowed: {allowed}")
        return AnnotatedStreams(request, {request.streams[0]: place}, None)
    targets = {text: place / _name(text) for text in request.streams}
    if len(set(targets.values())) < len(request.streams):
        raise FerEdgeError(
            f"two videos would be written to one file in {place}; annotate them one after another"
        )
    return AnnotatedStreams(request, targets, AnnotatedPictures(request) if request.pictures else None)


class AnnotatedStreams(Sink):
    """Writes each frame with its faces to the video of its source, and pictures as :class:`AnnotatedPictures` does.

    Args:
        request: what is asked for.
        targets: source, as typed -> its video.
        pictures: what takes pictures.

    Raises:
        FerEdgeError: a source would be overwritten.
    """

    def __init__(
        self, request: SinkRequest, targets: dict[str, Path], pictures: AnnotatedPictures | None
    ) -> None:
        for text, target in targets.items():
            _refuse_overwriting(target, [text, *request.streams])
        require("cv2", "predict")
        self._request, self._targets, self._pictures = request, targets, pictures
        self._videos: dict[str, VideoFile] = {}

    def write(self, result: PictureResult, pixels: Pixels) -> None:
        """Draw the faces of a frame."""
        if result.failure is not None:
            return
        source = result.picture.source
        if result.picture.frame is None:
            if self._pictures is not None:
                self._pictures.write(result, pixels)
            return
        if source not in self._videos:
            self._videos[source] = VideoFile(self._targets[source])
        drawn = annotate(pixels(), result.faces, self._request.threshold)
        self._videos[source].write(drawn, result.picture.time_seconds or 0.0)

    def describe(self, result: PictureResult) -> str:
        """The picture that was written."""
        return self._pictures.describe(result) if self._pictures and result.picture.frame is None else ""

    def finish(self) -> None:
        """Put the videos into their places."""
        for video in self._videos.values():
            video.finish()
            self._request.output.say(f"wrote {video.target}")
        self._videos.clear()

    def close(self) -> None:
        """What was not finished is gone; of a camera, which has no other end, it stays."""
        for video in self._videos.values():
            if self._request.live:
                with contextlib.suppress(FerEdgeError):
                    video.finish()
            video.discard()


class VideoFile:
    """A video that is written beside its place, at a constant rate, and put there when it is whole.

    Frames that come at uneven times are shown until the next one comes: the video is as long as its source.

    Args:
        target: the file; its folder is made.
    """

    def __init__(self, target: Path) -> None:
        self.target = target
        self._beside = target.with_name(f".{target.stem}.{os.urandom(8).hex()}{target.suffix}")
        self._cv2 = require("cv2", "predict")
        self._waiting: list[tuple[NDArray[np.uint8], float]] = []
        self._writer: Any = None
        self._size, self._rate, self._start, self._count = (0, 0), 0.0, 0.0, 0
        self._last: NDArray[np.uint8] | None = None

    def write(self, pixels: NDArray[np.uint8], seconds: float) -> None:
        """Take the next frame.

        Args:
            pixels: (H, W, 3) uint8 RGB; made as large as the first one.
            seconds: its time; rising.

        Raises:
            FerEdgeError: the video cannot be written.
        """
        if self._writer is not None:
            self._put(pixels, seconds)
            return
        self._waiting.append((pixels, seconds))
        if len(self._waiting) > _GAPS:
            self._begin()

    def finish(self) -> None:
        """Put the video into its place.

        Raises:
            FerEdgeError: it cannot be written, such as on a full disk.
        """
        if self._writer is None:
            self._begin()
        self._writer.release()
        capture = self._cv2.VideoCapture(str(self._beside), self._cv2.CAP_FFMPEG)
        whole = capture.isOpened() and capture.grab()
        capture.release()
        if not whole:
            raise FerEdgeError(f"cannot write {self.target}: the video was not whole; is the disk full?")
        try:
            self._beside.replace(self.target)
        except OSError as error:
            raise FerEdgeError(f"cannot write {self.target}: {error.strerror}") from None

    def discard(self) -> None:
        """Remove what was not finished."""
        if self._writer is not None:
            self._writer.release()
        with contextlib.suppress(OSError):
            self._beside.unlink()

    def _begin(self) -> None:
        """Choose the rate and write what waited for that."""
        times = [seconds for _, seconds in self._waiting]
        gaps = [later - sooner for sooner, later in pairwise(times) if later > sooner]
        self._rate = min(max(1 / statistics.median(gaps) if gaps else 25.0, _SLOWEST), _FASTEST)
        height, width = self._waiting[0][0].shape[:2]
        self._size, self._start = (width, height), times[0]
        self._open()
        for pixels, seconds in self._waiting:
            self._put(pixels, seconds)
        self._waiting = []

    def _open(self) -> None:
        code = self._cv2.VideoWriter_fourcc(*CODES[self.target.suffix.lower()])
        try:
            self.target.parent.mkdir(parents=True, exist_ok=True)
            self._beside.touch()
        except OSError as error:
            raise FerEdgeError(f"cannot write {self.target}: {error.strerror}") from None
        self._writer = self._cv2.VideoWriter(
            str(self._beside), self._cv2.CAP_FFMPEG, code, round(self._rate, 3), self._size
        )
        if not self._writer.isOpened():
            raise FerEdgeError(f"cannot write {self.target}: OpenCV has no encoder for {self._size[0]}x{self._size[1]} pixels here")  # fmt: skip

    def _put(self, pixels: NDArray[np.uint8], seconds: float) -> None:
        """Write a frame at its time: the one before is repeated up to there; one that comes too early is left out."""
        cv2 = self._cv2
        due = round((seconds - self._start) * self._rate)
        if due < self._count:
            return
        for _ in range(min(due - self._count, round(_LONGEST_PAUSE * self._rate))):
            self._writer.write(self._last)
        frame = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
        if frame.shape[1::-1] != self._size:
            frame = cv2.resize(frame, self._size, interpolation=cv2.INTER_AREA)
        self._writer.write(frame)
        self._last, self._count = frame, due + 1


def _name(text: str) -> str:
    """``film.mov`` keeps its name, ``film.wmv`` becomes ``film.wmv.mp4``, ``camera:0`` becomes ``camera-0.mp4``."""
    name = Path(text).name.replace(":", "-")
    return name if Path(name).suffix.lower() in CODES else f"{name}.mp4"


def _refuse_overwriting(target: Path, sources: Sequence[str]) -> None:
    for text in sources:
        source = Path(text)
        if target.exists() and source.exists() and target.samefile(source):
            raise FerEdgeError(f"{target} is a source; name another file or folder for the annotated video")
