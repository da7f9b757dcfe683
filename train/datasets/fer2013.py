"""FER2013: 35,887 faces of 48x48 gray pixels in one table (Goodfellow et al. 2013, arXiv 1307.0414).

Layout, as the Kaggle challenge "Challenges in Representation Learning: Facial Expression Recognition" ships it::

    emotion,pixels,Usage
    0,70 80 82 72 58 ... ,Training

``emotion`` is 0 to 6: angry, disgust, fear, happy, sad, surprise, neutral; ``pixels`` are 2304 numbers, row by row;
``Usage`` is ``Training`` (28,709), ``PublicTest`` (3,589; validation here) or ``PrivateTest`` (3,589; test here). The same
table with the columns in another order is known as ``icml_face_data.csv``; columns are found by their names. Either may lie
in a folder ``fer2013`` of its own, as Kaggle's archive has it. Instead of the one file, the three that ``fer-train split``
writes may lie in the folder.

The real table has pictures that stand in two parts: ``--set overlap=drop`` leaves them out of the earlier one,
``--set overlap=keep`` trains as the published figures were trained.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fer_edge.train.data.faces import Faces
from fer_edge.train.datasets.csv_rows import Row, rows, table_in
from fer_edge.train.datasets.faults import Faults
from fer_edge.train.datasets.label_maps import label_map, one_hot
from fer_edge.train.datasets.opening import choice, data_folder, known_hashes, opened, wanted
from fer_edge.train.datasets.pictures import Entry, PixelRow
from fer_edge.train.datasets.request import DataRequest

TABLE, TABLE_TOO = "fer2013.csv", "icml_face_data.csv"
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
        usage: one of ``USAGES``.
        source: of the pixels.
    """

    row: Row
    emotion: str
    usage: str
    source: PixelRow


def open_data(request: DataRequest) -> Mapping[str, Faces]:
    """Train, validation and test as the owners divided them.

    Args:
        request: options ``disgust``, ``overlap``, ``hashes``.

    Raises:
        DataError: every fault, all at once.
    """
    folder, disgust = data_folder(request), choice(request, "disgust", DISGUST)
    faults = Faults(str(folder))
    known_hashes(request, folder, PUBLISHED_MD5, faults)
    merge = label_map("7-6") if disgust == "merge" else None
    splits: dict[str, list[Entry]] = {split: [] for split in USAGES.values()}
    for face in read_faces(folder, faults):
        entry = Entry(face.source.name, face.source, tuple(one_hot(face.emotion).tolist()))
        splits[USAGES[face.usage]].append(entry)
    chosen = {split: wanted(entries, request.classes, merge) for split, entries in splits.items()}
    hint = " (--set disgust=keep keeps it apart from anger)" if merge and "disgust" in request.classes else ""
    return opened(request, chosen, faults, hint=hint)


def read_faces(folder: Path, faults: Faults) -> list[FaceRow]:
    """The rows of ``fer2013.csv``, or of the three files that ``fer-train split`` makes of it.

    Args:
        folder: of the data.
        faults: get missing files and malformed rows; pixels are not looked at.
    """
    parts = [folder / f"{usage}.csv" for usage in USAGES]
    whole = table_in(folder, TABLE, TABLE_TOO)
    if whole is not None:
        return read_table(whole, faults)
    if not any(part.is_file() for part in parts):
        faults.add("missing", f"{TABLE}, with the columns {','.join(COLUMNS)}")
        return []
    for part in parts:
        if not part.is_file():
            faults.add("missing", f"{part.name}, which fer-train split writes")
    return [face for part in parts if part.is_file() for face in read_table(part, faults)]


def read_table(path: Path, faults: Faults) -> list[FaceRow]:
    """The rows of one table.

    Args:
        path: of an existing file.
        faults: get malformed rows; pixels are not looked at.
    """
    table = rows(path)
    header = next(table, None)
    if header is None or sorted(header.fields) != sorted(COLUMNS):
        faults.add("row", f"{path.name} line 1 is no header {','.join(COLUMNS)}")
        return []
    places = {name: header.fields.index(name) for name in COLUMNS}
    found = []
    for row in table:
        face = _face(path, row, places)
        if isinstance(face, str):
            faults.add("row", f"{path.name} line {row.number}: {face}")
        else:
            found.append(face)
    return found


def _face(path: Path, row: Row, places: Mapping[str, int]) -> FaceRow | str:
    if len(row.fields) != len(COLUMNS):
        return f"{len(row.fields)} fields; {len(COLUMNS)} are needed"
    emotion, usage = row.fields[places["emotion"]], row.fields[places["Usage"]]
    if emotion not in _codes(EMOTION_CODES):
        return f"emotion {emotion[:20]!r}; allowed: 0 to {len(EMOTION_CODES) - 1}"
    if usage not in USAGES:
        return f"Usage {usage[:20]!r}; allowed: {', '.join(USAGES)}"
    source = PixelRow(path, row.start, row.size, places["pixels"], f"{path.name} line {row.number}")
    return FaceRow(row, EMOTION_CODES[int(emotion)], usage, source)


def _codes(names: Sequence[str]) -> list[str]:
    return [str(code) for code in range(len(names))]
