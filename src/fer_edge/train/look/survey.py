"""A data set as its recipe reads it, with whatever is wrong with it."""

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
from fer_edge.train.datasets.pictures import ListedFaces
from fer_edge.train.datasets.request import SPLITS, Survey
from fer_edge.train.recipes.recipe import DataRequest, Recipe


@dataclass(frozen=True)
class Looked:
    """What was found.

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
        """How many there are together."""
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


def looked(recipe: Recipe, data: Path | None) -> Looked:
    """Read everything once.

    Args:
        recipe: with all overrides applied and its size written out.
        data: folder or table; None where the recipe needs none.

    Raises:
        DataError: there is nothing to look at: no such folder, options that do not exist.
    """
    request = DataRequest(data, recipe.classes, recipe.faces, recipe.seed, recipe.options, survey=Survey())
    opened = recipe.open_data(request)
    survey = request.survey
    assert survey is not None
    seen = {split: survey.seen[split] for split in SPLITS if split in survey.seen}
    # Not what was opened: --limit and the like do not matter here.
    listed = {split: ListedFaces([each.entry for each in found]) for split, found in seen.items()}
    splits: dict[str, Faces] = {split: opened[split] for split in SPLITS if split in opened} | listed
    return Looked(
        recipe,
        data,
        splits,
        {split: classes_of(faces, recipe.classes) for split, faces in splits.items()},
        seen,
        [*request.left_out, *survey.faults],
        bool(survey.faults),
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
