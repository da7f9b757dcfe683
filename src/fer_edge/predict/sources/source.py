"""The protocol of a source, and of a kind of sources."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from fer_edge.predict.sources.picture import SourcePicture


@dataclass(slots=True)
class SourceOptions:
    """The options of sources, and what is noted while they are opened.

    Attributes:
        left_out: receives how many files of folders are no pictures, by ending or reason.
        standard_input_opened: whether a source has taken it.
        every_nanos: of videos and cameras one frame in each span of so many nanoseconds; 0: every frame.
        videos: those that were opened.
    """

    left_out: Counter[str] = field(default_factory=Counter)
    standard_input_opened: bool = False
    every_nanos: int = 0
    videos: list[str] = field(default_factory=list)


class Source(Protocol):
    """One opened source: known to be there, its pictures not yet looked at."""

    @property
    def known(self) -> Sequence[SourcePicture]:
        """The pictures, where they can be listed before; empty for a stream of frames."""

    @property
    def total(self) -> int | None:
        """How many there are; None where nobody knows."""

    @property
    def is_stream(self) -> bool:
        """Whether its pictures are frames that follow each other in time, so that faces can be followed."""

    @property
    def is_live(self) -> bool:
        """Whether it goes on until somebody ends it, so that results cannot wait for its end."""

    def __iter__(self) -> Iterator[SourcePicture]:
        """The pictures in order, each when it is asked for."""


class SourceKind(Protocol):
    """A kind of sources. A module-level object of this shape in its own file, and a line in ``KINDS``."""

    name: str
    """In messages, such as ``picture files and folders of them``."""

    def recognizes(self, text: str, found: str) -> bool:
        """Whether a source is of this kind.

        Args:
            text: as typed.
            found: ``file``, ``folder``, ``other`` or ``absent``: what lies at that path.
        """

    def open(self, text: str, options: SourceOptions) -> Source:
        """Open a source that is of this kind.

        Raises:
            FerEdgeError: it is not there, holds nothing, or cannot be opened; the sentence says what is there.
        """


@dataclass(frozen=True, slots=True)
class Pictures:
    """A source whose pictures are listed."""

    known: Sequence[SourcePicture]
    is_stream: bool = False
    is_live: bool = False

    @property
    def total(self) -> int:
        """How many."""
        return len(self.known)

    def __iter__(self) -> Iterator[SourcePicture]:
        """In order."""
        return iter(self.known)
