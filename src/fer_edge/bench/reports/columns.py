"""The columns of a result's table: header, and the text of each cell. Terminal, Markdown and HTML take them from here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fer_edge.bench.results.summary import Row, Stage
from fer_edge.stats.quantiles import Quantile

NOTHING = "-"


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        header: with the unit.
        cell: its text for a row.
        right: whether it is aligned right.
    """

    header: str
    cell: Callable[[Row], str]
    right: bool = True


def milliseconds(seconds: float | None) -> str:
    """Three significant digits, such as ``0.0123``, ``1.23``, ``123``."""
    if seconds is None:
        return NOTHING
    value = seconds * 1e3
    decimals = 0 if value >= 99.95 else 1 if value >= 9.995 else 2 if value >= 0.9995 else 3
    return f"{value:.{decimals}f}" if value >= 0.01 else f"{value:.2g}"


def megabytes(size: float | None) -> str:
    """In units of 10**6 bytes."""
    if size is None:
        return NOTHING
    value = size / 1e6
    return f"{value:.0f}" if value >= 99.5 else f"{value:.1f}" if value >= 9.95 else f"{value:.2f}"


def percent(share: float | None, decimals: int = 1) -> str:
    """A share of 1 as percent."""
    return NOTHING if share is None else f"{100 * share:.{decimals}f} %"


def stage(row: Row, name: str, figure: Callable[[Stage], float | None]) -> str:
    """A figure of a stage in milliseconds; ``-`` where it was not measured."""
    found = row.stages.get(name)
    return NOTHING if found is None else milliseconds(figure(found))


def quantile(found: Quantile) -> str:
    """A quantile, or how many samples it would take."""
    return milliseconds(found.value) if found.value is not None else f"needs {found.needed}"


def interval(found: Quantile) -> str:
    """Both ends of a quantile's interval."""
    if found.low is None or found.high is None:
        return f"needs {found.needed}"
    return f"{milliseconds(found.low)}..{milliseconds(found.high)}"


def mean(found: Stage) -> str:
    """Mean and standard deviation of all samples."""
    spread = "" if found.deviation is None else f"±{milliseconds(found.deviation)}"
    return milliseconds(found.mean) + spread


def verdict(row: Row) -> str:
    """Whether the figures may be relied on."""
    return "trusted" if row.trusted else "UNTRUSTED"


def _of(name: str, text: Callable[[Stage], str]) -> Callable[[Row], str]:
    return lambda row: text(row.stages[name]) if name in row.stages else NOTHING


def _peak_memory(row: Row) -> str:
    return megabytes(max(row.artifact.peak_memory_bytes, default=None)) if row.artifact else NOTHING


def _steady_memory(row: Row) -> str:
    return megabytes(max(row.artifact.steady_memory_bytes, default=None)) if row.artifact else NOTHING


def _energy(row: Row) -> str:
    # Thousandths of joules: the digits of milliseconds do.
    return milliseconds(row.artifact.energy_joules) if row.artifact else NOTHING


def _of_peak(row: Row) -> str:
    share = row.roofline.get("percent_of_peak")
    return f"{share:.1f} %" if isinstance(share, int | float) else NOTHING


COLUMNS = (
    Column("variant", lambda row: row.name, right=False),
    Column("threads", lambda row: str(row.threads)),
    Column("size MB", lambda row: megabytes(row.artifact.bytes) if row.artifact else NOTHING),
    Column("load ms", lambda row: stage(row, "load", lambda found: found.middle)),
    Column("first ms", lambda row: stage(row, "first", lambda found: found.middle)),
    Column("inference ms", lambda row: stage(row, "inference", lambda found: found.middle)),
    Column("95 %", _of("inference", lambda found: interval(found.median))),
    Column("mean", _of("inference", mean)),
    Column("p90", _of("inference", lambda found: quantile(found.p90))),
    Column("p99", _of("inference", lambda found: quantile(found.p99))),
    Column("camera ms", lambda row: stage(row, "camera", lambda found: found.middle)),
    Column("whole ms", lambda row: stage(row, "whole", lambda found: found.middle)),
    Column("peak MB", _peak_memory),
    Column("steady MB", _steady_memory),
    Column("energy mJ", _energy),
    Column("of peak", _of_peak),
    Column("figures", verdict, right=False),
)
"""Times are medians; ``95 %`` is the interval of the inference's median."""


def shown(rows: list[Row]) -> tuple[Column, ...]:
    """The columns in which at least one row has something."""
    return tuple(column for column in COLUMNS if any(column.cell(row) != NOTHING for row in rows))
