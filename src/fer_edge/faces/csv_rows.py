"""Tables row by row, each known by its place in the file, so that a face need not keep its pixels in memory.

A row is one line: none of the data sets has a line break inside a field.
"""

from __future__ import annotations

import contextlib
import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

SIDE = 48
"""Of FER2013's faces."""
PIXELS = SIDE * SIDE


@dataclass(frozen=True, slots=True)
class TableRow:
    """One line of a table.

    Attributes:
        number: of the line, from 1; the header is line 1.
        start: first byte.
        size: bytes, line end included.
        fields: without the blanks around them.
    """

    number: int
    start: int
    size: int
    fields: list[str]


def read_rows(path: Path) -> Iterator[TableRow]:
    """All lines of a comma-separated file but the empty ones.

    Raises:
        OSError: it cannot be read.
    """
    start = 0
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                yield TableRow(number, start, len(line), _fields(line))
            start += len(line)


def find_table(folder: Path, *names: str) -> Path | None:
    """The first table of these names, in the folder itself or in one named like the table, as archives unpack.

    Args:
        folder: of the data.
        names: of files; upper and lower case are the same.
    """
    for name in names:
        for place in (folder, folder / Path(name).stem):
            if (place / name).is_file():
                return place / name
            found = sorted(place.iterdir()) if place.is_dir() else []
            for path in found:
                if path.name.lower() == name.lower() and path.is_file():
                    return path
    return None


def find_columns(header: Sequence[str], names: Sequence[str]) -> dict[str, int]:
    """The places of the columns of these names; upper and lower case are the same, and what is not there is left out."""
    places = {field.lower(): at for at, field in reversed(list(enumerate(header)))}
    return {name: places[name.lower()] for name in names if name.lower() in places}


def read_row(path: Path, start: int, size: int) -> list[str]:
    """The fields of one line by its place.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        file.seek(start)
        return _fields(file.read(size))


def gray_pixels(text: str) -> bytes:
    """48x48 gray values out of their decimal numbers, row by row.

    Raises:
        ValueError: not 2304 numbers from 0 to 255; says what came.
    """
    words = text.split()
    if len(words) != PIXELS:
        raise ValueError(f"{len(words)} pixels; 48x48 = {PIXELS} are needed")
    try:
        return bytes(map(int, words))
    except ValueError:
        wrong = next(word for word in words if not (word.isascii() and word.isdigit() and int(word) < 256))
        raise ValueError(f"pixel {wrong[:20]!r} is no whole number from 0 to 255") from None


def _fields(line: bytes) -> list[str]:
    # utf-8-sig: spreadsheet programs put a mark before the header.
    text = line.decode("utf-8-sig", "replace").rstrip("\r\n")
    fields = text.split(",")
    if '"' in text:  # hardly any row, and the tables are large
        with contextlib.suppress(csv.Error):
            fields = next(csv.reader([text]), [])
    return [field.strip() for field in fields]
