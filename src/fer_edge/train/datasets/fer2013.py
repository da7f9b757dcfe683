"""FER2013: 35,887 faces of 48x48 gray pixels in one table (Goodfellow et al. 2013, arXiv 1307.0414).

Layout, as the Kaggle challenge "Challenges in Representation Learning: Facial Expression Recognition" ships it::

    emotion,pixels,Usage
    0,70 80 82 72 58 ... ,Training

``emotion`` is 0 to 6: angry, disgust, fear, happy, sad, surprise, neutral; ``pixels`` are 2304 numbers, row by row;
``Usage`` is ``Training`` (28,709), ``PublicTest`` (3,589; validation here) or ``PrivateTest`` (3,589; test here). The same
table is known as ``icml_face_data.csv``, with blanks in its header and the columns in another order; columns are found by
their names. Either may lie in a folder ``fer2013`` of its own, as Kaggle's archive has it. What else is read:

- the three files that ``fer-train split`` writes;
- the challenge's ``train.csv``, which has no ``Usage`` (its ``test.csv`` has no emotions): validation and test are taken from it;
- a table of any name, where ``--data`` names it;
- the set's pictures in ``train/<class>/*`` and ``test/<class>/*``, as Kaggle's "FER-2013" (msambare) has them.

The real table has pictures that stand in two parts. They are kept and counted, as the published figures have it;
``--set overlap=drop`` leaves them out of the earlier part.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fer_edge.faces.csv_rows import TableRow, find_columns, find_table, read_rows
from fer_edge.train.data.faces import Faces
from fer_edge.train.datasets.common import check_splits, open_folder, select
from fer_edge.train.datasets.faults import Faults
from fer_edge.train.datasets.folder import open_folders, split_folders
from fer_edge.train.datasets.label_maps import label_map, one_hot
from fer_edge.train.datasets.pictures import Entry, PixelRow
from fer_edge.train.datasets.request import DataRequest
from fer_edge.train.datasets.splits import SHARES

TABLE, TABLE_TOO, TRAINING_ONLY = "fer2013.csv", "icml_face_data.csv", "train.csv"
EMOTION_CODES = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
"""Code in the column ``emotion`` -> what it means."""
USAGES = {"Training": "train", "PublicTest": "validation", "PrivateTest": "test"}
COLUMNS = ("emotion", "pixels", "Usage")
DISGUST = ("merge", "keep")
"""Disgust in anger, for six classes, or by itself, for seven."""
PUBLISHED_MD5 = {TABLE: "f8428a1edbd21e88f42c73edd2a14f95"}
"""From torchvision, ``datasets/fer2013.py``."""


@dataclass(frozen=True)
class FaceRow:
    """A row of the table whose pixels have not been read.

    Attributes:
        row: as it stands in the file.
        emotion: by name.
        usage: one of ``USAGES``; "" where the table has no such column.
        source: of the pixels.
    """

    row: TableRow
    emotion: str
    usage: str
    source: PixelRow


def open_data(request: DataRequest) -> Mapping[str, Faces]:
    """Train, validation and test as the owners divided them.

    Args:
        request: options ``disgust``, ``overlap``, ``hashes``, ``faulty``.

    Raises:
        DataError: every fault, all at once.
    """
    disgust = request.choice("disgust", DISGUST)
    folder, faults = open_folder(request, PUBLISHED_MD5)
    merge = label_map("7-6") if disgust == "merge" else None
    hint = " (--set disgust=keep keeps it apart from anger)" if merge and "disgust" in request.classes else ""
    if request.table is None and not _tables(folder) and "train" in split_folders(folder):
        return open_folders(request, folder, faults, merge, hint)
    splits: dict[str, list[Entry]] = {split: [] for split in USAGES.values()}
    rows = read_faces(folder, faults, request.table)
    for face in rows:
        entry = Entry(face.source.name, face.source, tuple(one_hot(face.emotion).tolist()))
        splits[USAGES[face.usage or "Training"]].append(entry)
    chosen = {split: select(entries, request.classes, merge) for split, entries in splits.items()}
    apart = any(face.usage for face in rows)
    made = {} if apart or not rows else SHARES
    return check_splits(request, chosen, faults, hint=hint, made=made)


def read_faces(folder: Path, faults: Faults, table: Path | None = None) -> list[FaceRow]:
    """The rows of ``fer2013.csv``, or of the three files that ``fer-train split`` makes of it.

    Args:
        folder: of the data.
        faults: get missing files and malformed rows; pixels are not looked at.
        table: the one to read, whatever its name.
    """
    paths = [table] if table else _tables(folder)
    if not paths:
        faults.add("missing", f"{TABLE}, with the columns {','.join(COLUMNS)}")
    for path in paths:
        if not path.is_file():
            faults.add("missing", f"{path.name}, which fer-train split writes")
    return [face for path in paths if path.is_file() for face in read_table(path, faults)]


def _tables(folder: Path) -> list[Path]:
    """The files that hold the rows: one, or three of which some may be missing; none where there is not one of them."""
    parts = [folder / f"{usage}.csv" for usage in USAGES]
    whole = find_table(folder, TABLE, TABLE_TOO)
    if whole is None and any(part.is_file() for part in parts):
        return parts
    whole = whole or find_table(folder, TRAINING_ONLY)
    return [whole] if whole else []


def read_table(path: Path, faults: Faults, kind: str = "row") -> list[FaceRow]:
    """The rows of one table; further columns than the known ones are not looked at.

    Args:
        path: of an existing file.
        faults: get malformed rows; pixels are not looked at.
        kind: of fault that a malformed row is.
    """
    table = read_rows(path)
    header = next(table, None)
    places = {} if header is None else find_columns(header.fields, COLUMNS)
    needed = COLUMNS if path.name.lower() in (TABLE, TABLE_TOO) else COLUMNS[:2]
    if header is None or not set(needed) <= set(places):
        faults.add(kind, f"{path.name} line 1 is no header {','.join(COLUMNS)}")
        return []
    found = []
    for row in table:
        face = _face(path, row, places, len(header.fields))
        if isinstance(face, str):
            faults.add(kind, f"{path.name} line {row.number}: {face}")
        else:
            found.append(face)
    return found


def _face(path: Path, row: TableRow, places: Mapping[str, int], width: int) -> FaceRow | str:
    if len(row.fields) != width:
        return f"{len(row.fields)} fields; {width} are needed"
    emotion = row.fields[places["emotion"]]
    usage = row.fields[places["Usage"]] if "Usage" in places else ""
    if emotion not in _codes(EMOTION_CODES):
        return f"emotion {emotion[:20]!r}; allowed: 0 to {len(EMOTION_CODES) - 1}"
    if "Usage" in places and usage not in USAGES:
        return f"Usage {usage[:20]!r}; allowed: {', '.join(USAGES)}"
    source = PixelRow(path, row.start, row.size, places["pixels"], f"{path.name} line {row.number}")
    return FaceRow(row, EMOTION_CODES[int(emotion)], usage, source)


def _codes(names: Sequence[str]) -> list[str]:
    return [str(code) for code in range(len(names))]
