"""One picture of a source: a file, bytes, or a decoded frame, with the names that the answer gives it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class SourcePicture:
    """One picture to look at. Of ``path``, ``data``, ``fetch`` and ``pixels`` one is given.

    Attributes:
        file_name: as the answer calls it: the file's own name, or its relative POSIX path in a folder given as source.
        source: as typed on the command line.
        path: of the picture's file.
        data: the bytes of a picture file.
        fetch: brings the bytes of a picture file when its turn comes; a module's function or a ``functools.partial`` of one,
            so that another process can call it; raises ``PictureError``.
        pixels: (H, W, 3) uint8 RGB, upright: a decoded frame.
        frame: number of the frame in a video, from 0.
        time_seconds: of the frame from the video's start, or from the first frame of a stream.
        came: when the frame was there, on ``time.monotonic``: from then on latency counts.
    """

    file_name: str
    source: str
    path: Path | None = None
    data: bytes | None = None
    fetch: Callable[[], bytes] | None = None
    pixels: NDArray[np.uint8] | None = None
    frame: int | None = None
    time_seconds: float | None = None
    came: float | None = field(default=None, compare=False)

    @property
    def called(self) -> str:
        """The name in messages: what a person would look for."""
        if self.path is not None:
            return str(self.path)
        return self.source if self.frame is None else f"{self.source}, frame {self.frame}"


def content_sha256(content: bytes | Path) -> str:
    """SHA-256 of a picture file's bytes, in hexadecimal.

    Raises:
        OSError: the file cannot be read.
    """
    if isinstance(content, bytes):
        return hashlib.sha256(content).hexdigest()
    with content.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
