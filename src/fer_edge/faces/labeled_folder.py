"""A folder of classes, ``DIR/<class>/*``, as calibration, accuracy, training and evaluation take it. Each picture is a face crop."""

from __future__ import annotations

import hashlib
import os
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from fer_edge.faces.picture_files import describe_left_out, find_pictures
from fer_edge.runtime.closest import closest
from fer_edge.runtime.errors import PictureError
from fer_edge.runtime.labels import EMOTIONS, canonical

if TYPE_CHECKING:
    from fer_edge.runtime.frame import Frame

SHOWN, LONGEST = 40, 60
"""Folder names in a message, and characters of each."""


T = TypeVar("T")


class UnknownClasses(PictureError):
    """A folder holds class folders that are none of the labels asked for."""


@dataclass(frozen=True, slots=True)
class LabeledPicture:
    """One picture of a labeled folder.

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

    def read(self) -> Frame:
        """The picture, decoded.

        Raises:
            PictureError: it cannot be.
        """
        from fer_edge.faces.pictures import read_picture

        return read_picture(self.path)


def labeled_pictures(
    folder: str | os.PathLike[str],
    labels: Sequence[str],
    *,
    renamed: Mapping[str, str] | None = None,
    left_out: Counter[str] | None = None,
    skip_unknown: bool = False,
) -> list[LabeledPicture]:
    """Every picture below the class folders.

    Folder names are read like labels everywhere: ``happy`` is ``happiness``; upper and lower case are the same, and so are the
    ways to write an accent. A class folder may be a link.

    Args:
        folder: holds one folder a class; classes may be missing, pictures may lie deeper.
        labels: the classes that exist.
        renamed: folder name -> the class that it holds, for numbers and other languages.
        left_out: receives how many files were left out, by ending or reason.
        skip_unknown: leave out folders that are no class, instead of refusing them.

    Returns:
        Ordered by name.

    Raises:
        UnknownClasses: class folders of other names, or none of another one; all of them are listed.
        PictureError: not a folder, no pictures, or pictures outside class folders.
    """
    root = Path(folder)
    left: Counter[str] = Counter() if left_out is None else left_out
    paths = _find_in_folders(root, left)
    by_class = class_places(labels, renamed or {})
    unknown = Counter(top for name in paths if fold_class(top := name.split("/")[0]) not in by_class)
    deeper = next((name.split("/")[0] for name in paths if _is_split(name, by_class)), None)
    if unknown and not skip_unknown:
        _refuse_unknown(root, unknown, labels, deeper)
    left.update({f"of class {name[:LONGEST]}": count for name, count in unknown.items()})
    found = [
        LabeledPicture(path, name, by_class[fold_class(name.split("/")[0])])
        for name, path in sorted(paths.items())
        if name.split("/")[0] not in unknown
    ]
    if not found:
        _refuse_unknown(root, unknown, labels, deeper)
    return found


def _find_in_folders(root: Path, left_out: Counter[str]) -> dict[str, Path]:
    """The pictures by their POSIX path within ``root``, all of them below a folder in it."""
    found = find_pictures(root, left_out, linked_classes=True)
    if not found:
        said = f"; {describe_left_out(left_out)}" if left_out else ""
        raise PictureError(f"{root} holds no pictures{said}; expected {root}/<class>/*.jpg or the like")
    paths = {path.relative_to(root).as_posix(): path for path in found}
    loose = [name for name in paths if "/" not in name]
    if loose:
        raise PictureError(f"{root} holds {len(loose)} pictures outside class folders, such as {loose[0]}; move "
                           f"them into {root}/<class>/")  # fmt: skip
    return paths


def parse_class_map(text: str) -> dict[str, str]:
    """The folder names of ``--map``, each with the class that it holds.

    Args:
        text: ``0=anger,1=disgust``.

    Raises:
        PictureError: a part that is not ``FOLDER=CLASS``, or a folder with two classes.
    """
    found: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, sign, label = (word.strip() for word in part.partition("="))
        if not name or not sign or not label:
            raise PictureError(f"map {part[:LONGEST]!r} is not FOLDER=CLASS, such as 0=anger")
        if found.setdefault(name, label) != label:
            raise PictureError(f"map gives {name[:LONGEST]!r} two classes, {found[name]} and {label}")
    return found


def spread(pictures: Sequence[T], limit: int | None) -> list[T]:
    """At most so many, evenly over all of them."""
    if limit is None or len(pictures) <= limit:
        return list(pictures)
    return [pictures[index * len(pictures) // limit] for index in range(limit)]


def content_sha256(pictures: Iterable[LabeledPicture]) -> str:
    """One hash of a whole set: of each picture's name and content, in order of names, in hexadecimal."""
    total = hashlib.sha256()
    for picture in sorted(pictures, key=lambda picture: picture.name):
        total.update(f"{picture.sha256()}  {picture.name}\n".encode("utf-8", "surrogateescape"))
    return total.hexdigest()


