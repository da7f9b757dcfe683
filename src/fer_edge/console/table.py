"""One aligned table in plain text, as every command ends with."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Sequence

GAP = "  "
NARROWEST = 12
"""Columns that every column keeps however narrow the terminal is, if it has so many."""
COMFORTABLE = 30
"""Columns that the last one, which wraps, should have before another is left out for it."""
EMPTY = {"", "-"}


def table(
    headers: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    right: Sequence[str] = (),
    optional: Sequence[str] = (),
    width: int | None = None,
) -> str:
    """Lay out rows under their headers.

    Args:
        headers: one word or two a column.
        rows: as many cells each as there are headers.
        right: headers of the columns that are aligned right, such as numbers.
        optional: headers of the columns that may be left out where the terminal is narrow, the first to go first; those
            in which no row has anything always are.
        width: of the terminal in columns; the last column is wrapped to fit, longer cells are cut. None: no limit.

    Returns:
        Lines without a newline at the end and without trailing spaces; the last one names what was left out.
    """
    columns = list(zip(headers, *rows, strict=True))  # every row must have a cell for every header
    columns, left_out = (columns, []) if width is None else _fitting(columns, optional, width)
    widths = [max(map(cell_width, column)) for column in columns]
    if width is not None:
        widths = _narrowed(widths, width)
    headers, *rows = zip(*columns, strict=True)
    lines = [
        _line([_cut(*pair) for pair in zip(headers, widths, strict=True)], widths, headers, right),
        GAP.join("-" * size for size in widths),
    ]
    for row in rows:
        pieces = _wrapped(row[-1], widths[-1])
        cells = [_cut(cell, size) for cell, size in zip(row, widths, strict=True)][:-1]
        lines.append(_line([*cells, pieces[0]], widths, headers, right))
        lines += [_line([""] * (len(row) - 1) + [piece], widths, headers, right) for piece in pieces[1:]]
    if left_out:
        lines.append(f"Not shown: {', '.join(left_out)} (--wide)")
    return "\n".join(lines)


def _fitting(
    columns: list[tuple[str, ...]], optional: Sequence[str], width: int
) -> tuple[list[tuple[str, ...]], list[str]]:
    """The columns that are shown, and the headers of those that had to go; one that holds nothing is not missed."""
    columns = [column for column in columns if column[0] not in optional or not EMPTY.issuperset(column[1:])]
    left_out = list[str]()
    for header in optional:
        sizes = [max(map(cell_width, column)) for column in columns]
        if sum(sizes[:-1]) + min(sizes[-1], COMFORTABLE) + len(GAP) * (len(sizes) - 1) <= width:
            break
        left_out += [column[0] for column in columns if column[0] == header]
        columns = [column for column in columns if column[0] != header]
    return columns, left_out


def _narrowed(widths: Sequence[int], width: int) -> list[int]:
    """The last column takes what is left; where that is too little, the widest others give."""
    sizes = list(widths)
    gaps = len(GAP) * (len(sizes) - 1)
    sizes[-1] = min(sizes[-1], max(NARROWEST, width - sum(sizes[:-1]) - gaps))
    while sum(sizes) + gaps > width and max(sizes) > NARROWEST:
        sizes[sizes.index(max(sizes))] -= 1
    return sizes


def _cut(cell: str, room: int) -> str:
    if cell_width(cell) <= room:
        return cell
    while cell_width(cell) >= room:
        cell = cell[:-1]
    return f"{cell}…"


def _wrapped(cell: str, room: int) -> list[str]:
    if cell_width(cell) <= room:
        return [cell]
    return textwrap.wrap(cell, room) or [""]


def _line(cells: Sequence[str], widths: Sequence[int], headers: Sequence[str], right: Sequence[str]) -> str:
    parts = []
    for index, (cell, size, header) in enumerate(zip(cells, widths, headers, strict=True)):
        last = index == len(widths) - 1
        space = " " * max(0, size - cell_width(cell))
        if header in right and not (last and cell_width(cell) > size):
            parts.append(space + cell)
        else:
            parts.append(cell if last else cell + space)
    return GAP.join(parts).rstrip()


def cell_width(text: str) -> int:
    """Columns that the text takes on a terminal: two for wide East Asian characters, none for combining ones."""
    return sum(
        0 if unicodedata.combining(character) else 1 + (unicodedata.east_asian_width(character) in "WF")
        for character in text
    )
