"""The two classes that a CycleGAN translates between, cut out of a split of faces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from fer_edge.console.output import Output
from fer_edge.faces.labeled_folder import labeled_pictures
from fer_edge.runtime.errors import DataError, FerEdgeError
from fer_edge.runtime.labels import EMOTIONS
from fer_edge.train.cyclegan.choices import Choices, Origin
from fer_edge.train.data.arrays import load
from fer_edge.train.data.faces import Crops, Faces
from fer_edge.train.datasets.request import DataRequest

SPLIT = "train"


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


def load_domains(
    faces: Faces, choices: Choices, classes: Sequence[str], output: Output, workers: int | None
) -> Mapping[str, Domain]:
    """The faces of each class; a face belongs to the class of its strongest label.

    Args:
        faces: the split.
        choices: size, channels and margin of the crops.
        classes: whose faces are wanted, out of ``EMOTIONS``.
        output: gets a bar.
        workers: processes that prepare faces; None: one a core.

    Raises:
        DataError: a class without a face.
    """
    crops = Crops(choices.size, choices.size, choices.channels, choices.margin, 1, choices.seed)
    with output.progress("Faces", len(faces)) as bar:
        arrays = load(faces, crops, range(len(EMOTIONS)), workers=workers, advance=bar.advance)
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


def open_faces(origin: Origin, data: Path | None, pair: Sequence[str]) -> Faces:
    """The faces to translate.

    Args:
        origin: recipe or folder.
        data: of ``--data``.
        pair: the two classes; of a folder nothing else is read.

    Raises:
        DataError: whatever is wrong with the data, all at once.
        FerEdgeError: the recipe needs a folder and there is none.
    """
    chosen = origin.chosen()
    if chosen is None:
        return _folder(data, pair, origin)
    if chosen.needs_data and data is None:
        raise FerEdgeError(f"recipe {chosen.name!r} needs --data: {chosen.summary}")
    request = DataRequest(data, chosen.classes, chosen.faces, chosen.seed, chosen.options)
    return chosen.open_data(request)[SPLIT]


def _folder(data: Path | None, pair: Sequence[str], origin: Origin) -> Faces:
    from fer_edge.train.datasets.checks import examine
    from fer_edge.train.datasets.common import finish, select
    from fer_edge.train.datasets.faults import Faults
    from fer_edge.train.datasets.folder import list_entries

    if data is None:
        raise FerEdgeError(
            "where are the faces? --data takes a folder of face crops, DIR/<class>/*, or add --recipe NAME"
        )
    entries = list_entries(labeled_pictures(data, EMOTIONS), EMOTIONS)
    limits = {} if origin.limit is None else {SPLIT: origin.limit}
    request = DataRequest(data, tuple(pair), limits, origin.seed or 0)
    faults = Faults(str(data))
    return finish(request, {SPLIT: examine(select(entries, pair), faults)}, faults)[SPLIT]
