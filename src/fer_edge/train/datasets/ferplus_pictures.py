"""FER+ as pictures: what its ``src/generate_training_data.py`` and its folder ``data`` make together.

Layout, of github.com/microsoft/FERPlus (README, "FER+ layout for training")::

    data/FER2013Train/label.csv      fer0000000.png,"(0, 0, 48, 48)",4,0,0,1,3,2,0,0,0,0
    data/FER2013Train/fer0000000.png
    data/FER2013Valid/...  data/FER2013Test/...

A line is a picture, the face's left, top, right and bottom, and the ten votes in the order of ``fer2013new.csv``. Names join them
here, so nothing depends on an order. Of lines with one name the last counts: the script writes the pictures in that order, one
over the other.
"""

from __future__ import annotations

from pathlib import Path

from fer_edge.faces.csv_rows import TableRow, read_rows
from fer_edge.faces.face import Box
from fer_edge.train.datasets.faults import Faults
from fer_edge.train.datasets.pictures import Entry, PictureFile

SETS = {"train": "FER2013Train", "validation": "FER2013Valid", "test": "FER2013Test"}
LABELS = "label.csv"
ABOVE = ("", "data", "images")
"""Where the three folders may lie."""
VOTES = 10


def find_sets(folder: Path) -> Path | None:
    """The folder that holds ``FER2013Train/label.csv``; None where there is none."""
    return next((folder / at for at in ABOVE if (folder / at / SETS["train"] / LABELS).is_file()), None)


def read_sets(root: Path, faults: Faults) -> list[tuple[str, Entry, list[int]]]:
    """Split, face without a label, and its ten votes.

    Args:
        root: of :func:`find_sets`.
        faults: get missing files and malformed lines.
    """
    found: dict[str, tuple[str, Entry, list[int]]] = {}
    for split, name in SETS.items():
        table = root / name / LABELS
        if not table.is_file():
            faults.add("missing", f"{name}/{LABELS}")
            continue
        for row in read_rows(table):
            where = f"{name}/{LABELS} line {row.number}"
            read = _read(row, table.parent, where)
            if isinstance(read, str):
                faults.add("missing" if read.startswith(name) else "row", read)
            else:
                found[read[0].name] = (split, *read)
    return list(found.values())


def _read(row: TableRow, folder: Path, where: str) -> tuple[Entry, list[int]] | str:
    """The face and its votes, or what is wrong with them."""
    if len(row.fields) != 2 + VOTES:
        return f"{where}: {len(row.fields)} fields; {2 + VOTES} are needed"
    name, corners, *counts = row.fields
    if not name or Path(name).name != name:
        return f"{where}: {name[:60]!r} is no name of a picture"
    box = _box(corners)
    if box is None:
        return (
            f"{where}: box {corners[:40]!r}; left, top, right and bottom are needed, such as '(0, 0, 48, 48)'"
        )
    if not all(count.isascii() and count.isdigit() and len(count) < 4 for count in counts):
        return f"{where}: votes {','.join(counts)[:40]}; ten whole numbers are needed"
    path = folder / name
    if not path.is_file():
        return f"{folder.name}/{name}, of {where}"
    shown = f"{folder.name}/{name}"
    return Entry(shown, PictureFile(path, shown), (), box), [int(count) for count in counts]


def _box(text: str) -> Box | None:
    words = text.strip("()[] ").split(",")
    try:
        left, top, right, bottom = (float(int(word)) for word in words)
    except ValueError:
        return None
    return (left, top, right, bottom) if 0 <= left < right < 1e6 and 0 <= top < bottom < 1e6 else None
