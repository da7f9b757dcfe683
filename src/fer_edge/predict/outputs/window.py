"""``--show``: each picture with its faces in a window, with frames a second and latency; q or Esc ends the run."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import deque
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.predict.outputs.annotated import annotate
from fer_edge.predict.outputs.sink import Sink, SinkRequest
from fer_edge.predict.result import PictureResult, Pixels, faces_within
from fer_edge.runtime.errors import FerEdgeError
from fer_edge.runtime.extras import require

TITLE = "fer-predict"
_QUIT = {ord("q"), ord("Q"), 27}
_AVERAGED = 30
"""Frames whose times the figures are of."""
_LARGEST = 1280, 800
"""Pixels of a window that a picture is shown in; a larger one is made smaller."""
_TRIAL = "import cv2; cv2.namedWindow('fer-predict'); cv2.waitKey(1); cv2.destroyAllWindows()"
_TRIAL_SECONDS = 30


class Window(Sink):
    """Shows pictures as they are ready; a video not faster than it was recorded, a single picture until a key is pressed.

    Args:
        request: what is asked for.

    Raises:
        FerEdgeError: there is no display, or OpenCV has no windows.
    """

    def __init__(self, request: SinkRequest) -> None:
        require_display()
        self._cv2: Any = require("cv2", "predict")
        self._request = request
        self._shown: deque[float] = deque(maxlen=_AVERAGED)
        self._start: float | None = None
        self._latency = 0.0
        self.is_over = False

    def write(self, result: PictureResult, pixels: Pixels) -> None:
        """Show it."""
        if result.failure is not None or self.is_over:
            return
        picture = pixels()
        height, width = picture.shape[:2]
        drawn = annotate(picture, faces_within(result, width, height), self._request.threshold)
        is_frame = result.picture.frame is not None
        self._show(self._with_figures(drawn, result) if is_frame else drawn)
        self._wait(result, is_frame=is_frame)

    def close(self) -> None:
        """Close it."""
        if self._start is not None:
            self._cv2.destroyAllWindows()
            self._cv2.waitKey(1)

    def _with_figures(self, drawn: NDArray[np.uint8], result: PictureResult) -> NDArray[np.uint8]:
        now = time.monotonic()
        self._shown.append(now)
        if result.picture.came is not None:
            took = now - result.picture.came
            self._latency = took if not self._latency else 0.9 * self._latency + 0.1 * took
        span = self._shown[-1] - self._shown[0]
        words = f"{(len(self._shown) - 1) / span:.0f} frames/s, " if span else ""
        return put_words(drawn, f"{words}{1000 * self._latency:.0f} ms")

    def _show(self, drawn: NDArray[np.uint8]) -> None:
        cv2 = self._cv2
        height, width = drawn.shape[:2]
        smaller = min(1.0, _LARGEST[0] / width, _LARGEST[1] / height)
        seen = cv2.cvtColor(drawn, cv2.COLOR_RGB2BGR)
        if smaller < 1:
            seen = cv2.resize(
                seen, (round(width * smaller), round(height * smaller)), interpolation=cv2.INTER_AREA
            )
        if self._start is None:
            self._start = time.monotonic()
            cv2.namedWindow(TITLE, cv2.WINDOW_AUTOSIZE | cv2.WINDOW_GUI_NORMAL)
        cv2.imshow(TITLE, seen)

    def _wait(self, result: PictureResult, *, is_frame: bool) -> None:
        """Let the window be drawn; hold a video back to its own time, and a picture until somebody saw it."""
        assert self._start is not None
        until = float("inf")
        if is_frame:
            early = (
                0.0
                if self._request.live
                else self._start + (result.picture.time_seconds or 0.0) - time.monotonic()
            )
            until = time.monotonic() + early
        while True:
            left = min(until - time.monotonic(), 0.05)
            key = self._cv2.waitKey(max(1, round(1000 * left))) & 0xFF
            closed = self._cv2.getWindowProperty(TITLE, self._cv2.WND_PROP_VISIBLE) < 1
            self.is_over = self.is_over or key in _QUIT or closed
            if self.is_over or time.monotonic() >= until or (not is_frame and key != 0xFF):
                return


def put_words(drawn: NDArray[np.uint8], words: str) -> NDArray[np.uint8]:
    """(H, W, 3) uint8: the picture with words in its lower left corner."""
    cv2 = require("cv2", "predict")
    height = drawn.shape[0]
    scale = max(0.4, height / 900)
    for color, thickness in (((20, 20, 20), 3), ((255, 255, 255), 1)):
        place = (round(8 * scale) + 4, height - round(10 * scale) - 2)
        drawn = cv2.putText(
            drawn, words, place, cv2.FONT_HERSHEY_SIMPLEX, scale, color, thickness, cv2.LINE_AA
        )
    return drawn


def require_display() -> None:
    """Refuse where no window can be shown; found out in another process, since OpenCV ends the one that cannot.

    Raises:
        FerEdgeError: there is none.
    """
    instead = "leave --show out; --annotate FILE.mp4 writes what it would show"
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise FerEdgeError(f"--show needs a display, and here is none (DISPLAY is not set); {instead}")
    try:
        tried = subprocess.run(
            [sys.executable, "-P", "-c", _TRIAL], capture_output=True, timeout=_TRIAL_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise FerEdgeError(f"--show needs a display, and this one does not answer; {instead}") from None
    if tried.returncode == 0:
        return
    said = tried.stderr.decode("utf-8", "replace")
    if "not implemented" in said:
        raise FerEdgeError(
            f"--show needs windows, which opencv-python-headless has not; install opencv-python, or {instead}"
        )
    raise FerEdgeError(f"--show needs a display, and OpenCV cannot open a window on this one; {instead}")
