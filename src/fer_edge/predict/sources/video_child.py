"""The process that decodes a video: ``python -m fer_edge.predict.sources.video_child FILE EVERY_NANOS`` writes frames to standard output.

FFmpeg reads in native code what others made, so that happens here: a crash, a frame without end or a header that wants all memory
there is ends this process and not the one that asked. Each message is a line of JSON, and after a frame's line its pixels.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from collections.abc import Iterator
from typing import Any, BinaryIO

LONGEST_SECONDS = 60
"""That a frame may take."""
MOST_MEMORY = 3 << 30
MOST_WORDS = 1 << 20
"""Bytes of FFmpeg's complaints that are kept."""
LARGEST_PIXELS = 3 << 24
"""Of a frame: as many as of a picture."""
OUT_OF_MEMORY = 9
"""The exit code."""
_PIPE = 1 << 20
"""Bytes; fewer turns than with the usual 64 KiB."""


def main(path: str, every_nanos: int) -> None:
    """Decode."""
    with os.fdopen(os.dup(1), "wb", buffering=0) as out:
        os.dup2(2, 1)  # whatever a library prints is a complaint
        _limit(out)
        import cv2

        os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = "protocol_whitelist;file"
        signal.alarm(LONGEST_SECONDS)
        capture = cv2.VideoCapture(path, cv2.CAP_FFMPEG)
        width, height = (
            int(capture.get(prop)) for prop in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)
        )
        _tell(out, {
            "opened": capture.isOpened() and width * height <= LARGEST_PIXELS,
            "width": width,
            "height": height,
            "frames": _number(capture.get(cv2.CAP_PROP_FRAME_COUNT)),
            "rate": _number(capture.get(cv2.CAP_PROP_FPS)),
        })  # fmt: skip
        if capture.isOpened() and width * height <= LARGEST_PIXELS:
            last = -1
            for index, (nanos, is_due) in enumerate(_due(_times(cv2, capture), every_nanos)):
                if is_due:
                    _send(cv2, capture, out, index, nanos)
                last = nanos
            _tell(out, {"last": last})


def _limit(out: BinaryIO) -> None:
    with contextlib.suppress(ImportError, ValueError, OSError):  # not everywhere
        import fcntl
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (MOST_WORDS, MOST_WORDS))
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
        fcntl.fcntl(out, 1031, _PIPE)  # F_SETPIPE_SZ


def _times(cv2: Any, capture: Any) -> Iterator[int]:
    """Nanoseconds of each frame that is decoded, from the video's start, rising."""
    rate = _number(capture.get(cv2.CAP_PROP_FPS)) or 25.0
    last = -1
    while capture.grab():
        nanos = round(1e6 * _number(capture.get(cv2.CAP_PROP_POS_MSEC)))
        # Some containers give no time to some frames.
        last = nanos if nanos > last else last + round(1e9 / min(max(rate, 1.0), 1000.0))
        yield last
        signal.alarm(LONGEST_SECONDS)


def _due(times: Iterator[int], every_nanos: int) -> Iterator[tuple[int, bool]]:
    """Each time, and whether its frame is the first one in a span of ``every_nanos``; every frame is if that is 0."""
    due = 0
    for nanos in times:
        yield nanos, nanos >= due
        if nanos >= due and every_nanos:
            due = (nanos // every_nanos + 1) * every_nanos


def _send(cv2: Any, capture: Any, out: BinaryIO, index: int, nanos: int) -> None:
    taken, picture = capture.retrieve()
    if (
        not taken
        or picture is None
        or picture.ndim != 3
        or picture.shape[0] * picture.shape[1] > LARGEST_PIXELS
    ):
        return
    pixels = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
    signal.alarm(0)  # the reader may take its time
    height, width = pixels.shape[:2]
    _tell(out, {"frame": index, "nanos": nanos, "width": width, "height": height})
    _write(out, memoryview(pixels).cast("B"))


def _tell(out: BinaryIO, words: dict[str, Any]) -> None:
    _write(out, memoryview(json.dumps(words).encode() + b"\n"))


def _write(out: BinaryIO, data: memoryview) -> None:
    while data:
        data = data[out.write(data) :]


def _number(value: float) -> float:
    """0 for what a container did not tell."""
    return float(value) if 0 < value < 1e15 else 0.0


if __name__ == "__main__":
    try:
        main(sys.argv[1], int(sys.argv[2]))
    except BrokenPipeError:  # nobody reads any more
        os._exit(0)
    except MemoryError:
        os._exit(OUT_OF_MEMORY)
