"""The picture files of a folder, and a count of all that is none: nothing is passed over in silence.

Folders that people have are full of other things: what systems leave (``.DS_Store``, ``@eaDir``, ``Thumbs.db``), lists, links.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from fer_edge.faces.pictures import is_picture
from fer_edge.runtime.errors import PictureError

LEFTOVERS = frozenset(
    {"@eadir", "@recycle", "#recycle", "$recycle.bin", "__macosx", "desktop.ini", "lost+found", "thumbs.db"}
)
"""The files that systems and network drives put beside people's, lower case; hidden files and folders besides."""
HIDDEN, SYSTEM = "hidden", "of the system's own"
OUTSIDE, OTHER, FOLDERS = "linked from elsewhere", "no plain file", "linked folders"
ABOVE, CLOSED = "links to a folder above", "folders that cannot be read"
SHOWN = 12
"""Kinds that a sentence writes out, and characters of an ending."""


def describe_left_out(left_out: Mapping[str, int]) -> str:
    """``5 files left out (3 .txt, 2 hidden)``; empty if none was."""
    counts = sorted(
        ((count, kind) for kind, count in left_out.items() if count), key=lambda it: (-it[0], it[1])
    )
    if not counts:
        return ""
    total = sum(count for count, _ in counts)
    words = [f"{count} {kind}" for count, kind in counts[:SHOWN]]
    rest = sum(count for count, _ in counts[SHOWN:])
    words += [f"{rest} others"] if rest else []
    return f"{total} file{'s' * (total > 1)} left out ({', '.join(words)})"


def find_pictures(
    folder: str | os.PathLike[str], left_out: Counter[str] | None = None, *, linked_classes: bool = False
) -> list[Path]:
    """The picture files in a folder and the folders below.

    Hidden files and folders and what systems leave are skipped, and so is every link that leads out of the folder.

    Args:
        folder: an existing folder.
        left_out: receives how many files were left out, by ending or reason, for :func:`describe_left_out`.
        linked_classes: enter the links to folders that lie directly in the folder; no other linked folder is entered, and none
            that holds this one.

    Returns:
        Paths that begin with ``folder``, ordered by their POSIX path within it: the same on every machine.

    Raises:
        PictureError: not a folder.
    """
    root = Path(folder)
    if not root.is_dir():
        raise PictureError(f"{root} is not a folder")
    left: Counter[str] = Counter() if left_out is None else left_out
    found = list(_walk(root, left, linked=not linked_classes))
    if linked_classes:
        for link in _linked_folders(root, left):
            found += _walk(link, left, linked=True)
    return sorted(found, key=lambda path: path.relative_to(root).as_posix())


def _walk(root: Path, left_out: Counter[str], *, linked: bool) -> Iterator[Path]:
    """The pictures below a folder; ``linked``: links to folders directly in it are counted as left out."""
    home = root.resolve()

    def closed(_: OSError) -> None:
        left_out[CLOSED] += 1

    for parent, folders, files in os.walk(root, onerror=closed):
        left_out.update(kind for name in (*folders, *files) if (kind := _leftover(name)))
        folders[:] = sorted(name for name in folders if not _leftover(name))
        if linked or Path(parent) != root:
            left_out.update(FOLDERS for name in folders if Path(parent, name).is_symlink())
        for name in sorted(files):
            if _leftover(name):
                continue
            why = _why_not(Path(parent, name), home)
            if why:
                left_out[why] += 1
            else:
                yield Path(parent, name)


def _linked_folders(root: Path, left_out: Counter[str]) -> Iterator[Path]:
    home = root.resolve()
    for link in sorted(path for path in root.iterdir() if path.is_symlink() and path.is_dir()):
        if _leftover(link.name):
            continue
        if home.is_relative_to(link.resolve()):
            left_out[ABOVE] += 1
        else:
            yield link


def _leftover(name: str) -> str:
    if name.lower() in LEFTOVERS:
        return SYSTEM
    return HIDDEN if name.startswith(".") else ""


def _why_not(path: Path, home: Path) -> str:
    """Why a file is not taken; "": it is."""
    if not is_picture(path):
        return ascii(path.suffix.lower())[1:-1][:SHOWN] or "without an ending"
    if not path.is_file():
        return OTHER
    return OUTSIDE if path.is_symlink() and not path.resolve().is_relative_to(home) else ""
