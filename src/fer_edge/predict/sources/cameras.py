"""Cameras of this machine: ``camera:0``, plain ``0``, ``/dev/video0``, and ``camera`` or ``webcam`` for the first one."""

from __future__ import annotations

import re
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.predict.sources.picture import SourcePicture
from fer_edge.predict.sources.source import SourceOptions
from fer_edge.runtime.errors import PictureError
from fer_edge.runtime.extras import require

_WORD = re.compile(r"(?:camera|webcam)?:?(\d{1,3})?|/dev/video(\d{1,3})", re.IGNORECASE)
_PATIENCE_SECONDS = 10.0
"""Without a frame: the camera was unplugged, or another program has it."""
_SYSTEM = Path("/sys/class/video4linux")
_TRIED = 4
"""Numbers that are tried where the system does not list its cameras."""


class Cameras:
    """A camera by its number."""

    name = "cameras (camera:0)"

    def recognizes(self, text: str, found: str) -> bool:
        """A camera's word; a file or folder of that name comes first."""
        return found not in {"file", "folder"} and bool(text.strip(":")) and _WORD.fullmatch(text) is not None

    def open(self, text: str, options: SourceOptions) -> Camera:
        """Open it.

        Raises:
            MissingExtra: OpenCV is not installed.
            PictureError: it is not there, or another program has it; the sentence lists those that are there.
        """
        matched = _WORD.fullmatch(text)
        number = int((matched and (matched[1] or matched[2])) or 0)
        return Camera(text, open_camera(number), options.every_nanos)


class Camera:
    """What a camera sees from now on. Each picture is the newest one: what came while a picture was looked at is passed over.

    Args:
        text: as typed.
        capture: an opened ``cv2.VideoCapture``, or what behaves like one; closed at the end.
        every_nanos: one picture in each span of so many nanoseconds; 0: as fast as they are looked at.
        clock: seconds on a clock that runs forward.
    """

    known: Sequence[SourcePicture] = ()
    total: int | None = None
    is_stream = True
    is_live = True

    def __init__(
        self, text: str, capture: Any, every_nanos: int = 0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._text, self._capture, self._every, self._clock = text, capture, every_nanos / 1e9, clock
        self._changed = threading.Condition()
        self._newest: tuple[int, float, NDArray[np.uint8]] | None = None
        self._is_over = False

    def __iter__(self) -> Iterator[SourcePicture]:
        """The pictures, until the camera ends."""
        reader = threading.Thread(target=self._read, name=f"reader of {self._text}", daemon=True)
        reader.start()
        start: float | None = None
        due, taken = 0.0, -1
        try:
            while (newest := self._next(taken)) is not None:
                taken, seconds, pixels = newest
                start = seconds if start is None else start
                if seconds - start < due:
                    continue
                due = (int((seconds - start) / self._every) + 1) * self._every if self._every else 0.0
                upright = np.ascontiguousarray(pixels[:, :, ::-1])
                yield SourcePicture(
                    self._text,
                    self._text,
                    pixels=upright,
                    frame=taken,
                    time_seconds=seconds - start,
                    came=seconds,
                )
        finally:
            self._is_over = True
            reader.join(timeout=_PATIENCE_SECONDS)
            self._capture.release()

    def _next(self, taken: int) -> tuple[int, float, NDArray[np.uint8]] | None:
        """The newest picture after number ``taken``, waiting for it; None: the camera ended."""
        with self._changed:
            came = self._changed.wait_for(
                lambda: self._is_over or (self._newest is not None and self._newest[0] > taken),
                _PATIENCE_SECONDS,
            )
            if not came:
                raise PictureError(
                    f"{self._text} gave no picture for {_PATIENCE_SECONDS:.0f} s; is it unplugged, or does another "
                    "program use it?",
                    code="camera",
                )
            return self._newest if self._newest is not None and self._newest[0] > taken else None

    def _read(self) -> None:
        """Take every picture that the camera has, so that none grows old in its queue."""
        number = 0
        while not self._is_over:
            there, picture = self._capture.read()
            with self._changed:
                if not there:
                    self._is_over = True
                else:
                    self._newest = (number, self._clock(), picture)
                    number += 1
                self._changed.notify_all()


def open_camera(number: int) -> Any:
    """An opened ``cv2.VideoCapture``.

    Raises:
        MissingExtra: OpenCV is not installed.
        PictureError: no such camera, or it cannot be opened.
    """
    cv2 = require("cv2", "predict")
    there = list_cameras()
    if there is not None and number not in there:
        raise PictureError(f"camera:{number} is not there; {_describe(there)}", code="camera")
    with suppress(AttributeError):
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    capture = cv2.VideoCapture(number, cv2.CAP_V4L2 if sys.platform == "linux" else cv2.CAP_ANY)
    if capture.isOpened():
        return capture
    capture.release()
    if there is None:
        there = {
            other: f"camera {other}" for other in range(_TRIED) if other != number and _opens(cv2, other)
        }
        raise PictureError(f"camera:{number} cannot be opened; {_describe(there)}", code="camera")
    raise PictureError(
        f"camera:{number} ({there[number]}) cannot be opened: another program uses it, or you may not (on Linux, your "
        f"user must be in the group video); {_describe(there)}",
        code="camera",
    )


def list_cameras() -> Mapping[int, str] | None:
    """The cameras that Linux lists, by number, with their names; None on other systems, which tell only by opening them."""
    if sys.platform != "linux":
        return None
    found = {}
    for device in _SYSTEM.glob("video*"):
        number = device.name.removeprefix("video")
        # A camera has a second device for metadata, which gives no pictures.
        if number.isdecimal() and _read_word(device / "index") in {"", "0"}:
            found[int(number)] = _read_word(device / "name") or device.name
    return dict(sorted(found.items()))


def _read_word(path: Path) -> str:
    try:
        return ascii(path.read_text(encoding="utf-8").strip())[1:-1][:60]
    except (OSError, UnicodeError):
        return ""


def _describe(there: Mapping[int, str]) -> str:
    if not there:
        return "this machine has no camera"
    return "there are: " + ", ".join(f"camera:{number} ({name})" for number, name in there.items())


def _opens(cv2: Any, number: int) -> bool:
    capture = cv2.VideoCapture(number)
    opened = bool(capture.isOpened())
    capture.release()
    return opened


CAMERAS = Cameras()
