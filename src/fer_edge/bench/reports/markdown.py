"""``.md``: the table for a pull request, with the environment in one line and every doubt below."""

from __future__ import annotations

from collections.abc import Iterable

from fer_edge.bench.reports.columns import shown
from fer_edge.bench.reports.doubts import doubts
from fer_edge.bench.reports.words import caption, environment_line
from fer_edge.bench.results.records import Result
from fer_edge.bench.results.summary import rows, sources


class Markdown:
    """The form ``md``."""

    name = "markdown"
    ending = ".md"

    def render(self, result: Result) -> str:
        """GitHub's table syntax."""
        found = rows(result)
        columns = shown(found)
        lines = [
            _line(column.header for column in columns),
            _line("---:" if column.right else ":---" for column in columns),
            *(_line(column.cell(row) for column in columns) for row in found),
            "",
            caption(result),
            "",
            *(f"- {line}" for line in (*sources(found), environment_line(result.environment))),
        ]
        if result.reasons:
            lines += ["", "Not to be trusted, because:", "", *(f"- {line}" for line in doubts(result))]
        return "\n".join(lines) + "\n"


def _line(cells: Iterable[str]) -> str:
    # A bar inside a cell would begin another one.
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


MARKDOWN = Markdown()
