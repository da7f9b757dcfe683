"""A data set as its recipe reads it, with whatever is wrong with it, and the pictures that stand in it more than once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fer_edge.synthetic import SyntheticFaces
from fer_edge.train.data.faces import Faces
from fer_edge.train.datasets.checks import ExaminedFace
from fer_edge.train.datasets.label_maps import label_space
from fer_edge.train.datasets.pictures import Entry, ListedFaces
from fer_edge.train.datasets.request import SPLITS, DataRequest, Survey
from fer_edge.train.datasets.splits import group_alike
from fer_edge.train.recipes.recipe import Recipe


@dataclass(frozen=True)
class Looked:
    """A data set that was read once.

    Attributes:
        recipe: that read it, its size written out.
        data: folder or table; None: drawn faces.
        splits: the faces that can be read, in the order of ``SPLITS``.
        classes: of each face of each split, the strongest one.
        seen: the same faces with what they are compared by; empty for drawn ones.
        faults: one line each, ``<kind>: <what>``; those that ``faulty=drop`` forgives too.
        refused: whether a training would refuse the data as it is.
        notes: what a training would say of the data.
    """

    recipe: Recipe
    data: Path | None
    splits: Mapping[str, Faces]
    classes: Mapping[str, Sequence[str]]
    seen: Mapping[str, Sequence[ExaminedFace]]
    faults: Sequence[str]
    refused: bool
    notes: Sequence[str]

    @property
    def faces(self) -> int:
        """Number of all together."""
        return sum(map(len, self.splits.values()))

    def counts(self) -> dict[str, dict[str, int]]:
        """Split -> class of the recipe -> faces."""
        found = {split: Counter(names) for split, names in self.classes.items()}
        return {split: {name: count[name] for name in self.recipe.classes} for split, count in found.items()}

    def kinds(self) -> dict[str, list[str]]:
        """Kind of fault -> the faults, without it."""
        found: dict[str, list[str]] = {}
        for line in self.faults:
            kind, _, text = line.partition(": ")
            found.setdefault(kind, []).append(text)
        return found


def survey(recipe: Recipe, data: Path | None) -> Looked:
    """Read everything once.

    Args:
        recipe: with all overrides applied and its size written out.
        data: folder or table; None where the recipe needs none.

    Raises:
        DataError: there is nothing to look at: no such folder, options that do not exist.
    """
    request = DataRequest(data, recipe.classes, recipe.faces, recipe.seed, recipe.options, survey=Survey())
    opened = recipe.open_data(request)
    told = request.survey
    assert told is not None
    seen = {split: told.seen[split] for split in SPLITS if split in told.seen}
    # Not what was opened: --limit and the like do not matter here.
    listed = {split: ListedFaces([each.entry for each in found]) for split, found in seen.items()}
    splits: dict[str, Faces] = {split: opened[split] for split in SPLITS if split in opened} | listed
    return Looked(
        recipe,
        data,
        splits,
        {split: classes_of(faces, recipe.classes) for split, faces in splits.items()},
        seen,
        [*request.left_out, *told.faults],
        bool(told.faults),
        request.notes,
    )


def classes_of(faces: Faces, classes: Sequence[str]) -> list[str]:
    """The strongest class of each face; of drawn ones and listed ones without drawing or decoding them."""
    space = label_space(classes)
    if isinstance(faces, ListedFaces):
        return [space[entry.emotion] for entry in faces.entries]
    if isinstance(faces, SyntheticFaces):
        return [faces.emotions[at % len(faces.emotions)] for at in range(len(faces))]
    return [space[int(np.argmax(faces[at].label))] for at in range(len(faces))]


@dataclass(frozen=True)
class Copy:
    """One of several faces that show the same picture.

    Attributes:
        split: that it stands in.
        label: its strongest class.
        entry: itself.
    """

    split: str
    label: str
    entry: Entry

    @property
    def text(self) -> str:
        """``train a/1.jpg (anger)``."""
        return f"{self.split} {self.entry.name} ({self.label})"


@dataclass(frozen=True)
class Repeat:
    """Faces that show the same picture.

    Attributes:
        copies: two or more.
    """

    copies: tuple[Copy, ...]

    @property
    def exact(self) -> bool:
        """True if they are equal byte for byte, or only to the eye."""
        return len({copy.entry.digest for copy in self.copies}) == 1

    @property
    def apart(self) -> bool:
        """True if they stand in different splits."""
        return len({copy.split for copy in self.copies}) > 1

    @property
    def contradicting(self) -> bool:
        """True if they have different labels."""
        return len({copy.label for copy in self.copies}) > 1

    @property
    def text(self) -> str:
        """One line, all copies."""
        return f"{'same bytes' if self.exact else 'alike'}: {' = '.join(copy.text for copy in self.copies)}"


def repeats_of(seen: Mapping[str, Sequence[ExaminedFace]], space: Sequence[str]) -> list[Repeat]:
    """Groups of faces that show the same picture: equal bytes, or equal to the eye.

    Several faces of one picture, each with a box of its own, are no repetition.

    Args:
        seen: split -> its faces.
        space: what the places of a label mean.

    Returns:
        First those with different labels, then those in different splits, then the largest.
    """
    home = {each: split for split, found in seen.items() for each in found}
    groups = [
        Repeat(tuple(Copy(home[each], space[each.entry.emotion], each.entry) for each in group))
        for group in group_alike(list(home))
        if len(group) > 1
    ]
    found = [group for group in groups if not _one_picture(group)]
    return sorted(found, key=lambda group: (not group.contradicting, not group.apart, -len(group.copies)))


def _one_picture(group: Repeat) -> bool:
    boxes = {copy.entry.box for copy in group.copies}
    return group.exact and None not in boxes and len(boxes) == len(group.copies)
