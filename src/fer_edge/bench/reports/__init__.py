"""Forms of a result, one file each. A new one is a file with an object of the shape ``Report`` and a line in ``REPORTS``."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path

from fer_edge.bench.reports.report import Report
from fer_edge.console.command import usage_error
from fer_edge.runtime.extras import need

REPORTS: dict[str, str] = {
    ".json": "fer_edge.bench.reports.json:JSON",
    ".csv": "fer_edge.bench.reports.csv:CSV",
    ".md": "fer_edge.bench.reports.markdown:MARKDOWN",
    ".html": "fer_edge.bench.reports.html:HTML",
}
"""Ending of ``--out`` -> ``module:object``, imported when it is chosen."""

__all__ = ["REPORTS", "Report", "find_report", "need_for"]


def need_for(paths: Sequence[str]) -> None:
    """Ask for what figures and these files will need, before a minute is spent.

    Raises:
        MissingExtra: a library is not installed.
    """
    need("bench", "scipy")
    if any(Path(path).suffix.lower() == ".html" for path in paths):
        need("bench", "matplotlib")


def find_report(path: str | Path) -> Report:
    """The form for a file, by its ending.

    Raises:
        click.UsageError: no form has that ending.
    """
    ending = Path(path).suffix.lower()
    if ending not in REPORTS:
        usage_error(f"--out {path}: no form for the ending {ending!r}; allowed: {', '.join(REPORTS)}")
    module, _, attribute = REPORTS[ending].partition(":")
    found: Report = getattr(importlib.import_module(module), attribute)
    return found
