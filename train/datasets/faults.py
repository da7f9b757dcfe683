"""Everything that is wrong with a data set, collected and said at once."""

from __future__ import annotations

from fer_edge.runtime.errors import DataError

SHOWN = 20
"""Faults of each kind that are written out; of the rest the number is said."""

KINDS: dict[str, str] = {
    "missing": "missing files",
    "hash": "wrong hashes",
    "row": "malformed rows",
    "name": "names that do not fit the layout",
    "image": "unreadable images",
    "class": "empty classes",
    "person": "persons in two splits",
    "twice": "images in two splits",
}
"""Kind of fault -> how the message calls it, in the order of the message."""


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
        """How many there are of these kinds; without any: of all."""
        return sum(len(self._found[kind]) for kind in kinds or KINDS)

    def check(self) -> None:
        """Go on if nothing is wrong.

        Raises:
            DataError: something is; every kind with its number and its first ``SHOWN`` faults.
        """
        if not self.count():
            return
        many = "s" if self.count() > 1 else ""
        lines = [f"{self.where} cannot be used: {self.count()} fault{many}."]
        for kind, found in self._found.items():
            if found:
                lines.append(f"  {KINDS[kind]} ({len(found)}):")
                lines += [f"    {text}" for text in found[:SHOWN]]
                lines += [f"    and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
        raise DataError("\n".join(lines))
