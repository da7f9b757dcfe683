"""The pictures beside the page: how often each class is there, sheets of faces, two label files against each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fer_edge.runtime.extras import require
from fer_edge.train.evaluation.charts import (
    BLUE,
    GREEN,
    INK,
    RED,
    WIDTH,
    bare,
    figure_of,
    png_of,
    shares_of_rows,
)

if TYPE_CHECKING:
    pass

COLORS: Mapping[str, str] = {"train": BLUE, "validation": RED, "test": GREEN}
GAP = 6
"""Pixels between the faces of a sheet."""
COLUMNS = 8
"""Faces for which a sheet has room beside one another at least: two alone would fill a screen."""
LABEL = 24
"""Characters of a class's name."""


def frequencies(counts: Mapping[str, Mapping[str, int]], classes: Sequence[str]) -> bytes:
    """Share of each class in each split; the number of faces is written behind the bar.

    Args:
        counts: split -> class -> faces.
        classes: that are shown, from above.
    """
    splits = {split: found for split, found in counts.items() if sum(found.values())}
    thick = 0.82 / max(1, len(splits))
    with figure_of(1.1 + len(classes) * (0.18 + 0.17 * max(1, len(splits)))) as (figure, (ax,)):
        for place, (split, found) in enumerate(splits.items()):
            total = sum(found.values())
            at = np.arange(len(classes)) + (place - (len(splits) - 1) / 2) * thick
            shares = [found[name] / total for name in classes]
            bars = ax.barh(at, shares, thick * 0.9, color=COLORS[split], label=f"{split} ({total} faces)")
            ax.bar_label(bars, [str(found[name]) for name in classes], padding=3, fontsize=8.5, color=INK)
        ax.set_yticks(range(len(classes)), [short(name) for name in classes])
        ax.set_ylim(len(classes) - 0.4, -0.6)
        ax.margins(x=0.12)
        ax.grid(visible=False, axis="y")
        ax.xaxis.set_major_formatter(require("matplotlib.ticker", "train").PercentFormatter(1, decimals=None))
        ax.set_xlabel("share of the split's faces; the number is the faces")
        ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=len(splits), fontsize=9.5)
        return png_of(figure)


def sheet(rows: Mapping[str, Sequence[NDArray[np.uint8]]]) -> bytes:
    """Faces in rows.

    Args:
        rows: what stands before a row -> its crops, (1 or 3, H, W) uint8, all of one size.
    """
    wide = max(COLUMNS, *map(len, rows.values()))
    height, width = next(crop.shape[1:] for crops in rows.values() for crop in crops)
    tiles = np.full((len(rows) * (height + GAP) - GAP, wide * (width + GAP) - GAP, 3), 255, np.uint8)
    for row, crops in enumerate(rows.values()):
        for column, crop in enumerate(crops):
            y, x = row * (height + GAP), column * (width + GAP)
            tiles[y : y + height, x : x + width] = crop.transpose(1, 2, 0)  # gray goes to all three
    inches = max(1.0, (WIDTH - 0.9) * tiles.shape[0] / tiles.shape[1]) + 0.2
    with figure_of(inches) as (figure, (ax,)):
        ax.imshow(tiles, interpolation="nearest")
        bare(ax)
        middles = np.arange(len(rows)) * (height + GAP) + height / 2
        ax.set_yticks(middles, [short(name) for name in rows])
        ax.set_xticks([])
        return png_of(figure)


def cross_table(table: Mapping[str, Mapping[str, int]], across: str, down: str) -> bytes:
    """Two labels of the same faces: the number of faces in each field, the darker the larger its share of the row.

    Args:
        table: row -> column -> faces.
        across: what the columns are.
        down: what the rows are.
    """
    columns = list(next(iter(table.values())))
    values = np.asarray([[row[name] for name in columns] for row in table.values()])
    with figure_of(4.6) as (figure, (ax,)):
        shares_of_rows(ax, values, 9.5, aspect="auto")
        ax.set_xticks(range(len(columns)), columns, rotation=45, ha="right", rotation_mode="anchor")
        ax.set_yticks(range(len(table)), list(table))
        ax.set_xlabel(across)
        ax.set_ylabel(down)
        return png_of(figure)


def short(name: str) -> str:
    """A class's name where the room is small; ``$`` would begin a formula."""
    cut = name if len(name) <= LABEL else f"{name[: LABEL - 3]}..."
    return "".join(sign if sign.isprintable() else "?" for sign in cut).replace("$", r"\$")
