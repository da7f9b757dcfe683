"""Labeled faces to judge models on: a folder of crops, or a recipe's data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fer_edge.runtime.errors import DataError
from fer_edge.runtime.frame import Frame
from fer_edge.runtime.labels import EMOTIONS, canonical

if TYPE_CHECKING:
    from fer_edge.faces.folders import LabelledPicture
    from fer_edge.train.data.faces import Faces

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Face:
    """One face to judge.

    Attributes:
        name: within the data set.
        frame: the picture.
        box: of the face; None: the whole picture, without margin.
        label: (classes,) float32, a distribution over the series' classes.
    """

    name: str
    frame: Frame
    box: Box | None
    label: NDArray[np.float32]


class Series(Protocol):
    """Labeled faces in a fixed order."""

    @property
    def classes(self) -> tuple[str, ...]:
        """In the order of each face's label."""
        ...

    @property
    def source(self) -> str:
        """What they are; no path."""
        ...

    @property
    def sha256(self) -> str:
        """Of what decides on the faces, their names and labels."""
        ...

    def __len__(self) -> int: ...

    def face(self, index: int) -> Face:
        """One of them."""
        ...


@dataclass(frozen=True)
class FolderSeries:
    """Crops in ``DIR/<class>/*``."""

    classes: tuple[str, ...]
    source: str
    sha256: str
    pictures: Sequence[LabelledPicture]

    def __len__(self) -> int:
        return len(self.pictures)

    def face(self, index: int) -> Face:
        """Decode one picture; the whole of it is the face."""
        from fer_edge.faces.pictures import read_picture

        picture = self.pictures[index]
        label = np.zeros(len(self.classes), np.float32)
        label[self.classes.index(picture.label)] = 1
        return Face(picture.name, read_picture(picture.path, name=picture.name), None, label)


@dataclass(frozen=True)
class RecipeSeries:
    """A split of a recipe's data."""

    classes: tuple[str, ...]
    source: str
    sha256: str
    faces: Faces
    count: int

    def __len__(self) -> int:
        return self.count

    def face(self, index: int) -> Face:
        """One face with its distribution cut to the classes."""
        from fer_edge.train.data.arrays import distribution

        # Evenly over the split: its owners may have sorted it by class.
        at = index * len(self.faces) // self.count
        found = self.faces[at]
        label = distribution(found.label, [EMOTIONS.index(name) for name in self.classes])
        return Face(self.faces.name(at), found.frame, found.box, label)


def folder_series(
    folder: Path, known: Sequence[str], *, limit: int | None, skip_unknown: bool
) -> FolderSeries:
    """The pictures of ``DIR/<class>/*``; each is a face crop.

    Args:
        folder: with a folder a class; other spellings are understood.
        known: labels that every judged model has.
        limit: at most so many, evenly over the sorted list.
        skip_unknown: leave out classes that are not known, instead of refusing them.

    Raises:
        DataError: a class that is not known, or nothing is left.
        PictureError: no such folder, no pictures, or pictures outside class folders.
    """
    from fer_edge.faces.folders import content_sha256, labelled_pictures

    there = _class_folders(folder)
    classes = _known(there, known, str(folder), skip_unknown)
    pictures = [entry for entry in labelled_pictures(folder, there) if _spelled(entry.label) in classes]
    if limit is not None and len(pictures) > limit:
        pictures = [pictures[index * len(pictures) // limit] for index in range(limit)]
    if not pictures:
        raise DataError(f"{folder} holds no pictures of {', '.join(classes)}")
    respelled = [type(entry)(entry.path, entry.name, _spelled(entry.label)) for entry in pictures]
    return FolderSeries(classes, "a labeled folder", content_sha256(pictures), respelled)


def recipe_series(
    name: str,
    folder: Path | None,
    known: Sequence[str],
    *,
    split: str | None,
    limit: int | None,
    skip_unknown: bool,
    seed: int,
    options: Mapping[str, Any],
) -> RecipeSeries:
    """A split of a recipe's data, opened as for a training.

    Args:
        name: of the recipe.
        folder: of ``--data``.
        known: labels that every judged model has.
        split: ``test``, ``validation`` or ``train``; None: test where there is one, else validation.
        limit: at most so many, evenly over the split.
        skip_unknown: leave out faces of classes that are not known, instead of refusing the set.
        seed: of drawn faces.
        options: of the data set, over the recipe's own.

    Raises:
        FerEdgeError: no such recipe, its data is at fault, no such split, or a class that is not known.
    """
    from fer_edge.train.recipes import recipe
    from fer_edge.train.recipes.recipe import DataRequest

    chosen = recipe(name)
    if chosen.needs_data and folder is None:
        raise DataError(f"recipe {name!r} needs --data: {chosen.summary}")
    classes = _known(chosen.classes, known, f"recipe {name!r}", skip_unknown)
    faces = {key: min(count, limit or count) for key, count in chosen.faces.items()}
    opened = chosen.open_data(DataRequest(folder, classes, faces, seed, {**chosen.options, **options}))
    wanted = split or ("test" if "test" in opened else "validation")
    if wanted not in opened:
        raise DataError(
            f"recipe {name!r} has no split {wanted!r} in this data; there are: {', '.join(opened)}"
        )
    found = opened[wanted]
    if not len(found):
        raise DataError(f"the split {wanted!r} of recipe {name!r} has no faces")
    count = min(len(found), limit or len(found))
    return RecipeSeries(classes, f"{name} {wanted}", _digest(found.sha256(), classes, count), found, count)


def _class_folders(folder: Path) -> tuple[str, ...]:
    """Class names of a folder, canonical ones first in their order."""
    from fer_edge.faces.pictures import find_pictures

    names = {path.relative_to(folder).parts[0] for path in find_pictures(folder) if path.parent != folder}
    spelled = {_spelled(name) for name in names}
    return tuple(name for name in EMOTIONS if name in spelled) + tuple(sorted(spelled - set(EMOTIONS)))


def _known(classes: Sequence[str], known: Sequence[str], what: str, skip_unknown: bool) -> tuple[str, ...]:
    labels = {_spelled(label) for label in known}
    unknown = [name for name in classes if _spelled(name) not in labels]
    if unknown and not skip_unknown:
        raise DataError(
            f"{what} has classes that the model does not know: {', '.join(unknown)}. It knows {', '.join(known)}; "
            "--skip-unknown leaves those faces out"
        )
    left = tuple(name for name in classes if name not in unknown)
    if not left and classes:
        raise DataError(f"{what} has no class that the model knows; it knows {', '.join(known)}")
    return left


def _spelled(label: str) -> str:
    return canonical(label.lower())


def _digest(sha256: str, classes: Sequence[str], count: int) -> str:
    import hashlib

    return hashlib.sha256(f"{sha256} {','.join(classes)} {count}".encode()).hexdigest()
