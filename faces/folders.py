"""Labelled pictures: ``DIR/<class>/*``, as calibration, accuracy and training take them. Each picture is a face crop."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fer_edge.faces.pictures import find_pictures
from fer_edge.runtime.closest import closest
from fer_edge.runtime.errors import PictureError
from fer_edge.runtime.labels import canonical


@dataclass(frozen=True, slots=True)
class LabelledPicture:
    """One picture of a labelled folder.

    Attributes:
        path: of the file.
        name: its POSIX path within the folder, the same on every machine.
        label: one of the labels asked for, in their spelling.
    """

    path: Path
    name: str
    label: str

    def sha256(self) -> str:
        """Of the file's bytes, in hexadecimal: what identifies the picture wherever it lies."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


def labelled_pictures(folder: str | os.PathLike[str], labels: Sequence[str]) -> list[LabelledPicture]:
    """Every picture below the class folders.

    Folder names are read like labels everywhere: ``happy`` is ``happiness``; upper and lower case are the same.

    Args:
        folder: holds one folder a class; classes may be missing, pictures may lie deeper.
        labels: the classes that exist.

    Returns:
        Ordered by name.

    Raises:
        PictureError: not a folder, no pictures, pictures outside class folders, or class folders of other names: all of
            them are listed.
    """
    root = Path(folder)
    paths = {path.relative_to(root).as_posix(): path for path in find_pictures(root)}
    if not paths:
        raise PictureError(f"{root} holds no pictures; expected {root}/<class>/*.jpg or the like")
    loose = [name for name in paths if "/" not in name]
    if loose:
        raise PictureError(f"{root} holds {len(loose)} pictures outside class folders, such as {loose[0]}; move "
                           f"them into {root}/<class>/")  # fmt: skip
    by_class = {_folded(label): label for label in labels}
    _refuse_unknown(root, {name.split("/")[0] for name in paths}, by_class)
    return [
        LabelledPicture(path, name, by_class[_folded(name.split("/")[0])])
        for name, path in sorted(paths.items())
    ]


def class_counts(pictures: Iterable[LabelledPicture], labels: Sequence[str]) -> dict[str, int]:
    """Pictures a class, in the order of ``labels``, zeros included."""
    counts = Counter(picture.label for picture in pictures)
    return {label: counts[label] for label in labels}


def content_sha256(pictures: Iterable[LabelledPicture]) -> str:
    """One hash of a whole set: of each picture's name and content, in order of names, in hexadecimal."""
    total = hashlib.sha256()
    for picture in sorted(pictures, key=lambda picture: picture.name):
        total.update(f"{picture.sha256()}  {picture.name}\n".encode("utf-8", "surrogateescape"))
    return total.hexdigest()


def _folded(name: str) -> str:
    return canonical(name.lower()).lower()


def _refuse_unknown(root: Path, folders: Iterable[str], by_class: dict[str, str]) -> None:
    wrong = sorted(name for name in folders if _folded(name) not in by_class)
    if not wrong:
        return
    near = closest(wrong[0], by_class.values())
    meant = f" Is {wrong[0]} meant to be {near}?" if near else ""
    raise PictureError(
        f"{root} holds folders that are no class of the model: {', '.join(wrong)}.{meant} "
        f"Classes: {', '.join(by_class.values())}"
    )
