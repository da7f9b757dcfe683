"""Marks for ``Annotated``: what a field's type alone does not say. The table stands in the package's docstring."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable
from typing import Annotated, Any, NamedTuple


class Range(NamedTuple):
    """Bounds of a number.

    Attributes:
        least: the smallest allowed.
        most: the largest allowed.
        above: what it must be larger than.
        below: what it must be smaller than.
        words: what is allowed, where figures say it badly.
    """

    least: float | None = None
    most: float | None = None
    above: float | None = None
    below: float | None = None
    words: str | None = None

    def holds(self, value: float) -> bool:
        """True for a number within."""
        return (
            (self.least is None or value >= self.least)
            and (self.most is None or value <= self.most)
            and (self.above is None or value > self.above)
            and (self.below is None or value < self.below)
        )


class Length(NamedTuple):
    """Bounds of a text's characters or a list's entries, both included."""

    least: int
    most: int


class Choice:
    """The allowed words or integers, in the order to show."""

    def __init__(self, *words: str | int) -> None:
        self.words = words


class Pattern(NamedTuple):
    """A regular expression that the whole text matches, and what that is in words."""

    expression: str
    words: str

    def holds(self, value: str) -> bool:
        """True for a text that matches."""
        return re.fullmatch(self.expression, value) is not None


class Rule(NamedTuple):
    """A test of one value, and what it allows in words."""

    test: Callable[[Any], bool]
    words: str

    def holds(self, value: Any) -> bool:
        """True for a value that passes."""
        return self.test(value)


class Unique(NamedTuple):
    """Texts of a list, none of them twice; ``name`` says what one of them is."""

    name: str


class Since(NamedTuple):
    """The first version of the document that has the member."""

    version: int


class Tag(NamedTuple):
    """The word of the document itself: ``<kind>/<version>``, with the version of the document."""

    kind: str


class Rounded(NamedTuple):
    """Digits after the point that the writer keeps."""

    digits: int


class Mark(enum.Enum):
    """Marks without values."""

    OPTIONAL = enum.auto()
    OMITTED = enum.auto()
    UNSTORED = enum.auto()
    SORTED = enum.auto()
    AS_ARRAY = enum.auto()


OPTIONAL, OMITTED, UNSTORED, SORTED, AS_ARRAY = Mark

Sha256 = Annotated[str, Pattern("[0-9a-f]{64}", "a SHA-256 of 64 lower-case hexadecimal digits")]
