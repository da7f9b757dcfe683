"""``.html``: one page with the table, the distributions, the trade-off and the drift; nothing outside of it is needed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fer_edge.bench.reports import charts
from fer_edge.bench.reports.table import caption, environment_line, lay_out, list_sources
from fer_edge.bench.results.doubts import list_doubts
from fer_edge.bench.results.records import Result
from fer_edge.bench.results.summary import Row, list_rows
from fer_edge.console import rendering

FIRST = ("variant", "inference ms", "figures", "95 %")
"""Columns that a reader looks for: they come first, so that a narrow screen shows them."""
ROOFLINE = ("variant", "threads", "MMACs", "weights MB", "of peak", "what it means")
SHOWN_STAGES = ("inference", "whole", "camera")
MOST_CURVES = 8
"""More cumulative curves than these cannot be told apart; the violins show all."""


def render(result: Result) -> str:
    """The whole page; raises ``MissingExtra`` where matplotlib or Jinja2 is not installed."""
    found = list_rows(result)
    table = lay_out(found, FIRST)
    drifting = charts.pick_timed(result, "inference")
    return rendering.render(
        "fer_edge.bench.reports",
        "bench.html.j2",
        title="fer-bench: " + _title(result),
        full_width=True,
        environment_line=environment_line(result.environment),
        versions=_versions(result.environment),
        doubts=[_sentence(line) for line in list_doubts(result)] if result.reasons else [],
        headers=table.headers,
        rows=table.cells,
        right=table.right,
        caption=caption(result),
        sources=list(list_sources(found)),
        distributions=list(_distributions(result)),
        tradeoff=_tradeoff(found),
        drift=charts.drift(drifting) if drifting else None,
        roofline_headers=ROOFLINE,
        roofline=[_roofline_cells(row) for row in found if row.roofline],
        environment=list(_flat(result.environment)),
        bundle_sha256=result.bundle_sha256,
    )


def _title(result: Result) -> str:
    names = list(dict.fromkeys(record.name for record in result.records))
    return names[0] if len(names) == 1 else f"{len(names)} variants"


def _versions(environment: Mapping[str, Any]) -> str:
    libraries = environment.get("libraries")
    return (
        ", ".join(f"{name} {number}" for name, number in libraries.items())
        if isinstance(libraries, Mapping)
        else ""
    )


def _distributions(result: Result) -> Iterator[tuple[str, bytes, str]]:
    """Title, picture and caption of each chart of the samples."""
    stage = next((name for name in SHOWN_STAGES if result.stage(name)), None)
    if stage is None:
        return
    records = result.stage(stage)
    violins = f"Every sample of the stage {stage}, a violin a variant; the ring is the median."
    yield "Distribution", charts.distributions(records), violins
    if len(records) <= MOST_CURVES:
        yield "Cumulative", charts.cumulative(records), "The share of calls that were done after a time."


def _tradeoff(found: list[Row]) -> bytes | None:
    """None where no accuracy was proven."""
    known = [
        row
        for row in found
        if "inference" in row.stages and row.artifact and row.artifact.accuracy is not None
    ]
    return charts.pareto(known) if known else None


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