def classes_in(names: Iterable[str], renamed: Mapping[str, str]) -> dict[str, str]:
    """The classes that folders of these names hold: as they are compared -> in their spelling.

    Args:
        names: of folders.
        renamed: folder name -> the class that it holds.
    """
    known = {fold_class(emotion): emotion for emotion in EMOTIONS}
    meant = {fold_class(name): label for name, label in renamed.items()}
    labels = [meant.get(fold_class(name), name) for name in names]
    # Of several spellings the first one counts.
    return {fold_class(label): known.get(fold_class(label), label) for label in reversed(labels)}


def order_classes(names: Iterable[str]) -> tuple[str, ...]:
    """The emotions in their order, then other names in theirs."""
    found = set(names)
    return (*(name for name in EMOTIONS if name in found), *sorted(found - set(EMOTIONS)))


def fold_class(name: str) -> str:
    """A class name as it is compared: canonical, without case and spaces around it, accents composed."""
    return canonical(unicodedata.normalize("NFC", name).strip().casefold()).casefold()


def class_places(labels: Sequence[str], renamed: Mapping[str, str]) -> dict[str, str]:
    """Folded name -> label; a name that is said to mean something else than a label is none.

    Args:
        labels: the classes that exist.
        renamed: name -> the class that it means.
    """
    known = {fold_class(label): label for label in labels}
    meant = {fold_class(name): known.get(fold_class(label), "") for name, label in renamed.items()}
    return {name: label for name, label in (known | meant).items() if label}


def _is_split(name: str, by_class: Mapping[str, str]) -> bool:
    """Whether a picture lies in a class folder inside one of another name, such as ``train``."""
    top, *inner = name.split("/")
    return fold_class(top) not in by_class and len(inner) > 1 and fold_class(inner[0]) in by_class


def _refuse_unknown(root: Path, folders: Iterable[str], classes: Sequence[str], deeper: str | None) -> None:
    hint = "" if deeper is None else f"The class folders stand one folder deeper: give {root / deeper}."
    raise describe_unknown(f"{root} holds folders that are no class of the model", folders, classes, hint)


def describe_unknown(
    what: str, words: Iterable[str], classes: Sequence[str], hint: str = ""
) -> UnknownClasses:
    """The error about words that are no class.

    Args:
        what: how the sentence begins.
        words: all of them.
        classes: that exist.
        hint: a sentence to go on with; "": which class the first word may mean.
    """
    wrong = sorted(words)
    near = closest(wrong[0], classes)
    meant = f" Is {wrong[0][:LONGEST]} meant to be {near}?" if near else ""
    meant = f" {hint}" if hint else meant
    names = ", ".join(name[:LONGEST] for name in wrong[:SHOWN]) + (", ..." if len(wrong) > SHOWN else "")
    return UnknownClasses(f"{what}: {names}.{meant} Classes: {', '.join(classes)}")
