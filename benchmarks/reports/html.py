"""``.html``: one page with the table, the distributions, the trade-off and the drift; nothing outside of it is needed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fer_edge.benchmarks.records import Result
from fer_edge.benchmarks.reports import charts
from fer_edge.benchmarks.reports.columns import shown
from fer_edge.benchmarks.reports.doubts import doubts
from fer_edge.benchmarks.reports.summary import Row, rows, sources
from fer_edge.benchmarks.reports.words import caption
from fer_edge.console.page import grid, heading, note, page, paragraph, picture, warning

STYLE = "\nbody { max-width: 104rem; } figure { max-width: 62rem; } th, td { padding: .25rem .5rem; }"
"""The table has many columns: wider than a page of text."""
SHOWN_STAGES = ("inference", "whole", "camera")
MOST_CURVES = 8
"""More cumulative curves than these cannot be told apart; the violins show all."""


class Html:
    """The form ``html``."""

    name = "html"
    ending = ".html"

    def render(self, result: Result) -> str:
        """The whole page.

        Raises:
            MissingExtra: matplotlib is not installed.
        """
        return page("fer-bench: " + _title(result), list(_body(result)), style=STYLE)


def _title(result: Result) -> str:
    names = list(dict.fromkeys(record.name for record in result.records))
    return names[0] if len(names) == 1 else f"{len(names)} variants"


def _body(result: Result) -> Iterator[str]:
    found = rows(result)
    yield paragraph(caption(result))
    if result.reasons:
        yield warning(
            "Not to be trusted as it stands. " + " ".join(_sentence(line) for line in doubts(result))
        )
    columns = shown(found)
    yield grid(
        [column.header for column in columns],
        [[column.cell(row) for column in columns] for row in found],
        right=[column.header for column in columns if column.right],
    )
    yield from (note(line) for line in sources(found))
    yield from _distributions(result)
    yield from _tradeoff(found)
    yield from _roofline(found)
    yield from _drift(result)
    yield heading("Environment")
    yield grid(["what", "value"], [[name, value] for name, value in _flat(result.environment)])
    if result.bundle_sha256:
        yield note(f"Bundle {result.bundle_sha256}")


def _distributions(result: Result) -> Iterator[str]:
    stage = next((name for name in SHOWN_STAGES if result.stage(name)), None)
    if stage is None:
        return
    records = result.stage(stage)
    yield heading("Distribution")
    yield picture(
        charts.distributions(records),
        f"Every sample of the stage {stage}, a violin a variant; the ring is the median.",
    )
    if len(records) <= MOST_CURVES:
        yield picture(charts.cumulative(records), "The share of calls that were done after a time.")


def _tradeoff(found: list[Row]) -> Iterator[str]:
    known = [
        row
        for row in found
        if "inference" in row.stages and row.artifact and row.artifact.accuracy is not None
    ]
    yield heading("Latency, accuracy, size")
    if not known:
        yield paragraph(
            "The manifest proves no accuracy; fer-export --accuracy FOLDER writes it, and this picture appears."
        )
        return
    yield picture(
        charts.pareto(known),
        "Median inference against the accuracy that the manifest proves; area: file size. The line joins what no other "
        "variant beats in both.",
    )


def _roofline(found: list[Row]) -> Iterator[str]:
    counted = [row for row in found if row.roofline]
    if not counted:
        return
    yield heading("How near to the machine's limit")
    yield grid(
        ["variant", "threads", "MMACs", "weights MB", "of peak", "what it means"],
        [_roofline_cells(row) for row in counted],
        right=["threads", "MMACs", "weights MB", "of peak"],
    )


def _roofline_cells(row: Row) -> list[str]:
    values = row.roofline
    return [
        row.name,
        str(row.threads),
        _scaled(values.get("macs"), 1e6, 1),
        _scaled(values.get("weight_bytes"), 1e6, 2),
        _scaled(values.get("percent_of_peak"), 1, 1, " %"),
        str(values.get("sentence", "")),
    ]


def _scaled(value: object, unit: float, decimals: int, word: str = "") -> str:
    return f"{value / unit:.{decimals}f}{word}" if isinstance(value, int | float) else "-"


def _drift(result: Result) -> Iterator[str]:
    records = charts.timed(result, "inference")
    if not records:
        return
    yield heading("Over the run")
    yield picture(
        charts.drift(records),
        "Each point is a turn of one process: its median against its variant's median. A machine that slows down rises "
        "to the right.",
    )


def _flat(environment: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Members of members as ``outer.inner``."""
    for name, value in environment.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            text = ", ".join(str(item) for item in value) if isinstance(value, list | tuple) else str(value)
            yield f"{prefix}{name}", text


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


HTML = Html()
