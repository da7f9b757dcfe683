"""The table that a terminal gets."""

from __future__ import annotations

from fer_edge.benchmarks.long_runs import lines as long_lines
from fer_edge.benchmarks.records import Result
from fer_edge.benchmarks.reports.columns import COLUMNS, NOTHING, shown
from fer_edge.benchmarks.reports.summary import rows, sources
from fer_edge.benchmarks.reports.words import caption, environment_line
from fer_edge.console.table import table


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
    return "\n".join([*lines, *doubts(result)])


def doubts(result: Result) -> list[str]:
    """Why figures are untrusted: one line a kind of reason, with one example where many rows have their own numbers."""
    kinds: dict[str, list[str]] = {}
    for reason in result.reasons:
        kinds.setdefault(reason.partition(":")[0], []).append(reason)
    rows_of: dict[str, set[str]] = {}
    for record in result.records:
        for reason in record.reasons:
            rows_of.setdefault(reason.partition(":")[0], set()).add(record.name)
    everyone = len({record.name for record in result.records})
    lines = []
    for kind, reasons in kinds.items():
        names = sorted(rows_of[kind])
        whom = "" if len(names) == everyone else f" [{', '.join(names)}]"
        lines.append(f"UNTRUSTED{whom}: {reasons[0]}")
        if len(reasons) > 1:
            lines[-1] += f" (and {len(reasons) - 1} more like it; --json lists them)"
    return lines
