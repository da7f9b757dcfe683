"""``.csv``: one line a row and stage, numbers in seconds and bytes, for a spreadsheet or pandas."""

from __future__ import annotations

import csv
import io

from fer_edge.bench.results.records import Result
from fer_edge.bench.results.summary import Row, Stage, list_rows

HEADER = (
    "name", "variant", "engine", "threads", "stage", "count", "processes", "median_seconds", "median_low", "median_high",
    "mean_seconds", "deviation_seconds", "p90_seconds", "p90_low", "p90_high", "p99_seconds", "p99_low", "p99_high",
    "fastest_seconds", "slowest_seconds", "size_bytes", "peak_memory_bytes", "steady_memory_bytes", "energy_joules",
    "accuracy", "parity", "trusted", "reasons",
)  # fmt: skip


def render(result: Result) -> str:
    """RFC 4180 with a header line; a figure that the samples do not carry is an empty cell."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    for row in list_rows(result):
        for name, stage in row.stages.items():
            writer.writerow(["" if value is None else value for value in _cells(row, name, stage)])
    return text.getvalue()


def _cells(row: Row, name: str, stage: Stage) -> list[object]:
    quantiles = [value for found in (stage.p90, stage.p99) for value in (found.value, found.low, found.high)]
    facts = row.artifact
    return [
        *(row.name, row.variant, row.engine, row.threads, name, stage.count, stage.processes),
        *(stage.middle, stage.median.low, stage.median.high, stage.mean, stage.deviation, *quantiles),
        *(stage.fastest, stage.slowest),
        *((facts.bytes, facts.most_peak_memory, facts.most_steady_memory) if facts else (None,) * 3),
        *((facts.energy_joules, facts.accuracy, facts.parity) if facts else (None,) * 3),
        *(str(stage.trusted).lower(), " | ".join(stage.reasons)),
    ]
