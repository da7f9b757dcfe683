"""``.html``: one page with the table, the distributions, the trade-off and the drift; nothing outside of it is needed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fer_edge.bench.reports import charts
from fer_edge.bench.reports.table import caption, environment_line, lay_out, list_sources
from fer_edge.bench.results.doubts import list_doubts
from fer_edge.bench.results.records import Result
from fer_edge.bench.results.summary import Row, list_rows
from fer_edge.console.html import grid, heading, note, page, paragraph, picture, warnings

STYLE = """
body { max-width: none; padding-inline: clamp(.7rem, 2vw, 2.5rem); } p, figcaption { max-width: 60rem; }
th, td { padding: .25rem .5rem; }
.pictures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 34rem), 1fr)); gap: 1rem; align-items: start; }
.pictures figure { margin: .4rem 0; } img { width: 100%; max-width: 62rem; }
.main td:first-child, .main th:first-child { position: sticky; left: 0; background: var(--paper); font-weight: 600; }
.main td:nth-child(2) { font-weight: 600; } .main td:last-child { white-space: nowrap; }
@media (max-width: 40rem) { body { font-size: 15px; } h1 { font-size: 1.3rem; } th, td { padding: .2rem .4rem; } }
@media (prefers-color-scheme: dark) { img { filter: invert(.9) hue-rotate(180deg); border-color: #d0c8bd; } }
"""
"""The whole width for a table of many columns; charts are light pictures, and dark mode turns their lightness over."""
FIRST = ("variant", "inference ms", "figures", "95 %")
"""Columns that a reader looks for: they come first, so that a narrow screen shows them."""
SHOWN_STAGES = ("inference", "whole", "camera")
MOST_CURVES = 8
"""More cumulative curves than these cannot be told apart; the violins show all."""


def render(result: Result) -> str:
    """The whole page; raises ``MissingExtra`` where matplotlib is not installed."""
    return page("fer-bench: " + _title(result), list(_body(result)), style=STYLE)


def _title(result: Result) -> str:
    names = list(dict.fromkeys(record.name for record in result.records))
    return names[0] if len(names) == 1 else f"{len(names)} variants"


def _body(result: Result) -> Iterator[str]:
    found = list_rows(result)
    yield paragraph(environment_line(result.environment))
    yield from (note(text) for text in (_versions(result.environment),) if text)
    if result.reasons:
        yield warnings("Not to be trusted as it stands", [_sentence(line) for line in list_doubts(result)])
    table = lay_out(found, FIRST)
    yield f'<div class="main">{grid(table.headers, table.cells, right=table.right)}</div>'
    yield note(caption(result))
    yield from (note(line) for line in list_sources(found))
    yield from _distributions(result)
    yield from _tradeoff(found)
    yield from _roofline(found)
    yield from _drift(result)
    yield heading("Environment")
    yield grid(["what", "value"], [[name, value] for name, value in _flat(result.environment)])
    if result.bundle_sha256:
        yield note(f"Bundle {result.bundle_sha256}")


def _versions(environment: Mapping[str, Any]) -> str:
    libraries = environment.get("libraries")
    return (
        ", ".join(f"{name} {number}" for name, number in libraries.items())
        if isinstance(libraries, Mapping)
        else ""
    )


def _distributions(result: Result) -> Iterator[str]:
    stage = next((name for name in SHOWN_STAGES if result.stage(name)), None)
    if stage is None:
        return
    records = result.stage(stage)
    yield heading("Distribution")
    violins = f"Every sample of the stage {stage}, a violin a variant; the ring is the median."
    pictures = [picture(charts.distributions(records), violins)]
    if len(records) <= MOST_CURVES:
        pictures.append(
            picture(charts.cumulative(records), "The share of calls that were done after a time.")
        )
    yield f'<div class="pictures">{"".join(pictures)}</div>'


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
