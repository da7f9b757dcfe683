"""A table of labeled faces, ``FILE.csv``, as calibration and accuracy take it beside a folder of classes.

Columns are found by their names, in any case and order:

- ``emotion``, ``label`` or ``class``: a class by name, or a number, of which FER2013's means what it means there;
- ``pixels``: 48x48 gray values (FER2013's ``fer2013.csv``), or ``file_name``, ``file``, ``path`` or ``image``: a picture's, seen from the table;
- ``Usage``, where there is one: rows of ``Training`` calibrate, the others judge.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fer_edge.faces.csv_rows import SIDE, TableRow, find_columns, gray_pixels, read_row, read_rows
from fer_edge.faces.labeled_folder import (
    LONGEST,
    LabeledPicture,
    class_places,
    describe_unknown,
    fold_class,
)
from fer_edge.runtime.errors import PictureError
from fer_edge.runtime.frame import Frame

LABELS, NAMES, PIXELS, USAGE = (
    ("emotion", "label", "class"),
    ("file_name", "file", "path", "image"),
    "pixels",
    "Usage",
)
BOXES = ("x0", "x", "face_x")
"""Columns of boxes: a table with them is about photographs, and is not a table of crops."""
TRAINING = "training"
FER2013 = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
"""Code in the column ``emotion`` of a table with pixels -> what it means."""


@dataclass(frozen=True, slots=True)
class TableFace:
    """A face whose pixels stand in a row.

    Attributes:
        path: of the table.
        row: where in it.
        column: of the pixels.
        name: ``line 17``.
        label: one of the labels asked for, or "".
    """

    path: Path
    row: tuple[int, int]
    column: int
    name: str
    label: str

    def sha256(self) -> str:
        """Of the pixels, in hexadecimal."""
        return hashlib.sha256(self._pixels()).hexdigest()

    def read(self) -> Frame:
        """Gray as three equal channels.

        Raises:
            PictureError: the pixels are not 48x48 gray values.
        """
        gray = np.frombuffer(self._pixels(), np.uint8).reshape(SIDE, SIDE)
        return Frame.from_rgb(np.repeat(gray[:, :, None], 3, axis=2))

    def _pixels(self) -> bytes:
        try:
            return gray_pixels(read_row(self.path, *self.row)[self.column])
        except (ValueError, IndexError, OSError) as error:
            raise PictureError(f"{self.path} {self.name}: {error}") from None


@dataclass(frozen=True)
class _Columns:
    """Places of the columns; -1 where there is none."""

    label: int
    name: int
    pixels: int
    usage: int


def table_pictures(
    path: Path,
    labels: Sequence[str],
    *,
    renamed: Mapping[str, str],
    left_out: Counter[str],
    skip_unknown: bool,
    labeled: bool,
) -> list[LabeledPicture | TableFace]:
    """The faces of a table, in its order.

    Args:
        path: of the table.
        labels: the classes that exist.
        renamed: word in the table -> the class that it means.
        left_out: receives how many rows were left out, by reason.
        skip_unknown: leave out rows of other classes, instead of refusing them.
        labeled: True for faces that judge, which need a label; False for those that calibrate.

    Raises:
        UnknownClasses: rows of other classes.
        PictureError: no table of faces.
    """
    rows = _read(path)
    header = next(rows, None)
    if header is None:
        raise PictureError(f"{path} is empty; a table of faces has a header")
    columns = _find_columns(path, header.fields, labeled=labeled)
    by_class = class_places(labels, _codes(columns, labels) | dict(renamed))
    found, unknown = list[LabeledPicture | TableFace](), Counter[str]()
    for row in rows:
        if not _is_for(row, columns, judging=labeled):
            left_out["of another Usage"] += 1
            continue
        word = _cell(row, columns.label)
        label = by_class.get(fold_class(word), "")
        if columns.label >= 0 and not label:
            unknown[word] += 1
            continue
        found.append(_face(path, row, columns, label))
    if unknown and not (skip_unknown and found):
        raise describe_unknown(f"{path} has rows that are of no class of the model", unknown, labels)
    left_out.update({f"of class {word[:LONGEST]}": count for word, count in unknown.items()})
    if not found:
        raise PictureError(f"{path} has no rows to {'judge' if labeled else 'calibrate'} by")
    return found


def _read(path: Path) -> Iterator[TableRow]:
    """Row by row: FER2013's pixels are 300 MB of text."""
    try:
        yield from read_rows(path)
    except OSError as error:
        raise PictureError(f"{path} cannot be read: {error.strerror}") from error


def _find_columns(path: Path, header: Sequence[str], *, labeled: bool) -> _Columns:
    places = find_columns(header, (*LABELS, *NAMES, PIXELS, USAGE, *BOXES))

    def first(*names: str) -> int:
        return next((places[name] for name in names if name in places), -1)

    found = _Columns(first(*LABELS), first(*NAMES), first(PIXELS), first(USAGE))
    if max(found.name, found.pixels) < 0 or (labeled and found.label < 0):
        allowed = f"{' or '.join(LABELS)}, and {PIXELS} or {' or '.join(NAMES)}"
        came = ", ".join(header)[:200]
        raise PictureError(f"{path}: the columns are {came!r}; a table of faces has {allowed}")
    if found.pixels < 0 and first(*BOXES) >= 0:
        raise PictureError(
            f"{path} has boxes of faces in photographs; give the folder of these, and boxes by --faces"
        )
    return found


def _codes(columns: _Columns, labels: Sequence[str]) -> dict[str, str]:
    """What numbers mean: in a table with pixels what they mean in FER2013, unless they are labels themselves."""
    if columns.pixels < 0:
        return {}
    return {str(code): name for code, name in enumerate(FER2013) if str(code) not in labels}


def _is_for(row: TableRow, columns: _Columns, *, judging: bool) -> bool:
    usage = _cell(row, columns.usage).lower()
    return not usage or (usage != TRAINING) == judging


def _face(path: Path, row: TableRow, columns: _Columns, label: str) -> LabeledPicture | TableFace:
    if columns.pixels >= 0:
        return TableFace(path, (row.start, row.size), columns.pixels, f"line {row.number}", label)
    name = _cell(row, columns.name)
    if not name:
        raise PictureError(f"{path} line {row.number} names no picture")
    return LabeledPicture(path.parent / name, name, label)


def _cell(row: TableRow, column: int) -> str:
    return row.fields[column] if 0 <= column < len(row.fields) else ""
