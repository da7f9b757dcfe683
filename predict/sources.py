"""What the command line names, as a list of picture files with the names that the answer gives them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from fer_edge.faces.finding import find_pictures
from fer_edge.runtime.errors import PictureError
from fer_edge.runtime.places import kind_of

VIDEOS = (".3gp", ".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".webm")
"""Endings that are told apart from broken pictures."""

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture to look at.

    Attributes:
        path: of the file.
        file_name: the file's own name, or its relative POSIX path in a folder given as source.
    """

    path: Path
    file_name: str


def pictures_of(sources: Iterable[str]) -> list[Picture]:
    """All pictures of all sources, in the order given; those of a folder ordered by their path in it.

    Raises:
        PictureError: a source that does not exist, holds no pictures, or is of a kind that is not read: nothing is
            looked at before every source is known to be there.
    """
    return [picture for source in sources for picture in _pictures(source)]


def _pictures(source: str) -> list[Picture]:
    if not source:
        raise PictureError("a source is empty; give picture files or folders of them")
    path = Path(source)
    if path.is_dir():
        return _folder(path)
    if path.is_file():
        if path.suffix.lower() in VIDEOS:
            raise PictureError(f"{source} is a video; fer-predict reads picture files and folders of them")
        return [Picture(path, path.name)]
    if _SCHEME.match(source) or source.lower().startswith("camera:"):
        raise PictureError(f"{source} is an address; fer-predict reads picture files and folders of them")
    wrong = "is neither a file nor a folder" if kind_of(path) == "other" else "does not exist"
    raise PictureError(f"{source} {wrong}; give picture files or folders of them")


def _folder(path: Path) -> list[Picture]:
    found = [Picture(file, file.relative_to(path).as_posix()) for file in find_pictures(path)]
    if not found:
        raise PictureError(f"{path} holds no pictures")
    return found
