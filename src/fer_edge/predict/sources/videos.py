"""Video files: every frame, or one in each span of time, upright, with its time.

What is left open by containers is decided here, once:

| in the file                            | becomes                                                          |
|----------------------------------------|------------------------------------------------------------------|
| rotation, as phones store it           | upright frames                                                   |
| uneven times                           | each frame's own time; rising, where the container gives none    |
| pixels that are not square             | frames as they are stored                                        |
| a playlist, or a list of other files   | refused: only containers whose bytes hold the frames are opened  |
| missing frames at the end, faults      | the frames that there are, and a failure after them              |
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from fer_edge.predict.sources.picture import SourcePicture
from fer_edge.predict.sources.source import SourceOptions
from fer_edge.predict.sources.video_decoder import Decoder
from fer_edge.runtime.errors import FerEdgeError, PictureError
from fer_edge.runtime.extras import need

ENDINGS = (
    ".3gp",
    ".avi",
    ".flv",
    ".m4v",
    ".mkv",
    ".mov",
    ".mp4",
    ".mpeg",
    ".mpg",
    ".mts",
    ".ogv",
    ".ts",
    ".webm",
    ".wmv",
    ".y4m",
)
"""Of names that are taken for videos, in any case."""
FEW = 8
"""Videos whose lengths are asked for before the first one is looked at; of more the total is not known."""


class VideoFiles:
    """A video file."""

    name = "videos"

    def recognizes(self, text: str, found: str) -> bool:
        """A file whose name ends like a video's."""
        return found == "file" and Path(text).suffix.lower() in ENDINGS

    def open(self, text: str, options: SourceOptions) -> VideoFile:
        """Open it.

        Raises:
            MissingExtra: OpenCV is not installed.
        """
        need("predict", "cv2")
        options.videos.append(text)
        return VideoFile(text, options.every_nanos, counted=len(options.videos) <= FEW)


class VideoFile:
    """The frames of one video; one that cannot be opened is a picture that fails.

    Args:
        text: its path, as typed.
        every_nanos: one frame in each span of so many nanoseconds; 0: every frame.
        counted: whether to find out the number of frames before they are asked for.
    """

    known: Sequence[SourcePicture] = ()
    is_stream = True
    is_live = False

    def __init__(self, text: str, every_nanos: int = 0, *, counted: bool = True) -> None:
        self._text = text
        self._every = every_nanos
        self._counted = counted
        self._decoder: Decoder | None = None

    @property
    def total(self) -> int | None:
        """About how many frames there are; None where nobody knows."""
        if not self._counted:
            return None
        if self._decoder is None:
            self._decoder = Decoder(Path(self._text), self._every)
        return self._decoder.total

    def __iter__(self) -> Iterator[SourcePicture]:
        """The frames, and at the end, if the video is broken or ends early, one that fails."""
        decoder = self._decoder or Decoder(Path(self._text), self._every)
        self._decoder = None
        name = Path(self._text).name
        try:
            for frame, nanos, pixels in decoder:
                yield SourcePicture(
                    name,
                    self._text,
                    pixels=pixels,
                    frame=frame,
                    time_seconds=nanos / 1e9,
                    came=time.monotonic(),
                )
            wrong = decoder.fault()
        except PictureError as error:
            wrong = error
        finally:
            decoder.close()
        if wrong is not None:
            yield SourcePicture(name, self._text, fetch=partial(_fail, str(wrong), wrong.code))


def _fail(message: str, code: str) -> bytes:
    raise PictureError(message, code=code)


def parse_span(text: str) -> int:
    """The nanoseconds of ``0.5s``, ``500ms`` or ``2``, which are seconds.

    Raises:
        FerEdgeError: something else, or less than a millisecond.
    """
    number, factor = text.strip().lower(), 1_000_000_000
    if number.endswith("ms"):
        number, factor = number[:-2], 1_000_000
    number = number.removesuffix("s")
    try:
        nanos = round(float(number) * factor)
    except (ValueError, OverflowError):
        nanos = 0
    if not 1_000_000 <= nanos <= 10**15:
        raise FerEdgeError(
            f"{text[:40]!r} is no span of time; allowed: 0.5s, 500ms, 2 (seconds), at least 1 ms"
        )
    return nanos


VIDEOS = VideoFiles()
