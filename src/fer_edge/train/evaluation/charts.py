"""The pictures of a report: one function and one PNG each (matplotlib, without a screen).

Equal input gives equal bytes: the PNG names no program, and nothing on it depends on the time or the machine.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.runtime.extras import require
from fer_edge.train.evaluation.predictions import Predictions

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, RED, GREEN, INK, FAINT, GRID = "#2468b4", "#c8442f", "#1b8a72", "#1c2430", "#5d6878", "#e3e7ec"
COLORS, MARKERS = (BLUE, RED, GREEN, "#8a5bb5", "#b07d12", INK), "os^Dv"
"""Of models beside one another; more of them begin anew, with another combination."""
LEGEND = 52
"""Characters of a model's name."""
WIDTH = 6.4
"""Inches: at 640 CSS pixels a point of type is a little more than a pixel, on a phone a little less."""
RESOLUTION = 170
STYLE: dict[str, Any] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same letters everywhere
    "font.size": 11,
    "text.color": INK,
    "axes.edgecolor": "#aab3bf",
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
}


def history(epochs: Sequence[Mapping[str, Any]], chosen: int | None = None) -> bytes:
    """Loss, and the shares, by epoch: training and validation.

    Args:
        epochs: a mapping an epoch, as :func:`fer_edge.train.evaluation.figures.epochs` gives them.
        chosen: the epoch whose weights were kept; it is marked.
    """
    panels = _panels(epochs)
    with figure_of(2.6 * len(panels) + 0.4, rows=len(panels)) as (figure, axes):
        for ax, (title, names) in zip(axes, panels.items(), strict=True):
            for name in names:
                _curve(ax, epochs, name)
            if chosen is not None:
                ax.axvline(chosen, color=GREEN, linestyle="--", linewidth=1.2, label=f"kept: epoch {chosen}")
            ax.set_ylabel(title)
            if ax.lines:
                ax.legend(ncols=2, fontsize=9.5)
        axes[-1].set_xlabel("epoch")
        axes[-1].xaxis.set_major_locator(
            require("matplotlib.ticker", "train").MaxNLocator("auto", integer=True)
        )
        return png_of(figure)


def _panels(epochs: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in dict.fromkeys(key for line in epochs for key in line):
        split, _, metric = name.partition("_")
        if split in {"train", "validation"} and metric:
            found.setdefault("loss" if "loss" in metric else "share", []).append(name)
    return dict(sorted(found.items()))


def _curve(ax: Axes, epochs: Sequence[Mapping[str, Any]], name: str) -> None:
    points = [(line["epoch"], line[name]) for line in epochs if line.get(name) is not None]
    if not points:
        return
    split, _, metric = name.partition("_")
    color = BLUE if split == "train" else RED
    style = "-" if metric in {"loss", "accuracy"} else ":"
    ax.plot(*zip(*points, strict=True), style, color=color, marker="o", markersize=3.5,
            label=f"{split} {metric.replace('_', ' ')}")  # fmt: skip


def confusion(table: NDArray[np.int64], classes: Sequence[str]) -> bytes:
    """Shares of each true class by first guess; the number of faces is written in each field."""
    with figure_of(WIDTH * 0.92) as (figure, (ax,)):
        shares_of_rows(ax, table, _fit(classes))
        ax.set_xticks(range(len(classes)), classes, rotation=45, ha="right", rotation_mode="anchor")
        ax.set_yticks(range(len(classes)), classes)
        ax.set_xlabel("first guess")
        ax.set_ylabel("truth")
        return png_of(figure)


def shares_of_rows(ax: Axes, table: NDArray[np.int64], size: float, **picture: Any) -> None:
    """Faces in each field, the darker the larger their share of the row.

    Args:
        ax: to draw on.
        table: (rows, columns) faces.
        size: of the numbers.
        picture: what ``imshow`` is told besides.
    """
    bare(ax)
    shares = table / np.maximum(table.sum(1, keepdims=True), 1)
    ax.imshow(shares, cmap="Blues", vmin=0, vmax=1, **picture)
    for (row, column), count in np.ndenumerate(table):
        if count:
            color = "white" if shares[row, column] > 0.55 else INK
            ax.text(column, row, f"{count}", ha="center", va="center", color=color, fontsize=size)


def bare(ax: Axes) -> None:
    """Without grid, frame and ticks."""
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)


def _fit(classes: Sequence[str]) -> float:
    return 11 if len(classes) <= 10 else max(4.0, 110 / len(classes))


def confidence(predictions: Predictions) -> bytes:
    """Probabilities of the first guess, for right and for wrong ones."""
    values = predictions.probabilities.astype(np.float64).max(1)
    edges = np.linspace(0, 1, 21).tolist()
    with figure_of(3.4) as (figure, (ax,)):
        for chosen, color, word, hatch in (
            (predictions.right, BLUE, "right", None),
            (~predictions.right, RED, "wrong", "///"),
        ):
            label = f"{word} ({int(chosen.sum())} faces)"
            ax.hist(
                values[chosen], edges, color=color, alpha=0.62, hatch=hatch, edgecolor="white", label=label
            )
        ax.set_xlim(0, 1)
        ax.set_xlabel("probability of the first guess")
        ax.set_ylabel("faces")
        ax.legend(loc="upper left")
        return png_of(figure)


