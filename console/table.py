"""One aligned table in plain text, as every command ends with."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Sequence

GAP = "  "
NARROWEST = 12
"""Columns that the last one keeps however narrow the terminal is."""


def table(
    headers: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    right: Sequence[str] = (),
    width: int | None = None,
) -> str:
    """Lay out rows under their headers.

    Args:
        headers: one word or two a column.
        rows: as many cells each as there are headers.
        right: headers of the columns that are aligned right, such as numbers.
        width: of the terminal in columns; the last column is wrapped to fit. None: no limit.

    Returns:
        Lines without a newline at the end and without trailing spaces.
    """
    widths = [
        max(cell_width(cell) for cell in column) for column in zip(headers, *rows, strict=True)
    ]  # every row must have a cell for every header
    lines = [_line(headers, widths, headers, right), GAP.join("-" * size for size in widths)]
    room = None if width is None else max(NARROWEST, width - sum(widths[:-1]) - len(GAP) * (len(widths) - 1))
    if room is not None and room < widths[-1]:
        lines[1] = GAP.join("-" * size for size in [*widths[:-1], room])
    for row in rows:
        pieces = _wrapped(row[-1], room)
        lines.append(_line([*row[:-1], pieces[0]], widths, headers, right))
        lines += [_line([""] * (len(row) - 1) + [piece], widths, headers, right) for piece in pieces[1:]]
    return "\n".join(lines)


def _wrapped(cell: str, room: int | None) -> list[str]:
    if room is None or cell_width(cell) <= room:
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
