"""Pictures that stand in a data set more than once, by their content."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fer_edge.train.datasets.checks import ExaminedFace
from fer_edge.train.datasets.pictures import Entry
from fer_edge.train.datasets.splits import group_alike


@dataclass(frozen=True)
class Copy:
    """One of several faces that show the same picture.

    Attributes:
        split: that it stands in.
        label: its strongest class.
        entry: itself.
    """

    split: str
    label: str
    entry: Entry

    @property
    def text(self) -> str:
        """``train a/1.jpg (anger)``."""
        return f"{self.split} {self.entry.name} ({self.label})"


@dataclass(frozen=True)
class Repeat:
    """Faces that show the same picture.

    Attributes:
        copies: two or more.
    """

    copies: tuple[Copy, ...]

    @property
    def exact(self) -> bool:
        """Whether they are equal byte for byte, or only to the eye."""
        return len({copy.entry.digest for copy in self.copies}) == 1

    @property
    def apart(self) -> bool:
        """Whether they stand in different splits."""
        return len({copy.split for copy in self.copies}) > 1

    @property
    def contradicting(self) -> bool:
        """Whether they have different labels."""
        return len({copy.label for copy in self.copies}) > 1

    @property
    def text(self) -> str:
        """One line, all copies."""
        return f"{'same bytes' if self.exact else 'alike'}: {' = '.join(copy.text for copy in self.copies)}"


def repeated(seen: Mapping[str, Sequence[ExaminedFace]], space: Sequence[str]) -> list[Repeat]:
    """Groups of faces that show the same picture: equal bytes, or equal to the eye.

    Several faces of one picture, each with a box of its own, are no repetition.

    Args:
        seen: split -> its faces.
        space: what the places of a label mean.

    Returns:
        First those with different labels, then those in different splits, then the largest.
    """
    home = {each: split for split, found in seen.items() for each in found}
    groups = [
        Repeat(tuple(Copy(home[each], space[each.entry.emotion], each.entry) for each in group))
        for group in group_alike(list(home))
        if len(group) > 1
    ]
    found = [group for group in groups if not _one_picture(group)]
    return sorted(found, key=lambda group: (not group.contradicting, not group.apart, -len(group.copies)))


def _one_picture(group: Repeat) -> bool:
    boxes = {copy.entry.box for copy in group.copies}
    return group.exact and None not in boxes and len(boxes) == len(group.copies)
