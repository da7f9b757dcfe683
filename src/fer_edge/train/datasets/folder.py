"""A folder a class, as most face-emotion sets are handed on.

Layout, as the Kaggle set "Face expression recognition dataset" (jonathanoheix) has it, with or without ``images/`` above::

    images/train/angry/0.jpg         angry disgust fear happy neutral sad surprise
    images/validation/angry/10052.jpg

What people have besides, and is read:

- ``test/<class>/*`` beside them; ``Train``, ``training``, ``val``, ``valid``, ``Test``, ``testing`` and so on, in any case;
- ``train/`` and ``test/`` without validation (Kaggle's FER-2013, RAF-DB): a tenth of the training pictures is held out;
- class folders alone (Kaggle's CK+48): a tenth each is held out for validation and for test;
- one folder around all of it, as archives unpack;
- class folders that are links, and what systems leave between the pictures (:mod:`fer_edge.faces.picture_files`);
- folders that are named by numbers or in another language: ``--map 0=anger,1=disgust``;
- classes of any name: ``--classes yawning,neutral``.

Folder names are read like labels everywhere: ``happy`` is ``happiness``, upper and lower case are the same. Each picture is
a face crop.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from fer_edge.faces.labeled_folder import LabeledPicture, labeled_pictures, parse_class_map
from fer_edge.faces.picture_files import LEFTOVERS, describe_left_out
from fer_edge.runtime.errors import DataError, PictureError
from fer_edge.train.data.faces import Faces
from fer_edge.train.datasets.common import check_splits, open_folder, select
from fer_edge.train.datasets.faults import Faults
from fer_edge.train.datasets.label_maps import SEVEN, LabelMap, label_space, one_hot
from fer_edge.train.datasets.pictures import Entry, PictureFile
from fer_edge.train.datasets.request import SPLITS, DataRequest
from fer_edge.train.datasets.splits import SHARES

NAMES: Mapping[str, tuple[str, ...]] = {
    "train": ("train", "training", "train_set"),
    "validation": ("validation", "valid", "val", "dev", "val_set"),
    "test": ("test", "testing", "test_set"),
}
"""Split -> how its folder is called, in any case."""
ABOVE = ("", "images", "images/images")
"""Where the splits may lie; Kaggle's archive has the last two, with the same pictures."""
DEEPEST = 3
"""Folders around all of it that are entered, where each holds nothing else."""


def open_data(request: DataRequest) -> Mapping[str, Faces]:
    """Train, validation and, where there is one, test; what the owners did not divide is divided by the seed.

    Args:
        request: options ``map``, ``overlap``, ``hashes``, ``faulty``.

    Raises:
        DataError: every fault, all at once.
    """
    folder, faults = open_folder(request, takes_table=False)
    return open_folders(request, folder, faults)


def open_folders(
    request: DataRequest, folder: Path, faults: Faults, merge: LabelMap | None = None, hint: str = ""
) -> Mapping[str, Faces]:
    """The splits of a folder of classes.

    Args:
        request: of the recipe.
        folder: of the data.
        faults: what was found so far.
        merge: what becomes of classes that were not asked for.
        hint: what to do about an empty class.

    Raises:
        DataError: every fault, all at once.
    """
    places = split_folders(folder) or _class_folders(folder, faults)
    if places and "train" not in places:
        faults.add(
            "missing", f"the folder train/<class>/ beside {', '.join(path.name for path in places.values())}/"
        )
    skipped: Counter[str] = Counter()
    splits = {split: _entries(request, place, faults, skipped) for split, place in places.items()}
    chosen = {split: select(entries, request.classes, merge) for split, entries in splits.items()}
    _tell(request, skipped, splits, chosen)
    made: Mapping[str, float] = {}
    if "train" in places and "validation" not in places:
        made = {"validation": SHARES["validation"]} if "test" in places else SHARES
    there = _classes_there(splits.get("train", ()), label_space(request.classes))
    hint = hint or f" (--classes takes any subset of them{there})"
    complete = ("train", "validation") if "validation" in places else ("train",)
    return check_splits(request, chosen, faults, complete=complete, hint=hint, made=made)


