"""A video's frames as another process decodes them, and what is wrong with it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.predict.sources import video_child
from fer_edge.predict.sources.video_child import OUT_OF_MEMORY
from fer_edge.predict.sources.video_containers import EXACT, container_of
from fer_edge.runtime.errors import PictureError

_EARLY_SECONDS, _EARLY_SHARE = 0.5, 0.05
"""By how much a video may end before the length that it announces."""


class Decoder:
    """The process that decodes a video, and what it says."""

    def __init__(self, path: Path, every_nanos: int) -> None:
        self._path = path
        self._every = every_nanos
        self._last = -1
        self._process: subprocess.Popen[bytes] | None = None
        self._complaints: IO[bytes] | None = None
        self._refusal: PictureError | None = None
        self._announced: dict[str, Any] = {}
        try:
            self._container = container_of(path)
            self._start()
        except PictureError as error:
            self._refusal = error
            self.close()

    @property
    def total(self) -> int:
        """About how many frames come; 1 for the failure of a video that cannot be opened."""
        if self._refusal is not None:
            return 1
        frames = int(self._announced["frames"])
        if not self._every or not frames:
            return frames
        return min(frames, int(self._seconds * 1e9 * (frames - 1) / frames // self._every) + 1)

    @property
    def _pipe(self) -> Any:  # typeshed's IO[bytes] has no readinto
        assert self._process is not None
        return self._process.stdout

    @property
    def _seconds(self) -> float:
        """The length that the video announces."""
        return float(self._announced["frames"] / (self._announced["rate"] or 25.0))

    def _start(self) -> None:
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 - closed in close
        # -P: a folder in which people work may hold a file of any module's name.
        command = [
            sys.executable,
            "-P",
            "-m",
            video_child.__name__,
            str(self._path.absolute()),
            str(self._every),
        ]
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._complaints
        )
        said = self._line()
        if said is None:
            raise self._ended_badly() or self._broken("it cannot be opened")
        self._announced = said
        if said["opened"]:
            return
        if said["width"] * said["height"] > video_child.LARGEST_PIXELS:
            raise PictureError(
                f"{self._path} has frames of {said['width']}x{said['height']} pixels; at most "
                f"{video_child.LARGEST_PIXELS} are decoded: make it smaller",
                code="too-large",
            )
        raise self._broken("it cannot be opened")

    def __iter__(self) -> Iterator[tuple[int, int, NDArray[np.uint8]]]:
        """Number, nanoseconds and (H, W, 3) uint8 RGB pixels of each frame.

        Raises:
            PictureError: the video cannot be opened.
        """
        if self._refusal is not None:
            raise self._refusal
        while (said := self._line()) is not None:
            if "last" in said:
                self._last = said["last"]
                return
            pixels = np.empty((said["height"], said["width"], 3), np.uint8)
            if not self._fill(pixels.data.cast("B")):
                return
            yield said["frame"], said["nanos"], pixels

    def fault(self) -> PictureError | None:
        """What was wrong with a video whose frames have all been read; None: nothing."""
        bad = self._ended_badly()
        if bad is not None:
            return bad
        left = self._seconds - self._last / 1e9
        if self._last < 0:
            return self._broken("it holds no frame")
        said = self._complaint()
        gap = _EARLY_SECONDS + _EARLY_SHARE * self._seconds
        if left > gap and (said or self._container in EXACT):
            return self._broken(
                f"it ends at {self._last / 1e9:.1f} s of {self._seconds:.1f} s", code="truncated"
            )
        return self._broken("frames near the faults are not to be trusted") if said else None

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            if self._process.stdout is not None:
                self._process.stdout.close()
            self._process.wait()
        if self._complaints is not None:
            self._complaints.close()
        self._process = self._complaints = None

    def __del__(self) -> None:
        """A video whose length was asked for and that nobody looked at."""
        self.close()

    def _line(self) -> dict[str, Any] | None:
        """What the process says next; None: it ended."""
        line = self._pipe.readline(1000)
        return dict(json.loads(line)) if line.endswith(b"\n") else None

    def _fill(self, room: memoryview) -> bool:
        done = 0
        while done < len(room):
            count = self._pipe.readinto(room[done:])
            if not count:
                return False
            done += count
        return True

    def _ended_badly(self) -> PictureError | None:
        """The way in which the process ended, if it was not by itself."""
        assert self._process is not None
        code = self._process.wait()
        if code == 0:
            return None
        if code == -signal.SIGALRM:
            seconds = video_child.LONGEST_SECONDS
            return PictureError(
                f"{self._path}: a frame of it took more than {seconds} s to decode", code="timeout"
            )
        if code == OUT_OF_MEMORY:
            return PictureError(f"{self._path} takes more memory to decode than is allowed", code="too-large")
        return PictureError(f"{self._path} is damaged: it crashed the decoder", code="crashed")

    def _broken(self, what: str, code: str = "broken") -> PictureError:
        said = self._complaint()
        return PictureError(
            f"{self._path} is damaged: {what}{f' (FFmpeg: {said})' if said else ''}", code=code
        )

    def _complaint(self) -> str:
        """The first thing that FFmpeg complained about."""
        if self._complaints is None:
            return ""
        self._complaints.seek(0)
        lines = self._complaints.read(video_child.MOST_WORDS).decode("utf-8", "replace").splitlines()
        own = (line.partition("] ")[2] for line in lines if line.startswith("[") and " @ 0x" in line)
        return next((ascii(line)[1:-1][:120] for line in own if line), "")
