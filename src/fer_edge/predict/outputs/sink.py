"""The protocol of an output, and what it is told when it is opened."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from fer_edge.predict.result import PictureResult, Pixels
from fer_edge.predict.sources.picture import SourcePicture

if TYPE_CHECKING:
    from fer_edge.console.output import Output
    from fer_edge.runtime.model import Model


@dataclass(frozen=True, slots=True)
class SinkRequest:
    """An output that is asked for.

    Attributes:
        place: the option's value: a file or folder, ``-`` for standard output; empty for a switch.
        pictures: those of all sources that can be listed before, in order; frames of videos are not.
        streams: the other sources, as typed: videos and cameras, whose frames nobody can list.
        threshold: 0..1; each emotion that reaches it is named.
        probabilities: whether the whole distribution of each face is wanted.
        resume: whether to go on with what an earlier run left at ``place``, instead of beginning anew.
        model: names the emotions; its contract, variant and path tell which it is.
        output: the command's streams.
        settings: the other choices that answers depend on, by name, such as the detector: what was stored under others is not
            taken for these.
        live: whether a source goes on until somebody ends it.
        label_by: how ``--crops`` are sorted; None: not.
    """

    place: str
    pictures: Sequence[SourcePicture]
    streams: Sequence[str]
    threshold: float
    probabilities: bool
    resume: bool
    model: Model
    output: Output
    settings: Mapping[str, str] = field(default_factory=dict)
    live: bool = False
    label_by: str | None = None


class Sink(ABC):
    """One output. ``write`` is called for each result, failed ones too, in the order of the pictures."""

    in_worker: ClassVar[bool] = False
    """Whether ``write`` touches nothing but files of that one picture, so that worker processes may call it on a copy of this
    object, in any order. What needs the pixels of many pictures should be so: pixels do not travel between processes."""
    hashing: ClassVar[bool] = False
    """Whether results shall have ``sha256``."""
    remembers: ClassVar[bool] = False
    """Whether it has ``recall``."""
    prints: bool = False
    """Whether it writes to standard output, where nothing else is printed then."""
    is_over: bool = False
    """Whether somebody asked for the end: the run ends as if the sources had."""

    @abstractmethod
    def write(self, result: PictureResult, pixels: Pixels) -> None:
        """Take one result.

        Args:
            result: of one picture, or of one frame.
            pixels: of the picture, asked for only if needed and only if the result has no failure; where ``in_worker`` is
                False, asking makes the picture be decoded again.

        Raises:
            FerEdgeError: it cannot be written; the command stops.
        """

    def describe(self, result: PictureResult) -> str:  # noqa: ARG002
        """One line about what ``write`` did, for people; empty: nothing to tell. Called in the main process."""
        return ""

    def recall(self, picture: SourcePicture, sha256: str) -> PictureResult | None:  # noqa: ARG002
        """What an earlier run left here of this content, by the same model, variant and settings.

        Under ``--resume`` the picture is not looked at again then: every output is given this result in its turn, this one too, so
        that all of them end as if the run had never been stopped. It may be asked before earlier pictures are answered.

        Args:
            picture: of this run.
            sha256: of its file's bytes.

        Returns:
            The result with this ``picture``; None: look at it.
        """
        return None

    def finish(self) -> None:  # noqa: B027 - most have nothing to do
        """Write what is written at the end. Called only if every picture was looked at."""

    def close(self) -> None:  # noqa: B027 - most hold nothing
        """Let go of files. Called last whatever happened, after Ctrl-C too: what was written stays whole."""


OpenSink = Callable[[SinkRequest], Sink]
"""Opens an output; raises ``FerEdgeError`` where it cannot be written, before any picture is looked at."""
