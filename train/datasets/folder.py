"""A folder a class, as most face-emotion sets are handed on.

Layout, as the Kaggle set "Face expression recognition dataset" (jonathanoheix) has it, with or without ``images/`` above::

    images/train/angry/0.jpg         angry disgust fear happy neutral sad surprise
    images/validation/angry/10052.jpg

``test/<class>/*`` is taken too where it lies beside them. Folder names are read like labels everywhere: ``happy`` is
``happiness``, upper and lower case are the same. Each picture is a face crop.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from fer_edge.faces.folders import labelled_pictures
from fer_edge.runtime.errors import PictureError
from fer_edge.runtime.labels import EMOTIONS
from fer_edge.train.data.faces import Faces
from fer_edge.train.datasets.faults import Faults
from fer_edge.train.datasets.label_maps import one_hot
from fer_edge.train.datasets.opening import data_folder, known_hashes, opened, wanted
from fer_edge.train.datasets.pictures import Entry, PictureFile
from fer_edge.train.datasets.request import SPLITS, DataRequest

ABOVE = ("", "images", "images/images")
"""Where the splits may lie; Kaggle's archive has the last two, with the same pictures."""


def open_data(request: DataRequest) -> Mapping[str, Faces]:
    """Train, validation and, where there is one, test.

    Args:
        request: options ``overlap``, ``hashes``.

    Raises:
        DataError: every fault, all at once.
    """
    folder = data_folder(request)
    faults = Faults(str(folder))
    known_hashes(request, folder, {}, faults)
    root = next((folder / above for above in ABOVE if (folder / above / "train").is_dir()), folder)
    chosen = {}
    for split in SPLITS:
        if (root / split).is_dir():
            chosen[split] = wanted(_entries(root / split, split, faults), request.classes)
        elif split != "test":
            faults.add("missing", f"the folder {split}/<class>/ in {root}")
    hint = " (--classes takes any subset of them)"
    return opened(request, chosen, faults, complete=("train", "validation"), hint=hint)


def _entries(folder: Path, split: str, faults: Faults) -> list[Entry]:
    try:
        pictures = labelled_pictures(folder, EMOTIONS)
    except PictureError as error:
        faults.add("name", str(error))
        return []
    return [
        Entry(
            f"{split}/{each.name}",
            PictureFile(each.path, f"{split}/{each.name}"),
            tuple(one_hot(each.label).tolist()),
        )
        for each in pictures
    ]
