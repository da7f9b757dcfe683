"""AffectNet: faces from the web with eight expressions (Mollahosseini, Hasani, Mahoor 2019, arXiv 1708.03985).

Two layouts, as its owners have shipped it (mohammadmahoor.com/affectnet). The first::

    training.csv, validation.csv     subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,
                                     expression,valence,arousal
    Manually_Annotated_Images/<subDirectory_filePath>

with the face's box in pixels of the whole picture; some copies of ``validation.csv`` come without the header. The lists may lie
in ``Manually_Annotated_file_lists/`` and the pictures in ``Manually_Annotated/``, as the archives unpack. A picture may have
several rows. Copies lack files and have broken ones: ``--set faulty=drop`` leaves those faces out. The newer
layout holds face crops of 224x224::

    train_set/images/N.jpg           train_set/annotations/N_exp.npy  (N_val, N_aro, N_lnd: not used)
    val_set/images/N.jpg             val_set/annotations/N_exp.npy

where ``N_exp.npy`` is one number, stored as text in the published files. Codes, from the owners' description: 0 neutral,
1 happiness, 2 sadness, 3 surprise, 4 fear, 5 disgust, 6 anger, 7 contempt, 8 none, 9 uncertain, 10 no face; the last three
are dropped. There is no test split.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from fer_edge.faces.csv_rows import TableRow, find_columns, read_rows
from fer_edge.faces.face import Box
from fer_edge.faces.picture_files import find_pictures
from fer_edge.train.data.faces import Faces
from fer_edge.train.datasets.common import check_splits, open_folder, select
from fer_edge.train.datasets.faults import Faults
from fer_edge.train.datasets.label_maps import one_hot
from fer_edge.train.datasets.pictures import Entry, PictureFile
from fer_edge.train.datasets.request import DataRequest

EMOTION_CODES = ("neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger", "contempt")
CODES = 11
"""Codes there are; those from 8 on are no emotion."""
COLUMNS = (
    *("subDirectory_filePath", "face_x", "face_y", "face_width", "face_height"),
    *("facial_landmarks", "expression", "valence", "arousal"),
)
TABLES = {"train": "training.csv", "validation": "validation.csv"}
LISTS = ("", "Manually_Annotated_file_lists")
IMAGES = "Manually_Annotated_Images"
IMAGE_FOLDERS = (IMAGES, f"Manually_Annotated/{IMAGES}", f"{IMAGES}/{IMAGES}")
"""Where the archives leave the pictures."""
SETS = {"train": "train_set", "validation": "val_set"}


def open_data(request: DataRequest) -> Mapping[str, Faces]:
    """Train and validation, in whichever of the two layouts lies there.

    Args:
        request: options ``overlap``, ``hashes``, ``faulty``.

    Raises:
        DataError: every fault, all at once.
    """
    folder, faults = open_folder(request)
    named = request.table
    lists = next((folder / at for at in LISTS if (folder / at / TABLES["train"]).is_file()), folder)
    splits: dict[str, list[Entry]] = {}
    if named is not None or any((lists / name).is_file() for name in TABLES.values()):
        tables = {split: lists / name for split, name in TABLES.items()}
        if named is not None:
            tables["train"] = named
        splits = {split: _table(folder, path, faults) for split, path in tables.items()}
    elif any((folder / name).is_dir() for name in SETS.values()):
        splits = {split: _set(folder / name, faults) for split, name in SETS.items()}
    else:
        faults.add(
            "missing", f"{' and '.join(TABLES.values())} with {IMAGES}/, or {'/ and '.join(SETS.values())}/"
        )
    chosen = {split: select(entries, request.classes) for split, entries in splits.items()}
    return check_splits(request, chosen, faults)


def _table(folder: Path, table: Path, faults: Faults) -> list[Entry]:
    if not table.is_file():
        faults.add("missing", table.name)
        return []
    reader = _TableReader(_images(folder, table), table.name, faults)
    for row in read_rows(table):
        if not reader.read(row):
            break
    return reader.entries


def _images(folder: Path, table: Path) -> Path:
    """The folder of the pictures, beside the table or one above it, where an archive put it."""
    homes = (folder, table.parent, table.parent.parent)
    places = [home / name for home in homes for name in IMAGE_FOLDERS]
    filled = [place for place in places if place.is_dir() and not (place / IMAGES).is_dir()]
    return filled[0] if filled else folder / IMAGES


class _TableReader:
    """Rows of one table as entries.

    Args:
        images: folder of the pictures.
        table: what messages call it.
        faults: get malformed rows and missing pictures.
    """

    def __init__(self, images: Path, table: str, faults: Faults) -> None:
        self.images, self.table, self.faults = images, table, faults
        self.places = {column: at for at, column in enumerate(COLUMNS)}
        self.width = len(COLUMNS)
        self.names: set[str] = set()
        self.entries: list[Entry] = []

    def read(self, row: TableRow) -> bool:
        """Take a row; False: the header is none, so that no row can be read."""
        where = f"{self.table} line {row.number}"
        if row.number == 1 and "expression" in find_columns(row.fields, COLUMNS):
            self.places, self.width = find_columns(row.fields, COLUMNS), len(row.fields)
            if not set(COLUMNS) - {"facial_landmarks", "valence", "arousal"} <= set(self.places):
                self.faults.add("row", f"{where} is no header {','.join(COLUMNS)}")
                return False
            return True
        if len(row.fields) != self.width:
            self.faults.add("row", f"{where}: {len(row.fields)} fields; {self.width} are needed")
            return True
        text = row.fields[self.places["expression"]]
        code = _code(text)
        if code is None:
            self.faults.add("row", f"{where}: expression {text[:20]!r}; allowed: 0 to {CODES - 1}")
        elif code < len(EMOTION_CODES):
            fault = self._add(row, code, where)
            if fault:
                self.faults.add("missing" if fault.startswith(IMAGES) else "row", fault)
        return True

    def _add(self, row: TableRow, code: int, where: str) -> str:
        """Add a face; what is wrong with it, "" where nothing is."""
        name = row.fields[self.places["subDirectory_filePath"]]
        box = _box([row.fields[self.places[column]] for column in COLUMNS[1:5]])
        path = self.images / name
        if box is None:
            return f"{where}: face_x, face_y, face_width, face_height are no box"
        if not name or not _within(self.images, path):
            return f"{where}: subDirectory_filePath {name[:60]!r} is empty or leads elsewhere"
        if not path.is_file():
            return f"{IMAGES}/{name}, of {where}"
        # A picture with two faces has two rows; the second one is told apart by its line.
        called = f"{name} (line {row.number})" if name in self.names else name
        self.names.add(name)
        self.entries.append(Entry(called, PictureFile(path, f"{IMAGES}/{name}"), _label(code), box))
        return ""


def _set(folder: Path, faults: Faults) -> list[Entry]:
    images, annotations = folder / "images", folder / "annotations"
    absent = [each for each in (images, annotations) if not each.is_dir()]
    for each in absent:
        faults.add("missing", f"the folder {folder.name}/{each.name}")
    if absent:
        return []
    pictures = {path.stem: path for path in find_pictures(images)}
    for path in sorted(annotations.glob("*_exp.npy")):
        if path.stem.removesuffix("_exp") not in pictures:
            faults.add(
                "missing", f"{folder.name}/images/{path.stem.removesuffix('_exp')}.jpg, of {path.name}"
            )
    return [entry for path in pictures.values() if (entry := _read_annotation(folder, path, faults))]


def _read_annotation(folder: Path, path: Path, faults: Faults) -> Entry | None:
    name = f"{folder.name}/{path.relative_to(folder).as_posix()}"
    annotation = folder / "annotations" / f"{path.stem}_exp.npy"
    if not annotation.is_file():
        faults.add("missing", f"{folder.name}/annotations/{annotation.name}, of {name}")
        return None
    try:
        value = np.load(annotation, allow_pickle=False)
        code = _code(str(value.reshape(-1)[0])) if value.size == 1 else None
    except (ValueError, EOFError, OSError):
        code = None
    if code is None:
        faults.add(
            "row", f"{folder.name}/annotations/{annotation.name} is no single number from 0 to {CODES - 1}"
        )
        return None
    return Entry(name, PictureFile(path, name), _label(code)) if code < len(EMOTION_CODES) else None


def _label(code: int) -> tuple[float, ...]:
    return tuple(one_hot(EMOTION_CODES[code]).tolist())


def _code(text: str) -> int | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return int(value) if value in range(CODES) else None


def _box(fields: Sequence[str]) -> Box | None:
    try:
        x, y, width, height = map(float, fields)
    except ValueError:
        return None
    fine = width > 0 and height > 0 and np.isfinite([x, y, width, height]).all()
    return (x, y, x + width, y + height) if fine else None


def _within(folder: Path, path: Path) -> bool:
    return path.resolve().is_relative_to(folder.resolve())
