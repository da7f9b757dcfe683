"""The form of a result as a file: by the ending of ``--out``."""

from __future__ import annotations

from typing import Protocol

from fer_edge.bench.results.records import Result


class Report(Protocol):
    """One form. A module-level object of this shape in its own file, and a line in ``REPORTS``."""

    name: str
    """Such as ``json``."""
    ending: str
    """Of the files it is chosen for, such as ``.json``."""

    def render(self, result: Result) -> str | bytes:
        """The whole file.

        Raises:
            MissingExtra: a library that draws it is not installed.
        """