def split_folders(folder: Path) -> dict[str, Path]:
    """The folders of the splits that there are, in the order of ``SPLITS``; empty where there are none."""
    places = [folder / above for above in ABOVE] + _inner(folder)
    found = [splits for root in places if (splits := _splits_in(root))]
    return next((splits for splits in found if "train" in splits), found[0] if found else {})


def class_names(folder: Path) -> list[str]:
    """The names of the class folders that there are, in any split, ordered."""
    places = list(split_folders(folder).values()) or [[folder, *_inner(folder)][-1]]
    return sorted({path.name for place in places for path in _folders(place)})


def _class_folders(folder: Path, faults: Faults) -> dict[str, Path]:
    """The one split where there are none: the folder whose folders are the classes, as ``train``."""
    root = [folder, *_inner(folder)][-1]
    if not _folders(root):
        faults.add(
            "missing",
            f"folders of pictures, train/<class>/* and validation/<class>/*, or <class>/*, in {folder}",
        )
        return {}
    return {"train": root}


def _splits_in(root: Path) -> dict[str, Path]:
    folders = _folders(root)
    found = {}
    for split in SPLITS:
        named = [path for path in folders if path.name.lower() in NAMES[split]]
        if len(named) > 1:
            raise DataError(
                f"{root} has {' and '.join(path.name for path in named)}; leave one folder for the {split} split"
            )
        if named:
            found[split] = named[0]
    return found


def _folders(root: Path) -> list[Path]:
    if not root.is_dir():
        return []
    return sorted(
        path
        for path in root.iterdir()
        if path.is_dir() and path.name.lower() not in LEFTOVERS and not path.name.startswith(".")
    )


def _inner(folder: Path) -> list[Path]:
    """The folders that each are the only one in the one before."""
    found: list[Path] = []
    for _ in range(DEEPEST):
        folders = _folders(found[-1] if found else folder)
        if len(folders) != 1 or not _folders(folders[0]):
            break
        found += folders
    return found


def _entries(request: DataRequest, folder: Path, faults: Faults, skipped: Counter[str]) -> list[Entry]:
    space = label_space(request.classes)
    try:
        pictures = labeled_pictures(
            folder,
            space,
            renamed=parse_class_map(str(request.options.get("map", ""))),
            left_out=skipped,
            skip_unknown=request.classes != SEVEN,
        )
    except PictureError as error:
        faults.add("name", f"{error}; --map FOLDER=CLASS,... names them, --classes takes any names")
        return []
    above = f"{folder.name}/" if folder != request.folder else ""
    return list_entries(pictures, space, above)


def list_entries(pictures: Iterable[LabeledPicture], space: Sequence[str], above: str = "") -> list[Entry]:
    """The pictures of a folder of classes as faces of a data set.

    Args:
        pictures: as :func:`labeled_pictures` finds them; their labels are in ``space``.
        space: what the places of a label mean.
        above: what their names begin with.
    """
    labels = {name: tuple(one_hot(name, space).tolist()) for name in space}
    return [
        Entry(above + each.name, PictureFile(each.path, above + each.name), labels[each.label])
        for each in pictures
    ]


def _classes_there(entries: Sequence[Entry], space: Sequence[str]) -> str:
    there = {space[entry.emotion] for entry in entries}
    return f"; there are {','.join(name for name in space if name in there)}" if there else ""


def _tell(
    request: DataRequest,
    skipped: Counter[str],
    splits: Mapping[str, Sequence[Entry]],
    chosen: Mapping[str, Sequence[Entry]],
) -> None:
    """Note what was left out: files that are no pictures, and pictures of classes that were not asked for."""
    space = label_space(request.classes)
    kept = {entry.name for entries in chosen.values() for entry in entries}
    for entries in splits.values():
        skipped.update(f"of class {space[entry.emotion]}" for entry in entries if entry.name not in kept)
    if skipped:
        request.notes.append(describe_left_out(skipped))