def reliability(bins: Sequence[Mapping[str, Any]], error: float) -> bytes:
    """Accuracy over confidence; below, how many faces each bar stands for.

    Args:
        bins: as ``figures()["reliability"]`` has them.
        error: the expected calibration error, 0..1.
    """
    full = [entry for entry in bins if entry["faces"]]
    width = bins[0]["high"] - bins[0]["low"]
    at = [(entry["low"] + entry["high"]) / 2 for entry in full]
    with figure_of(5.4, rows=2, ratios=(3.2, 1)) as (figure, axes):
        top, below = axes
        accuracy = [entry["accuracy"] for entry in full]
        top.bar(at, accuracy, width * 0.92, color=BLUE, alpha=0.75, label="accuracy")
        top.plot([0, 1], [0, 1], "--", color=FAINT, linewidth=1.2, label="as sure as right")
        sure = [entry["confidence"] for entry in full]
        top.plot(sure, accuracy, "o", color=RED, markersize=4.5, clip_on=False, label="at mean confidence")
        top.set(xlim=(0, 1), ylim=(0, 1), ylabel="share that is right")
        figure.suptitle(f"ECE {100 * error:.1f} %", fontsize=12)
        top.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=3, fontsize=9.5)
        below.bar(at, [entry["faces"] for entry in full], width * 0.92, color=FAINT, alpha=0.6)
        below.set(xlim=(0, 1), ylabel="faces", xlabel="probability of the first guess")
        return png_of(figure)


def per_class(series: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> bytes:
    """Accuracy of each class with Wilson's 95 % interval, for one model or several.

    Args:
        series: by the model's name, ``figures()["per_class"]``; classes without faces are left out.
    """
    names = list(dict.fromkeys(name for model in series.values() for name in model if model[name]["faces"]))
    height = (
        0.9 + len(names) * (0.24 + 0.16 * len(series)) + (0.2 + 0.2 * len(series) if len(series) > 1 else 0)
    )
    with figure_of(height) as (figure, (ax,)):
        for place, (model, classes) in enumerate(series.items()):
            shift = (place - (len(series) - 1) / 2) * min(0.3, 0.7 / len(series))
            rows = [
                (names.index(name) + shift, classes[name])
                for name in names
                if classes.get(name, {}).get("faces")
            ]
            color, marker = COLORS[place % len(COLORS)], MARKERS[place % len(MARKERS)]
            _intervals(ax, rows, color, marker, _short(model))
        ax.set_yticks(range(len(names)), names)
        ax.set_ylim(len(names) - 0.4, -0.6)
        ax.set_xlim(-0.02, 1.02)
        ax.set_xlabel("share that is right, with its 95 % interval")
        if len(series) > 1:
            beside = 2 if max(map(len, series)) <= LEGEND // 2 else 1
            ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=beside, fontsize=9.5)
        return png_of(figure)


def _short(name: str) -> str:
    """The end of a long name: of a path it says the most."""
    return name if len(name) <= LEGEND else f"...{name[3 - LEGEND :]}"


def _intervals(
    ax: Axes, rows: Sequence[tuple[float, Mapping[str, Any]]], color: str, marker: str, label: str
) -> None:
    shares = [entry["accuracy"] for _, entry in rows]
    # Rounding may leave a share a millionth outside its interval.
    low = [max(0.0, share - entry["interval"][0]) for share, (_, entry) in zip(shares, rows, strict=True)]
    high = [max(0.0, entry["interval"][1] - share) for share, (_, entry) in zip(shares, rows, strict=True)]
    ax.errorbar(shares, [at for at, _ in rows], xerr=[low, high], fmt=marker, color=color, capsize=3,
                markersize=6, linewidth=1.6, label=label)  # fmt: skip


@contextmanager
def figure_of(
    height: float, rows: int = 1, columns: int = 1, ratios: Sequence[float] | None = None
) -> Iterator[tuple[Figure, list[Axes]]]:
    """A figure of the reports' width and style, with its axes row by row.

    Args:
        height: in inches.
        rows: of axes; they share the x axis.
        columns: of axes.
        ratios: heights of the rows to one another; None: all the same.
    """
    matplotlib = require("matplotlib", "train")
    # A Figure of its own: no window system, no global state of pyplot, nothing to close.
    figure_class = require("matplotlib.figure", "train").Figure
    with matplotlib.rc_context():
        # A user's matplotlibrc must not change the bytes.
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE)
        figure = figure_class(figsize=(WIDTH, height), dpi=RESOLUTION, layout="constrained")
        axes = figure.subplots(
            rows, columns, squeeze=False, sharex=rows > 1 and columns == 1, height_ratios=ratios
        )
        yield figure, list(axes.flat)


def png_of(figure: Figure) -> bytes:
    """The figure as a PNG that names no program."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    FigureCanvasAgg(figure)
    data = io.BytesIO()
    figure.savefig(data, format="png", metadata={"Software": None})
    return data.getvalue()
