"""Sources that other programs read, told apart from misspelled paths."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NoReturn

from fer_edge.predict.sources.source import SourceOptions
from fer_edge.runtime.errors import PictureError

VIDEOS = (".3gp", ".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".webm")
"""Endings that are told apart from broken pictures."""

_ONLY = "fer-predict reads picture files and folders of them"
_LATER = {
    "a camera": f"a camera; {_ONLY}: save a frame as a picture, or give it to fer_edge.runtime.Frame in a loop of your own",
    "a video": f"a video; {_ONLY}: save its frames as pictures first, such as with ffmpeg",
}
"""The kind of a source that is no picture yet, and what to do."""

_CAMERA = re.compile(r"\d{1,3}|webcam|camera(:.*)?|/dev/video\d+", re.IGNORECASE)


class LaterSource:
    """A source of a kind that is not read."""

    name = ""

    def recognizes(self, text: str, found: str) -> bool:
        """What this word means to other programs; a picture file or folder of that name comes first."""
        return bool(_kind(text, found))

    def open(self, text: str, options: SourceOptions) -> NoReturn:  # noqa: ARG002
        """Say what to do instead.

        Raises:
            PictureError: always.
        """
        kind = _kind(text, "file" if Path(text).is_file() else "absent")
        raise PictureError(f"{ascii(text)[1:-1][:200]} is {_LATER[kind]}")


def _kind(text: str, found: str) -> str:
    if found == "folder":
        return ""
    if found == "file":
        return "a video" if Path(text).suffix.lower() in VIDEOS else ""
    return "a camera" if _CAMERA.fullmatch(text) else ""


LATER = LaterSource()
