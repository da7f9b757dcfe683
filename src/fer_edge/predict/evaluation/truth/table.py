"""The truth as CSV: a header, then a row a face; what ``fer-predict --csv`` writes is such a file.

Columns ``file_name``, ``x0 y0 x1 y1`` (or ``x y width height``) and, where known, ``emotion``; others are passed over. A row with empty
numbers is a picture without faces.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping

from fer_edge.faces.face import Box
from fer_edge.predict.evaluation.truth.form import TrueFace, Truth, corners
from fer_edge.predict.outputs.csv import unsafe_text
from fer_edge.runtime.errors import FerEdgeError
from fer_edge.runtime.labels import canonical
from fer_edge.runtime.schema import show

CORNERS, SIZES = ("x0", "y0", "x1", "y1"), ("x", "y", "width", "height")


class TableTruth:
    """A CSV file."""

    name = "CSV with the columns file_name, x0, y0, x1, y1 and emotion"

    def recognizes(self, name: str, data: bytes) -> bool:
        """A name that says so, or a header that does."""
        return name.endswith(".csv") or b"file_name," in data[:1000].split(b"\n")[0]

    def read(self, data: bytes, called: str) -> Truth:
        """The faces by file name.

        Raises:
            FerEdgeError: a column lacks, or a cell is none of these.
        """
        try:
            text = data.decode("utf-8-sig")
            rows = csv.DictReader(io.StringIO(text, newline=""), strict=True)
            header = rows.fieldnames or ()
            sides = next((names for names in (CORNERS, SIZES) if set(names) <= set(header)), None)
            if sides is None or "file_name" not in header:
                raise FerEdgeError(
                    f"{called}: the columns are {show(', '.join(header))}; allowed: file_name, {', '.join(CORNERS)} "
                    f"(or {', '.join(SIZES)}) and emotion"
                )
            found: Truth = {}
            for row in rows:
                place = f"{called}: line {rows.line_num}"
                faces = found.setdefault(unsafe_text(_cell(row, "file_name", place)), [])
                box = _box(row, sides, place)
                if box is not None:
                    word = (row.get("emotion") or "").strip()
                    faces.append(TrueFace(box, canonical(unsafe_text(word)) if word else None))
        except (UnicodeDecodeError, csv.Error) as error:
            raise FerEdgeError(f"{called}: no CSV in UTF-8: {error}") from None
        return found


def _cell(row: Mapping[str, str | None], name: str, place: str) -> str:
    value = row.get(name)
    if not value:
        raise FerEdgeError(f"{place}: {name} is empty; allowed: the name of a picture")
    return value


def _box(row: Mapping[str, str | None], sides: tuple[str, ...], place: str) -> Box | None:
    cells = [(row.get(side) or "").strip() for side in sides]
    if not any(cells):
        return None
    try:
        left, top, third, fourth = map(float, cells)
    except ValueError:
        raise FerEdgeError(
            f"{place}: the box is {show(' '.join(cells))}; allowed: four numbers {', '.join(sides)}"
        ) from None
    size = (third, fourth) if sides == SIZES else (third - left, fourth - top)
    box = corners(place, left, top, *size)
    if box is None:
        raise FerEdgeError(
            f"{place}: the box {show(' '.join(cells))} has no area; allowed: a right of a left, a bottom below a top"
        )
    return box


TABLE = TableTruth()
