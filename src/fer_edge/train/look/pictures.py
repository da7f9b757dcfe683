"""Faces to look at: some of each class, and one as a training will see it again and again."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fer_edge.faces.face import LabeledFace, whole_picture
from fer_edge.runtime.errors import FerEdgeError
from fer_edge.train.data.faces import Crops
from fer_edge.train.datasets.pictures import Entry
from fer_edge.train.look.survey import Looked
from fer_edge.train.recipes.recipe import Recipe

LARGEST = 96
"""Longer edge of an example in pixels: the page is to be mailed."""
CLASSES = 60
"""That are shown, the largest ones."""


@dataclass(frozen=True)
class Example:
    """A face of the data set.

    Attributes:
        split: that it stands in.
        index: in the split.
        name: of the face.
        crop: (1 or 3, H, W) uint8, through the camera path.
    """

    split: str
    index: int
    name: str
    crop: NDArray[np.uint8]


def shown_classes(looked: Looked) -> list[str]:
    """The classes that have faces, in the recipe's order; of very many the largest ones."""
    counts = Counter(name for names in looked.classes.values() for name in names)
    largest = {name for name, _ in counts.most_common(CLASSES)}
    return [name for name in looked.recipe.classes if name in largest]


def examples(looked: Looked, count: int) -> dict[str, list[Example]]:
    """Class -> up to ``count`` of its faces, drawn by the recipe's seed from the first split that has some."""
    rng = np.random.default_rng(looked.recipe.seed)
    return {name: _of_class(looked, name, count, rng) for name in shown_classes(looked)}


def _of_class(looked: Looked, name: str, count: int, rng: np.random.Generator) -> list[Example]:
    split = next(split for split, names in looked.classes.items() if name in names)
    places = np.flatnonzero(np.asarray(looked.classes[split]) == name)
    chosen = np.sort(rng.permutation(places)[:count]).tolist()
    faces, crops = looked.splits[split], _small(looked.recipe)
    return [Example(split, at, faces.name(at), crops.of_face(faces[at], at)[0]) for at in chosen]


def crop_of(entry: Entry, recipe: Recipe) -> NDArray[np.uint8] | None:
    """An entry's face, (1 or 3, H, W) uint8, as the examples are; None where it cannot be read."""
    try:
        frame = entry.source.decode(entry.source.content())
        face = LabeledFace(frame, entry.box or whole_picture(frame), np.zeros(1, np.float32), entry.clear)
        crop: NDArray[np.uint8] = _small(recipe).of_face(face, 0)[0]
    except FerEdgeError:
        return None
    return crop


def _small(recipe: Recipe) -> Crops:
    shrink = min(1.0, LARGEST / max(recipe.width, recipe.height))
    size = {name: max(1, round(getattr(recipe, name) * shrink)) for name in ("width", "height")}
    return replace(_crops(recipe), views=1, **size)


def _crops(recipe: Recipe) -> Crops:
    return Crops(recipe.width, recipe.height, recipe.channels, recipe.crop_margin, recipe.views, recipe.seed)


def augmented_views(face: LabeledFace, index: int, recipe: Recipe, count: int) -> list[NDArray[np.uint8]]:
    """A face as ``count`` epochs of a training might see it: the recipe's own crops and its own augmentation.

    Args:
        face: of the training split.
        index: of the face in it, on which its crops depend.
        recipe: with its size written out.
        count: of pictures.

    Returns:
        (1 or 3, height, width) uint8 each, before normalization; equal at every call.
    """
    import torch

    from fer_edge.train.data.augmentation import augment, augmentation

    crops = torch.from_numpy(_crops(recipe).of_face(face, index))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        transform = augmentation(recipe.augmentation)
        views = torch.randint(len(crops), (count,)).tolist()
        # One by one: pictures of one call may share what is drawn.
        found = [augment(crops[view : view + 1], transform)[0] for view in views]
    return [(picture * 255).round().to(torch.uint8).numpy() for picture in found]
