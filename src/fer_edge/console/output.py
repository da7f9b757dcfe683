"""The output of a command: results to standard output, messages and progress to standard error."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, TextIO

from fer_edge.console.progress import Progress, progress_bar

GREEN, RED, YELLOW, PLAIN = "\x1b[32m", "\x1b[31m", "\x1b[33m", "\x1b[0m"
VERDICTS = {
    "pass": GREEN, "trusted": GREEN, "written": GREEN, "better": GREEN,
    "fail": RED, "failed": RED, "UNTRUSTED": RED, "worse": RED,
    "not-run": YELLOW, "skipped": YELLOW, "left out": YELLOW, "missing": YELLOW,
}  # fmt: skip
"""Words that are colored where one begins a cell of a table, or follows a comma in it."""

# Cells stand two spaces apart or at a line's end; sentences have single spaces, so their words stay as they are.
_CELL = re.compile(rf"(?m)(^|  |, weights )({'|'.join(VERDICTS)})(?=  |, weights|:|$)")


@dataclass(kw_only=True)
class Output:
    """The streams that a command writes to.

    Attributes:
        json: ``--json``: standard output carries one JSON document and nothing else.
        quiet: ``--quiet``: no messages and no progress; warnings and errors stay.
        debug: ``--debug``: tracebacks and Python's own warnings are shown.
        wide: ``--wide``: tables show every column, however narrow the terminal is.
        documents: how many results were written (at most one).
    """

    json: bool = False
    quiet: bool = False
    debug: bool = False
    wide: bool = False
    documents: int = 0

    def say(self, text: str) -> None:
        """Tell what happens, on standard error; nothing under ``--quiet``."""
        if not self.quiet:
            _write(sys.stderr, visible(text))

    def warn(self, text: str) -> None:
        """Tell what may be wrong, on standard error, under ``--quiet`` too."""
        _write(sys.stderr, visible(f"Warning: {text}"))

    def error(self, text: str) -> None:
        """Tell why the command stops, on standard error."""
        _write(sys.stderr, visible(f"Error: {text}"))

    def result(self, document: Mapping[str, Any], text: str) -> None:
        """Write what the command was run for, once.

        Args:
            document: printed as JSON under ``--json``; finite numbers only.
            text: printed otherwise, such as a table; nothing if empty.

        Raises:
            RuntimeError: a second result, which would be a second JSON document.
        """
        if self.documents:
            raise RuntimeError("a command has one result")
        self.documents += 1
        if self.json:
            text = dump_json(document, getattr(sys.stdout, "encoding", None) or "ascii")
        elif takes_color(sys.stdout):
            text = paint(text)
        if text:
            _write(sys.stdout, text)

    def progress(self, description: str, total: int | None = None) -> AbstractContextManager[Progress]:
        """A bar on standard error while the block runs, if that is a terminal.

        Args:
            description: what goes on, such as ``"Exporting"``.
            total: number of steps; None when unknown.

        Returns:
            A context manager; its value has ``advance(steps=1, note=None)``.
        """
        return progress_bar(description, total, shown=not self.quiet and is_terminal(sys.stderr))

    @property
    def width(self) -> int | None:
        """Columns of the terminal on standard output; None where lines need no limit (a file, a pipe, ``--wide``)."""
        if self.wide or not is_terminal(sys.stdout):
            return None
        import shutil  # brings the archive formats

        return shutil.get_terminal_size().columns


def is_terminal(stream: TextIO | None) -> bool:
    """True if a person watches the stream; a closed one is nobody's."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:
        return False


def paint(text: str) -> str:
    """The text with the verdicts of its tables in green, red and yellow; without color it says the same."""
    return _CELL.sub(lambda found: f"{found[1]}{VERDICTS[found[2]]}{found[2]}{PLAIN}", text)


def takes_color(stream: TextIO | None, environment: Mapping[str, str] = os.environ) -> bool:
    """True if output is colored: a terminal that can, and nobody has said no (https://no-color.org)."""
    return not environment.get("NO_COLOR") and environment.get("TERM") != "dumb" and is_terminal(stream)


def dump_json(document: Mapping[str, Any], encoding: str) -> str:
    """A document as text on one line, without a newline at the end.

    Args:
        document: finite numbers only.
        encoding: of the file or terminal. A file name that is no valid UTF-8, or a sign that the encoding lacks, must still
            give valid JSON: the whole text is escaped then.
    """
    text = json.dumps(document, ensure_ascii=False, allow_nan=False)
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return json.dumps(document, allow_nan=False)
    return text


def visible(text: str) -> str:
    """A file name must not command the terminal: escapes and the like become what Python writes for them."""
    return "".join(sign if sign.isprintable() or sign in "\n\t" else ascii(sign)[1:-1] for sign in text)


def _write(stream: TextIO | None, text: str) -> None:
    if stream is None:
        return
    encoding = getattr(stream, "encoding", None) or "ascii"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
    stream.flush()
