"""The report of one model."""

from __future__ import annotations

from pathlib import Path

from fer_edge.runtime.atomic import write_text
from fer_edge.train.report.outcome import Outcome

PAGE = "report.html"


def write(outcome: Outcome, folder: Path) -> Path:
    """See :func:`fer_edge.train.report.outcome.write_report`."""
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / PAGE, f"<!doctype html><title>{outcome.model}</title>\n")
    return folder / PAGE
