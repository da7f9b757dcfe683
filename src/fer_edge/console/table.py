"""One aligned table in plain text, as every command ends with."""

from __future__ import annotations

import io
from collections.abc import Sequence

GAP = 2
"""Spaces between columns."""
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
    # Every row must have a cell for every header. A tab has no width of its own.
    columns = [
        tuple(cell.replace("\t", " ") for cell in column) for column in zip(headers, *rows, strict=True)
    ]
    columns, left_out = (columns, []) if width is None else _fitting(columns, optional, width)
    sizes = [_width(column) for column in columns]
    if width is not None:
        sizes = _narrowed(sizes, width)
    plain = sizes == list(map(_width, columns)) and all(map(_is_plain, columns))
    lines = (_join if plain else _render)(columns, sizes, right)
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
        sizes = [_width(column) for column in columns]
        if sum(sizes[:-1]) + min(sizes[-1], COMFORTABLE) + GAP * (len(sizes) - 1) <= width:
            break
        left_out += [column[0] for column in columns if column[0] == header]
        columns = [column for column in columns if column[0] != header]
    return columns, left_out


def _width(column: Sequence[str]) -> int:
    if _is_plain(column):
        return max(map(len, column))
    from rich.cells import cell_len

    return max(map(cell_len, column))


def _narrowed(widths: Sequence[int], width: int) -> list[int]:
    """The last column takes what is left; where that is too little, the widest others give."""
    sizes = list(widths)
    gaps = GAP * (len(sizes) - 1)
    sizes[-1] = min(sizes[-1], max(NARROWEST, width - sum(sizes[:-1]) - gaps))
    while sum(sizes) + gaps > width and max(sizes) > NARROWEST:
        sizes[sizes.index(max(sizes))] -= 1
    return sizes


def _is_plain(column: Sequence[str]) -> bool:
    """Whether a character is a column of the terminal, and none is a space that the library would take away."""
    return all(cell.isascii() and cell.isprintable() and cell == cell.strip() for cell in column)


def _join(columns: Sequence[tuple[str, ...]], sizes: Sequence[int], right: Sequence[str]) -> list[str]:
    """What :func:`_render` makes of columns that are as wide as their cells; it takes a tenth of a short command to import."""
    headers, *rows = zip(*columns, strict=True)
    gap = " " * GAP
    return [
        gap.join(
            cell.rjust(size) if header in right else cell.ljust(size)
            for cell, size, header in zip(row, sizes, headers, strict=True)
        ).rstrip()
        for row in (headers, ["-" * size for size in sizes], *rows)
    ]


def _render(columns: Sequence[tuple[str, ...]], sizes: Sequence[int], right: Sequence[str]) -> list[str]:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    built = Table(box=None, show_header=False, pad_edge=False, padding=(0, GAP, 0, 0))
    for (header, *_), size in zip(columns, sizes, strict=True):
        built.add_column(
            width=size, justify="right" if header in right else "left", no_wrap=True, overflow="ellipsis"
        )
    built.columns[-1].no_wrap, built.columns[-1].overflow = False, "fold"
    headers, *rows = zip(*columns, strict=True)
    for row in (headers, ["-" * size for size in sizes], *rows):
        built.add_row(*map(Text, row))
    console = Console(
        file=io.StringIO(), width=sum(sizes) + GAP * len(sizes), color_system=None, legacy_windows=False
    )
    with console.capture() as captured:
        console.print(built)
    return [line.rstrip() for line in captured.get().splitlines()]
