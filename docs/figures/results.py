"""What the studies stored: documents by name, and rows of them."""

from __future__ import annotations

import csv
import json
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "benchmarks" / "results"
PACKAGE = ROOT / "src" / "fer_edge"
ELSEWHERE = {
    "fer-mini.training": PACKAGE / "train" / "weights" / "fer-mini.training.json",
    "support": PACKAGE / "export" / "supported" / "table.json",
}
"""Results that are kept beside what they are about."""


@dataclass(frozen=True)
class Results:
    """The stored results, as a page sees them.

    Attributes:
        page_folder: of the page that gets the table; links start there.
    """

    page_folder: Path

    def __getitem__(self, name: str) -> Any:
        """The document ``benchmarks/results/<name>.json``."""
        return _document(name)

    def has(self, name: str) -> bool:
        """Whether the study's result is stored."""
        return _path(name).is_file()

    def row(self, document: str, key: str, /, **wanted: object) -> Any:
        """The one row of ``document[key]`` whose members are these."""
        (found,) = (
            row
            for row in self[document][key]
            if all(row.get(member) == value for member, value in wanted.items())
        )
        return found

    def table(self, name: str) -> list[dict[str, str]]:
        """The rows of ``benchmarks/results/<name>.csv``."""
        with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def link(self, name: str) -> str:
        """A link to the document."""
        return f"[{name}]({os.path.relpath(_path(name), self.page_folder)})"

    def load(self, name: str) -> str:
        """Processes that waited or ran when the study began: how busy the machine was besides."""
        document = self[name]
        load = document.get("machine", {}).get("load_average_1min", document.get("load_before"))
        return "" if load is None else f"{load:.1f}"


def _path(name: str) -> Path:
    return ELSEWHERE.get(name, FOLDER / f"{name}.json")


@cache
def _document(name: str) -> Any:
    return json.loads(_path(name).read_text(encoding="utf-8"))
