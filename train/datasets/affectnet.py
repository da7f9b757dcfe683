"""AffectNet: faces from the web with eight expressions (Mollahosseini, Hasani, Mahoor 2019, arXiv 1708.03985).

Two layouts, as its owners have shipped it (mohammadmahoor.com/affectnet). The first::

    training.csv, validation.csv     subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,
                                     expression,valence,arousal
    Manually_Annotated_Images/<subDirectory_filePath>

with the face's box in pixels of the whole picture; some copies of ``validation.csv`` come without the header. The newer
one holds face crops of 224x224::

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

from fer_edge.faces.pictures import find_pictures
from fer_edge.train.data.faces import Faces
from fer_edge.train.datasets.csv_rows import Row, rows
from fer_edge.train.datasets.faults import Faults
from fer_edge.train.datasets.label_maps import one_hot
from fer_edge.train.datasets.opening import data_folder, known_hashes, opened, wanted
from fer_edge.train.datasets.pictures import Box, Entry, PictureFile
from fer_edge.train.datasets.request import DataRequest

EMOTION_CODES = ("neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger", "contempt")
CODES = 11
"""Codes there are; those from 8 on are no emotion."""
COLUMNS = (
    *("subDirectory_filePath", "face_x", "face_y", "face_width", "face_height"),
    *("facial_landmarks", "expression", "valence", "arousal"),
)
TABLES = {"train": "training.csv", "validation": "validation.csv"}
IMAGES = "Manually_Annotated_Images"
SETS = {"train": "train_set", "validation": "val_set"}


def open_data(request: DataRequest) -> Mapping[str, Faces]:
    """Train and validation, in whichever of the two layouts lies there.

    Args:
        request: options ``overlap``, ``hashes``.

    Raises:
        DataError: every fault, all at once.
    """
    folder = data_folder(request)
    faults = Faults(str(folder))
    known_hashes(request, folder, {}, faults)
    splits: dict[str, list[Entry]] = {}
    if any((folder / name).is_file() for name in TABLES.values()):
        splits = {split: _table(folder, name, faults) for split, name in TABLES.items()}
    elif any((folder / name).is_dir() for name in SETS.values()):
        splits = {split: _set(folder / name, faults) for split, name in SETS.items()}
    else:
        faults.add(
            "missing", f"{' and '.join(TABLES.values())} with {IMAGES}/, or {'/ and '.join(SETS.values())}/"
        )
    chosen = {split: wanted(entries, request.classes) for split, entries in splits.items()}
    return opened(request, chosen, faults)


def _table(folder: Path, name: str, faults: Faults) -> list[Entry]:
    if not (folder / name).is_file():
        faults.add("missing", name)
        return []
    entries: list[Entry] = []
    places = {column: at for at, column in enumerate(COLUMNS)}
    names: set[str] = set()
    for row in rows(folder / name):
        if row.number == 1 and COLUMNS[0] in row.fields:
            places = {column: at for at, column in enumerate(row.fields)}
            if not set(COLUMNS) - {"facial_landmarks", "valence", "arousal"} <= set(places):
                faults.add("row", f"{name} line 1 is no header {','.join(COLUMNS)}")
                return []
            continue
        _add_row(folder, f"{name} line {row.number}", row, places, names, entries, faults)
    return entries


def _add_row(
    folder: Path,
    where: str,
    row: Row,
    places: Mapping[str, int],
    names: set[str],
    entries: list[Entry],
    faults: Faults,
) -> None:
    if len(row.fields) != len(places):
        faults.add("row", f"{where}: {len(row.fields)} fields; {len(places)} are needed")
        return
    name, code = row.fields[places["subDirectory_filePath"]], _code(row.fields[places["expression"]])
    if code is None:
        faults.add(
            "row", f"{where}: expression {row.fields[places['expression']][:20]!r}; allowed: 0 to {CODES - 1}"
        )
        return
    if code >= len(EMOTION_CODES):
        return
    box = _box([row.fields[places[column]] for column in COLUMNS[1:5]])
    path = folder / IMAGES / name
    if box is None:
        faults.add("row", f"{where}: face_x, face_y, face_width, face_height are no box")
    elif not name or name in names or not _within(folder / IMAGES, path):
        faults.add(
            "row", f"{where}: subDirectory_filePath {name[:60]!r} is empty, leads elsewhere or came before"
        )
    elif not path.is_file():
        faults.add("missing", f"{IMAGES}/{name}, of {where}")
    else:
        entries.append(Entry(name, PictureFile(path, f"{IMAGES}/{name}"), _label(code), box))
    names.add(name)


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
    return [entry for path in pictures.values() if (entry := _annotated(folder, path, faults))]


def _annotated(folder: Path, path: Path, faults: Faults) -> Entry | None:
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
