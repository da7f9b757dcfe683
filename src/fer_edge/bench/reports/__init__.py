"""Forms of a result as a file, one module each with ``render(result)``, and a line in ``REPORTS``."""

from __future__ import annotations

import importlib
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from fer_edge.bench.results.records import Result
from fer_edge.console.command import usage_error
from fer_edge.runtime.atomic import write_bytes
from fer_edge.runtime.errors import FerEdgeError
from fer_edge.runtime.extras import need

Render = Callable[[Result], str | bytes]
"""The whole file of a result; raises ``MissingExtra`` where a library that draws it is not installed."""
REPORTS = {
    ".json": "fer_edge.bench.reports.json",
    ".csv": "fer_edge.bench.reports.csv",
    ".md": "fer_edge.bench.reports.markdown",
    ".html": "fer_edge.bench.reports.html",
}
"""Ending of ``--out`` -> module, imported when it is chosen."""


def check_libraries(paths: Sequence[str]) -> None:
    """Ask for what figures and these files will need, before a minute is spent.

    Raises:
        MissingExtra: a library is not installed.
    """
    need("bench", "scipy")
    if any(Path(path).suffix.lower() == ".html" for path in paths):
        need("bench", "matplotlib", "jinja2")


def find_report(path: str | Path) -> Render:
    """The form for a file, by its ending.

    Raises:
        click.UsageError: no form has that ending.
    """
    ending = Path(path).suffix.lower()
    if ending not in REPORTS:
        usage_error(f"--out {path}: no form for the ending {ending!r}; allowed: {', '.join(REPORTS)}")
    found: Render = importlib.import_module(REPORTS[ending]).render
    return found


def check_outputs(paths: Sequence[str]) -> None:
    """Refuse, before a minute is spent, what cannot be written in the end.

    Raises:
        click.UsageError: no form has a file's ending.
        FerEdgeError: its folder is missing or not writable, or it is itself a folder.
    """
    for path in paths:
        find_report(path)
        place = Path(path)
        if place.is_dir():
            raise FerEdgeError(
                f"cannot write {place}: it is a folder; name a file in it, such as {place / 'results.json'}"
            )
        try:
            descriptor, probe = tempfile.mkstemp(prefix=".fer-bench-", dir=place.parent)
        except OSError as error:
            raise FerEdgeError(f"cannot write {place}: {error.strerror or error}") from None
        os.close(descriptor)
        Path(probe).unlink()


def write_report(path: str, result: Result) -> None:
    """Write a file in one step.

    Raises:
        FerEdgeError: it cannot be drawn or written.
    """
    content = find_report(path)(result)
    write_bytes(path, content.encode("utf-8") if isinstance(content, str) else content)
