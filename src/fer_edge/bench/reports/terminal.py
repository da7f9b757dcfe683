"""The table that a terminal gets."""

from __future__ import annotations

from collections.abc import Sequence

from fer_edge.bench.measure.long_runs import lines as long_lines
from fer_edge.bench.reports.columns import COLUMNS, NOTHING, shown
from fer_edge.bench.reports.doubts import kinds_of_doubt
from fer_edge.bench.reports.words import caption, environment_line
from fer_edge.bench.results.records import Result
from fer_edge.bench.results.summary import Row, rows, sources
from fer_edge.console.table import table

OPTIONAL = (
    "energy mJ", "steady MB", "first ms", "mean", "of peak", "camera ms", "p90", "load ms", "peak MB", "size MB", "p99", "whole ms",
)  # fmt: skip
"""Left out on a narrow terminal, the first to go first; what stays is the median, its interval and the verdict."""


def terminal(result: Result, skipped: dict[str, str] | None = None, width: int | None = None) -> str:
    """One aligned row an artifact, engine and number of threads; then the reasons and what was left out.

    Args:
        result: what was measured.
        skipped: variant -> why it was not.
        width: of the terminal in columns; None: no limit.
    """
    found = rows(result)
    columns = shown(found) or COLUMNS
    lines = [
        table(
            [column.header for column in columns],
            [[column.cell(row) for column in columns] for row in found],
            right=[column.header for column in columns if column.right],
            optional=OPTIONAL,
            width=width,
        ),
        "",
        caption(result),
        *sources(found),
        environment_line(result.environment),
        *long_lines(result.extra),
    ]
    left_out = {**(skipped or {}), **result.extra.get("failed", {})}
    lines += [f"{variant}: {NOTHING} ({reason})" for variant, reason in left_out.items()]
    lines += nearness(found)
    return "\n".join([*lines, *(f"UNTRUSTED: {line}" for line in kinds_of_doubt(result))])


def nearness(found: Sequence[Row]) -> list[str]:
    """What the roofline says of each row, where it was counted; rows of which it says the same share a line."""
    names: dict[str, list[str]] = {}
    for row in found:
        sentence = row.roofline.get("sentence")
        if isinstance(sentence, str) and sentence:
            names.setdefault(sentence, []).append(f"{row.name} ({row.threads})")
    lines = [f"  {', '.join(members)}: {sentence}" for sentence, members in names.items()]
    return ["Against this machine's limits (threads in brackets):", *lines] if lines else []
