"""The table of a result, which terminal, Markdown and HTML show alike: columns, cells, and the sentences below."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fer_edge.bench.results.records import Artifact, Result
from fer_edge.bench.results.summary import Row, Stage
from fer_edge.stats.quantiles import Quantile

NOTHING = "-"
ENVIRONMENT = ("cpu", "cpus", "governor", "frequency_mhz", "load_average_1min", "system", "python")
"""Members of ``environment`` that a line names, in this order, where they are there and plain."""


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


def _of(name: str, text: Callable[[Stage], str]) -> Callable[[Row], str]:
    return lambda row: text(row.stages[name]) if name in row.stages else NOTHING


def _middle(name: str) -> Callable[[Row], str]:
    return _of(name, lambda found: milliseconds(found.middle))


def _fact(text: Callable[[Artifact], str]) -> Callable[[Row], str]:
    return lambda row: text(row.artifact) if row.artifact else NOTHING


def _of_peak(row: Row) -> str:
    share = row.roofline.get("percent_of_peak")
    return f"{share:.1f} %" if isinstance(share, int | float) else NOTHING


COLUMNS = (
    Column("variant", lambda row: row.name, right=False),
    Column("threads", lambda row: str(row.threads)),
    Column("size MB", _fact(lambda facts: megabytes(facts.bytes))),
    Column("load ms", _middle("load")),
    Column("first ms", _middle("first")),
    Column("inference ms", _middle("inference")),
    Column("95 %", _of("inference", lambda found: interval(found.median))),
    Column("mean", _of("inference", mean)),
    Column("p90", _of("inference", lambda found: quantile(found.p90))),
    Column("p99", _of("inference", lambda found: quantile(found.p99))),
    Column("camera ms", _middle("camera")),
    Column("whole ms", _middle("whole")),
    Column("peak MB", _fact(lambda facts: megabytes(facts.most_peak_memory))),
    Column("steady MB", _fact(lambda facts: megabytes(facts.most_steady_memory))),
    # Thousandths of joules: the digits of milliseconds do.
    Column("energy mJ", _fact(lambda facts: milliseconds(facts.energy_joules))),
    Column("of peak", _of_peak),
    Column("figures", lambda row: "trusted" if row.trusted else "UNTRUSTED", right=False),
)
"""Times are medians; ``95 %`` is the interval of the inference's median."""


@dataclass(frozen=True, slots=True)
class ReportTable:
    """The cells of a result.

    Attributes:
        headers: of the columns that have something in at least one row.
        cells: of each row.
        right: headers of the columns that are aligned right.
    """

    headers: list[str]
    cells: list[list[str]]
    right: list[str]


def lay_out(rows: list[Row], first: Sequence[str] = ()) -> ReportTable:
    """The table of some rows.

    Args:
        rows: of a result.
        first: headers that come before the others, in this order.
    """
    shown = [column for column in COLUMNS if any(column.cell(row) != NOTHING for row in rows)] or COLUMNS
    columns = sorted(
        shown, key=lambda column: first.index(column.header) if column.header in first else len(first)
    )
    return ReportTable(
        [column.header for column in columns],
        [[column.cell(row) for column in columns] for row in rows],
        [column.header for column in columns if column.right],
    )


def caption(result: Result) -> str:
    """The mode and target of the figures, and a key to reading them."""
    mode = result.mode.get("name")
    how = f"Mode {mode} on {result.target}" if mode else f"Measured on {result.target}"
    cut = (
        ""
        if result.complete
        else " The run was interrupted: what is shown is complete, the rest was not measured."
    )
    return (
        f"{how}. Times are medians in milliseconds over all samples; 95 %: interval of the inference's median; a quantile that "
        f"the samples do not carry says how many it takes.{cut}"
    )


def environment_line(environment: Mapping[str, Any]) -> str:
    """The machine of the figures, in one line."""
    parts = [
        f"{name.replace('_', ' ')} {environment[name]}"
        for name in ENVIRONMENT
        if isinstance(environment.get(name), str | int | float)
    ]
    return ", ".join(parts) or "environment not recorded"


def list_sources(rows: list[Row]) -> list[str]:
    """One line an engine, such as ``ai-edge-litert 2.3.0: tflite-fp32, tflite-int8``, for a table without that column."""
    names: dict[str, list[str]] = {}
    for row in rows:
        names.setdefault(row.engine, []).append(row.name)
    return [f"{engine}: {', '.join(dict.fromkeys(members))}" for engine, members in names.items()]
