"""``.md``: the table for a pull request, with the environment in one line and every doubt below."""

from __future__ import annotations

from collections.abc import Iterable

from fer_edge.bench.reports.table import caption, environment_line, lay_out, list_sources
from fer_edge.bench.results.doubts import list_doubts
from fer_edge.bench.results.records import Result
from fer_edge.bench.results.summary import list_rows


def render(result: Result) -> str:
    """GitHub's table syntax."""
    rows = list_rows(result)
    table = lay_out(rows)
    lines = [
        _line(table.headers),
        _line("---:" if header in table.right else ":---" for header in table.headers),
        *map(_line, table.cells),
        "",
        caption(result),
        "",
        *(f"- {line}" for line in (*list_sources(rows), environment_line(result.environment))),
    ]
    if result.reasons:
        lines += ["", "Not to be trusted, because:", "", *(f"- {line}" for line in list_doubts(result))]
    return "\n".join(lines) + "\n"


def _line(cells: Iterable[str]) -> str:
    # A bar inside a cell would begin another one.
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
