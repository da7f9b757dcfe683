"""The sources on the command line, as a list of picture files with the names that the answer gives them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from fer_edge.faces.picture_files import describe_left_out, find_pictures
from fer_edge.runtime.errors import PictureError
from fer_edge.runtime.paths import kind_of

VIDEOS = (".3gp", ".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".webm")
"""Endings that are told apart from broken pictures."""

_ONLY = "fer-predict reads picture files and folders of them"
_LATER = {
    "a camera": f"a camera; {_ONLY}: save a frame as a picture, or give it to fer_edge.runtime.Frame in a loop of your own",
    "standard input": f"standard input; {_ONLY}: write the picture to a file first",
    "a server": f"a server, which does not exist yet; {_ONLY} (a path of this name is written ./serve)",
    "an address": f"an address; {_ONLY}: download it first",
    "a video": f"a video; {_ONLY}: save its frames as pictures first, such as with ffmpeg",
}
"""The kind of a source that is no picture yet, and what to do."""

_CAMERA = re.compile(r"\d{1,3}|webcam|camera(:.*)?|/dev/video\d+", re.IGNORECASE)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SourcePicture:
    """One picture to look at.

    Attributes:
        path: of the file.
        file_name: the file's own name, or its relative POSIX path in a folder given as source.
    """

    path: Path
    file_name: str


def pictures_of(sources: Iterable[str], left_out: Counter[str] | None = None) -> list[SourcePicture]:
    """All pictures of all sources, in the order given; those of a folder ordered by their path in it.

    Args:
        sources: as typed.
        left_out: receives what of the folders is no picture.

    Raises:
        PictureError: a source that does not exist, holds no pictures, or is of a kind that is not read: nothing is
            looked at before every source is known to be there.
    """
    counts = Counter[str]() if left_out is None else left_out
    return [picture for source in sources for picture in _pictures(source, counts)]


def _pictures(source: str, left_out: Counter[str]) -> list[SourcePicture]:
    if not source:
        raise PictureError("a source is empty; give picture files or folders of them")
    path, called = Path(source), ascii(source)[1:-1][:200]
    kind = kind_of(path)
    if kind == "folder":
        return _folder(path, left_out)
    if kind == "file" and path.suffix.lower() not in VIDEOS:
        return [SourcePicture(path, path.name)]
    later = _later(source, path)
    if later:
        raise PictureError(f"{called} is {_LATER[later]}")
    wrong = "is neither a file nor a folder" if kind == "other" else "does not exist"
    raise PictureError(f"{called} {wrong}; give picture files or folders of them")


def _later(source: str, path: Path) -> str | None:
    """The meaning of this word to other programs; a file or folder of that name comes first."""
    if path.suffix.lower() in VIDEOS and path.is_file():
        return "a video"
    if source == "-":
        return "standard input"
    if source == "serve":
        return "a server"
    if _CAMERA.fullmatch(source):
        return "a camera"
    return "an address" if _SCHEME.match(source) else None


def _folder(path: Path, left_out: Counter[str]) -> list[SourcePicture]:
    here = Counter[str]()
    found = [SourcePicture(file, file.relative_to(path).as_posix()) for file in find_pictures(path, here)]
    if not found:
        raise PictureError(f"{path} holds no pictures{f'; {describe_left_out(here)}' if here else ''}")
    left_out.update(here)
    return found
