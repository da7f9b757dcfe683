"""The table that a terminal gets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fer_edge.bench.measure.long_runs import describe_long_runs
from fer_edge.bench.reports.table import NOTHING, caption, environment_line, lay_out, list_sources
from fer_edge.bench.results.doubts import summarize_doubts
from fer_edge.bench.results.records import Result
from fer_edge.bench.results.summary import Row, list_rows
from fer_edge.console.table import table

OPTIONAL = (
    "energy mJ", "steady MB", "first ms", "mean", "of peak", "camera ms", "p90", "load ms", "peak MB", "size MB", "p99", "whole ms",
)  # fmt: skip
"""Left out on a narrow terminal, the first to go first; what stays is the median, its interval and the verdict."""


def render_terminal(
    result: Result, skipped: Mapping[str, str] | None = None, width: int | None = None
) -> str:
    """One aligned row an artifact, engine and number of threads; then the reasons and what was left out.

    Args:
        result: what was measured.
        skipped: variant -> why it was not.
        width: of the terminal in columns; None: no limit.
    """
    rows = list_rows(result)
    found = lay_out(rows)
    left_out = {**(skipped or {}), **result.extra.get("failed", {})}
    lines = [
        table(found.headers, found.cells, right=found.right, optional=OPTIONAL, width=width),
        "",
        caption(result),
        *list_sources(rows),
        environment_line(result.environment),
        *describe_long_runs(result.extra),
        *(f"{variant}: {NOTHING} ({reason})" for variant, reason in left_out.items()),
        *_rooflines(rows),
        *(f"UNTRUSTED: {line}" for line in summarize_doubts(result)),
    ]
    return "\n".join(lines)


def _rooflines(rows: Sequence[Row]) -> list[str]:
    """The roofline's sentence about each row, where it was counted; rows of which it says the same share a line."""
    names: dict[str, list[str]] = {}
    for row in rows:
        sentence = row.roofline.get("sentence")
        if isinstance(sentence, str) and sentence:
            names.setdefault(sentence, []).append(f"{row.name} ({row.threads})")
    lines = [f"  {', '.join(members)}: {sentence}" for sentence, members in names.items()]
    return ["Against this machine's limits (threads in brackets):", *lines] if lines else []
