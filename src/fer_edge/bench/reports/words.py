"""Sentences that stand below a table in every form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fer_edge.bench.results.records import Result

SHOWN = ("cpu", "cpus", "governor", "frequency_mhz", "load_average_1min", "system", "python")
"""Members of ``environment`` that a line names, in this order, where they are there and plain."""


def caption(result: Result) -> str:
    """How the figures came about, and how to read them."""
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
    """What the figures were taken on, in one line."""
    parts = [
        f"{name.replace('_', ' ')} {environment[name]}"
        for name in SHOWN
        if isinstance(environment.get(name), str | int | float)
    ]
    return ", ".join(parts) or "environment not recorded"
