"""Pictures of a result (matplotlib): distributions, latency against accuracy against size, drift over the run."""

from __future__ import annotations

import io
import statistics
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fer_edge.bench.results.records import Record, Result
from fer_edge.bench.results.summary import Row
from fer_edge.runtime.extras import require
from fer_edge.runtime.formats import FORMATS

OTHER = "#475569"
"""Color of what is no variant's name."""
WIDTH = 9.0
"""Inches; at ``DPI`` a picture fills the page's column."""
DPI = 110
MOST_LABELS = 40


def distributions(records: Sequence[Record]) -> bytes:
    """A violin a record on a logarithmic scale, its median as a white mark; every sample counts, also the slowest.

    Args:
        records: of one stage, at least one.

    Returns:
        A PNG.
    """

    def draw(axes: Any) -> None:
        for at, record in enumerate(reversed(records)):
            values = np.log10(np.asarray(record.samples) * 1e3)
            color = _color(record.variant)
            if np.ptp(values) > 0 and values.size > 2:
                body = axes.violinplot(
                    [values], [at], orientation="horizontal", widths=0.9, showextrema=False
                )
                for part in body["bodies"]:
                    part.set(facecolor=color, alpha=0.35, edgecolor=color)
            axes.plot(values, np.full(values.size, at), "|", color=color, markersize=5, alpha=0.25)
            axes.plot(statistics.median(values), at, "o", color="white", markeredgecolor=color, markersize=6)
        axes.set_yticks(range(len(records)), [_label(record) for record in reversed(records)])
        axes.set_ylim(-0.7, len(records) - 0.3)
        axes.set_xlabel("milliseconds (logarithmic)")
        _ticks(axes)

    return _picture(draw, height=1.0 + 0.33 * len(records))


def cumulative(records: Sequence[Record]) -> bytes:
    """Empirical distribution functions: at which time which share of the calls was done."""

    def draw(axes: Any) -> None:
        for at, record in enumerate(records):
            axes.ecdf(
                np.asarray(record.samples) * 1e3,
                label=_label(record),
                color=_color(record.variant),
                linestyle=("-", "--", ":", "-.")[at % 4],
            )
        axes.set_xscale("log")
        axes.set_xlabel("milliseconds (logarithmic)")
        axes.set_ylabel("share of calls")
        if len(records) <= 10:
            axes.legend(fontsize=8, frameon=False)

    return _picture(draw, height=4.0)


def pareto(rows: Sequence[Row]) -> bytes:
    """Latency against accuracy, the file's size as the disk's area; the front is joined.

    Args:
        rows: those with an accuracy and a steady inference, at least one.
    """
    points = [(row, _latency(row) * 1e3, 100 * _accuracy(row)) for row in rows]
    front = front_of([(latency, accuracy) for _, latency, accuracy in points])

    def draw(axes: Any) -> None:
        axes.plot(*zip(*front, strict=True), color="#94a3b8", linewidth=1.2, zorder=1)
        for row, latency, accuracy in points:
            size = row.artifact.bytes / 1e6 if row.artifact else 0.1
            chosen = (latency, accuracy) in front
            axes.scatter(
                latency, accuracy, s=30 + 120 * size**0.5, color=_color(row.variant),
                alpha=0.85 if chosen else 0.4, edgecolor="white", zorder=3 if chosen else 2,
            )  # fmt: skip
            if chosen or len(points) <= 8:
                axes.annotate(
                    _label(row),
                    (latency, accuracy),
                    textcoords="offset points",
                    xytext=(8, 5),
                    fontsize=8,
                )
        axes.set_xlabel("median inference in milliseconds")
        axes.set_ylabel("accuracy in percent (manifest)")
        axes.margins(x=0.12, y=0.15)

    return _picture(draw, height=4.6)


def front_of(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The points that no other one beats: smaller first number, larger second; ascending, duplicates once."""
    front: list[tuple[float, float]] = []
    for latency, accuracy in sorted(set(points), key=lambda point: (point[0], -point[1])):
        if not front or accuracy > front[-1][1]:
            front.append((latency, accuracy))
    return front


def drift(records: Sequence[Record]) -> bytes:
    """Each turn's median over its record's own, in the order of time: a machine that slows down rises to the right.

    Args:
        records: with blocks.
    """

    def draw(axes: Any) -> None:
        for record in records:
            middle = statistics.median(record.samples)
            turns = [
                (block.begin, statistics.median(samples) / middle)
                for block, samples in record.split()
                if samples
            ]
            times, ratios = zip(*sorted(turns), strict=True)
            axes.plot(
                times,
                100 * (np.asarray(ratios) - 1),
                ".",
                color=_color(record.variant),
                alpha=0.5,
                markersize=5,
            )
        axes.axhline(0, color="#94a3b8", linewidth=1)
        axes.set_xlabel("seconds since the run began")
        axes.set_ylabel("turn's median, percent off")

    return _picture(draw, height=3.4)


def _latency(row: Row) -> float:
    return row.stages["inference"].middle


def _accuracy(row: Row) -> float:
    return (row.artifact.accuracy if row.artifact else None) or 0.0


def _color(variant: str) -> str:
    word = variant.split("-", maxsplit=1)[0]
    return next((spec.color for spec in FORMATS if spec.name == word), OTHER)


def _label(entry: Record | Row) -> str:
    return _shortened(entry.name + (f", {entry.threads} threads" if entry.threads > 1 else ""))


def _shortened(text: str) -> str:
    plain = text.replace("$", r"\$")  # matplotlib would read a formula
    return plain if len(plain) <= MOST_LABELS else plain[: MOST_LABELS - 1] + "…"


def _ticks(axes: Any) -> None:
    """Powers and their doubles and fives of the logarithm that is shown, as plain numbers."""
    low, high = axes.get_xlim()
    steps = [np.log10(factor) + power for power in range(int(low) - 2, int(high) + 2) for factor in (1, 2, 5)]
    shown = [step for step in steps if low <= step <= high]
    axes.set_xticks(shown, [f"{10**step:.3g}" for step in shown])
    axes.set_xlim(low, high)


def _picture(draw: Callable[[Any], None], height: float) -> bytes:
    require("matplotlib", "bench")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height), layout="constrained", dpi=DPI)
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.grid(axis="both", color="#e2e8f0", linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    draw(axes)
    target = io.BytesIO()
    # Without the program's version the same result gives the same bytes for longer.
    figure.savefig(target, format="png", metadata={"Software": None})
    return target.getvalue()


def pick_timed(result: Result, stage: str) -> list[Record]:
    """The records of a stage that know when their samples were taken."""
    return [record for record in result.stage(stage) if len(record.blocks) > 1]
