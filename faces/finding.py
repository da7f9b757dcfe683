"""Which files of a folder are pictures, and what else lies there: nothing is passed over in silence.

Folders that people have are full of other things: what systems leave (``.DS_Store``, ``@eaDir``, ``Thumbs.db``), lists, links.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from fer_edge.faces.pictures import is_picture
from fer_edge.runtime.errors import PictureError

LEFTOVERS = frozenset(
    {"@eadir", "@recycle", "#recycle", "$recycle.bin", "__macosx", "desktop.ini", "lost+found", "thumbs.db"}
)
"""What systems and network drives put beside people's files, lower case; hidden files and folders besides."""
SYSTEM = "of the system's own (hidden, @eaDir and the like)"
OUTSIDE, NOWHERE, FOLDERS = "links out of the folder", "links that lead nowhere", "links to folders"
ABOVE, CLOSED, OTHER = "links to a folder above", "folders that cannot be read", "pipes or devices"
LONGEST = 12
"""Characters of an ending; longer ones are no endings."""


class Skipped(Counter[str]):
    """What was left out of a folder: kind -> how many."""

    def line(self) -> str:
        """One sentence with all counts, the largest first; "" where nothing was left out."""
        counts = sorted(self.items(), key=lambda item: (-item[1], item[0]))
        return f"left out: {', '.join(f'{count} {kind}' for kind, count in counts)}" if counts else ""


def find_pictures(
    folder: str | os.PathLike[str], skipped: Skipped | None = None, *, linked_classes: bool = False
) -> list[Path]:
    """The picture files in a folder and the folders below.

    Hidden files and folders and what systems leave are skipped, and so is every link that leads out of the folder.

    Args:
        folder: an existing folder.
        skipped: gets what is left out.
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
    left = Skipped() if skipped is None else skipped
    found = list(_walk(root, left, linked=not linked_classes))
    if linked_classes:
        for link in _linked_folders(root, left):
            found += _walk(link, left, linked=True)
    return sorted(found, key=lambda path: path.relative_to(root).as_posix())


def _walk(root: Path, skipped: Skipped, *, linked: bool) -> Iterator[Path]:
    """The pictures below a folder; ``linked``: links to folders directly in it are counted as left out."""
    home = root.resolve()

    def closed(_: OSError) -> None:
        skipped[CLOSED] += 1

    for parent, folders, files in os.walk(root, onerror=closed):
        skipped[SYSTEM] += sum(_is_leftover(name) for name in (*folders, *files))
        folders[:] = sorted(name for name in folders if not _is_leftover(name))
        if linked or Path(parent) != root:
            skipped[FOLDERS] += sum(Path(parent, name).is_symlink() for name in folders)
        for name in sorted(files):
            if _is_leftover(name):
                continue
            why = _why_not(Path(parent, name), home)
            if why:
                skipped[why] += 1
            else:
                yield Path(parent, name)
    skipped += Skipped()  # the kinds that nothing was left out for go


def _linked_folders(root: Path, skipped: Skipped) -> Iterator[Path]:
    home = root.resolve()
    for link in sorted(path for path in root.iterdir() if path.is_symlink() and path.is_dir()):
        if _is_leftover(link.name):
            continue
        if home.is_relative_to(link.resolve()):
            skipped[ABOVE] += 1
        else:
            yield link


def _is_leftover(name: str) -> bool:
    return name.startswith(".") or name.lower() in LEFTOVERS


def _why_not(path: Path, home: Path) -> str:
    """Why a file is not taken; "": it is."""
    if not is_picture(path):
        ending = path.suffix.lower()
        return ending if 1 < len(ending) <= LONGEST else "without an ending"
    if not path.exists():
        return NOWHERE
    if not path.is_file():
        return OTHER
    return OUTSIDE if path.is_symlink() and not path.resolve().is_relative_to(home) else ""
