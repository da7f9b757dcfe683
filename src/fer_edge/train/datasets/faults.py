"""Faults of a data set, collected and said at once."""

from __future__ import annotations

from fer_edge.runtime.errors import DataError

SHOWN = 20
"""Faults of each kind that a message writes out; a training writes all of them to ``LISTING``."""
LISTING = "faults.txt"
"""File in ``--out``: a line a fault, those that were left out of the data under ``faulty=drop`` too."""
LONGEST = 300
"""Characters of a fault in a message: names come from files."""

KINDS: dict[str, str] = {
    "missing": "missing files",
    "hash": "wrong hashes",
    "row": "malformed rows",
    "table": "malformed rows",
    "match": "tables that do not belong together",
    "name": "names that do not fit the layout",
    "image": "unreadable images",
    "class": "empty classes",
    "person": "persons in two splits",
    "twice": "images in two splits",
}
"""Kind of fault -> how the message calls it, in the order of the message."""


DROPPABLE = ("missing", "row", "name", "image")
"""Kinds that concern one face each, which the rest can do without."""


class FaultyData(DataError):
    """A data set with faults.

    Attributes:
        lines: all of them, one each.
    """

    def __init__(self, message: str, lines: list[str]) -> None:
        super().__init__(message)
        self.lines = lines


class Faults:
    """The faults of one data set.

    Args:
        where: what the message calls the data.
    """

    def __init__(self, where: str) -> None:
        self.where = where
        self._found: dict[str, list[str]] = {kind: [] for kind in KINDS}

    def add(self, kind: str, text: str) -> None:
        """Note one, of a kind out of ``KINDS``."""
        self._found[kind].append(text)

    def count(self, *kinds: str) -> int:
        """The number of these kinds; without any: of all."""
        return sum(len(self._found[kind]) for kind in kinds or KINDS)

    def lines(self, *kinds: str) -> list[str]:
        """All faults of these kinds, one a line; without any kind: all there are."""
        return [f"{KINDS[kind]}: {text}" for kind in kinds or KINDS for text in self._found[kind]]

    def forgive(self) -> tuple[str, list[str]]:
        """Forget the faults that concern single faces, since those are left out.

        Returns:
            A sentence with their numbers, "" if there are none; and all of them, one a line.
        """
        counts = [f"{self.count(kind)} {KINDS[kind]}" for kind in DROPPABLE if self.count(kind)]
        lines = self.lines(*DROPPABLE)
        for kind in DROPPABLE:
            self._found[kind] = []
        return (f"faulty faces are left out: {', '.join(counts)}" if counts else ""), lines

    def check(self) -> None:
        """Go on if nothing is wrong.

        Raises:
            FaultyData: something is; every kind with its number and its first ``SHOWN`` faults.
        """
        if not self.count():
            return
        many = "s" if self.count() > 1 else ""
        lines = [f"{self.where} cannot be used: {self.count()} fault{many}."]
        for kind, found in self._found.items():
            if found:
                lines.append(f"  {KINDS[kind]} ({len(found)}):")
                lines += [f"    {text[:LONGEST]}" for text in found[:SHOWN]]
                lines += [f"    and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
        raise FaultyData("\n".join(lines), self.lines())
