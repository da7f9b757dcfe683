"""The two classes that a CycleGAN translates between, cut out of a recipe's faces or a labeled folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fer_edge.faces.folders import content_sha256, labelled_pictures
from fer_edge.faces.pictures import read_picture
from fer_edge.runtime.camera import upright_size
from fer_edge.runtime.errors import DataError
from fer_edge.runtime.frame import Frame
from fer_edge.runtime.labels import EMOTIONS
from fer_edge.train.cyclegan.choices import Choices
from fer_edge.train.data.arrays import load
from fer_edge.train.data.faces import Crops, Faces


@dataclass(frozen=True)
class CropPicture:
    """A picture that is a face crop already: the box is all of it."""

    frame: Frame
    label: NDArray[np.float32]
    clear: bool = True

    @property
    def box(self) -> tuple[float, float, float, float]:
        """The whole upright picture."""
        width, height = upright_size(self.frame)
        return 0.0, 0.0, float(width), float(height)


class FolderFaces:
    """``DIR/<class>/*`` in the order of names; each picture is a face crop. Decoded when asked for.

    Raises:
        PictureError: not a folder, no pictures, or folders that are no emotion.
    """

    def __init__(self, folder: Path) -> None:
        self.pictures = labelled_pictures(folder, EMOTIONS)

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, index: int) -> CropPicture:
        picture = self.pictures[index]
        return CropPicture(read_picture(picture.path, name=picture.name), one_hot(picture.label))

    def name(self, index: int) -> str:
        """The picture's path within the folder."""
        return self.pictures[index].name

    def sha256(self) -> str:
        """Of names and contents."""
        return content_sha256(self.pictures)


@dataclass(frozen=True)
class Domain:
    """The faces of one class.

    Attributes:
        images: (n, C, H, W) uint8, through the camera path.
        indices: of the same faces in the split they were taken from.
    """

    images: Tensor
    indices: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.indices)


def domains(
    faces: Faces,
    classes: Sequence[str],
    choices: Choices,
    *,
    workers: int | None = None,
    advance: Callable[[int], None] = lambda _: None,
) -> Mapping[str, Domain]:
    """The faces of each class; a face belongs to the class of its strongest label.

    Args:
        faces: the split.
        classes: whose faces are wanted, out of ``EMOTIONS``.
        choices: size, channels and margin of the crops.
        workers: processes that prepare faces; None: one a core.
        advance: told how many more faces are done.

    Raises:
        DataError: a class without a face.
    """
    crops = Crops(choices.size, choices.size, choices.channels, choices.margin, 1, choices.seed)
    arrays = load(faces, crops, range(len(EMOTIONS)), workers=workers, advance=advance)
    strongest = arrays.labels.argmax(1)
    chosen = {name: np.flatnonzero(strongest == EMOTIONS.index(name)) for name in classes}
    empty = [name for name, indices in chosen.items() if not len(indices)]
    if empty:
        raise DataError(
            f"none of the {len(faces)} faces is labeled {' or '.join(empty)}; check the class names and --limit"
        )
    return {
        name: Domain(torch.from_numpy(arrays.crops[indices, 0]), tuple(indices.tolist()))
        for name, indices in chosen.items()
    }


def class_of(label: NDArray[np.float32]) -> str:
    """The strongest of the eight emotions."""
    return EMOTIONS[int(label.argmax())]


def one_hot(name: str) -> NDArray[np.float32]:
    """(8,) float32 with all of it on one emotion."""
    label = np.zeros(len(EMOTIONS), np.float32)
    label[EMOTIONS.index(name)] = 1
    return label
