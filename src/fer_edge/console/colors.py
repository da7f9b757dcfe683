"""Verdicts in color, where a person watches: green, red, yellow. What a table says stays the same without it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import TextIO

GREEN, RED, YELLOW, PLAIN = "\x1b[32m", "\x1b[31m", "\x1b[33m", "\x1b[0m"
VERDICTS = {
    "pass": GREEN, "trusted": GREEN, "written": GREEN, "better": GREEN,
    "fail": RED, "failed": RED, "UNTRUSTED": RED, "worse": RED,
    "not-run": YELLOW, "skipped": YELLOW, "left out": YELLOW, "missing": YELLOW,
}  # fmt: skip
"""Words that are colored where one begins a cell of a table, or follows a comma in it."""

# Cells stand two spaces apart or at a line's end; sentences have single spaces, so their words stay as they are.
_CELL = re.compile(rf"(?m)(^|  |, weights )({'|'.join(VERDICTS)})(?=  |, weights|:|$)")


def paint(text: str) -> str:
    """The text with the verdicts of its tables in color."""
    return _CELL.sub(lambda found: f"{found[1]}{VERDICTS[found[2]]}{found[2]}{PLAIN}", text)


def wanted(stream: TextIO | None, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether to color: a terminal that can, and nobody has said no (https://no-color.org)."""
    if environment.get("NO_COLOR") or environment.get("TERM") == "dumb":
        return False
    try:
        return stream is not None and stream.isatty()
    except ValueError:
        return False
