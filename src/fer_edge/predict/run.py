"""A run over all pictures of all sources: each is recognized and given to every output; one bad picture does not stop it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain, groupby
from typing import TYPE_CHECKING

from fer_edge.console.output import Output
from fer_edge.predict.outputs.sink import Sink
from fer_edge.predict.recognition import FindFaces, content_of, pixels_of, recognize_picture
from fer_edge.predict.result import Failure, PictureResult, Pixels
from fer_edge.predict.sources.picture import SourcePicture, content_sha256
from fer_edge.predict.sources.source import Source
from fer_edge.predict.stream import StreamOptions, StreamRecognizer
from fer_edge.runtime.errors import PictureError
from fer_edge.runtime.model import Model

if TYPE_CHECKING:
    from fer_edge.predict.batch.batch import Batch

MOST_LINES = 12
"""Lines about what was written."""


@dataclass(frozen=True, slots=True)
class Recognizer:
    """What recognizes pictures: how faces are found, and the model that names their emotions."""

    find: FindFaces
    model: Model
    hashing: bool = False
    stream: StreamOptions = field(default_factory=StreamOptions)

    def begin(self, source: Source) -> Callable[[SourcePicture], tuple[PictureResult, Pixels]]:
        """What looks at the pictures of one source, in their order."""
        if source.is_stream:
            return StreamRecognizer(self.find, self.model, self.stream)
        return partial(recognize_picture, find=self.find, model=self.model, hashing=self.hashing)


@dataclass(slots=True)
class Tally:
    """How many pictures were looked at, and why some have no result.

    Attributes:
        total: pictures.
        recalled: those of them that an earlier run had answered.
        failures: in the order of the pictures.
    """

    total: int = 0
    recalled: int = 0
    failures: list[Failure] = field(default_factory=list)

    def count(self, result: PictureResult) -> None:
        """One more."""
        self.total += 1
        if result.failure is not None:
            self.failures.append(result.failure)


@dataclass(frozen=True, slots=True)
class _Item:
    """A picture, and what outputs of an earlier run know of it."""

    picture: SourcePicture
    known: PictureResult | None = None


class Run:
    """One run.

    Args:
        recognizer: looks at the pictures, unless ``batch`` does.
        sinks: get the results.
        output: of the command.
        batch: worker processes, begun with the sinks that are ``in_worker``; None: this process does all.
        resume: take from the sinks what an earlier run left.
    """

    def __init__(
        self,
        recognizer: Recognizer,
        sinks: Sequence[Sink],
        output: Output,
        *,
        batch: Batch | None = None,
        resume: bool = False,
    ) -> None:
        self._recognizer, self._sinks, self._output = recognizer, sinks, output
        self._batch, self._resume = batch, resume
        self._said: list[str] = []
        self._tally = Tally()

    def look_at(self, sources: Sequence[Source]) -> Tally:
        """Look at all pictures and finish the outputs.

        Returns:
            How many there were, and what failed.

        Raises:
            FerEdgeError: an output cannot be written.
        """
        totals = [source.total for source in sources]
        total = None if None in totals else sum(filter(None, totals))
        with self._output.progress("Looking at pictures", total) as progress:
            for result, pixels, by_worker in self._results(sources):
                self._give(result, pixels, by_worker=by_worker)
                progress.advance()
                if any(sink.is_over for sink in self._sinks):
                    break
        for sink in self._sinks:
            sink.finish()
        self._tell()
        return self._tally

    def _results(self, sources: Sequence[Source]) -> Iterator[tuple[PictureResult, Pixels, bool]]:
        """Each result with its pixels, and whether a worker found it. A thousand files are as many sources, and one batch."""
        for is_stream, group in groupby(sources, key=lambda source: source.is_stream):
            if self._batch is None or is_stream:
                for source in group:
                    yield from ((*found, False) for found in self._alone(source))
            else:
                items = map(self._recall, chain.from_iterable(group))
                yield from ((*found, True) for found in self._by_workers(items, self._batch))

    def _alone(self, source: Source) -> Iterator[tuple[PictureResult, Pixels]]:
        recognize = self._recognizer.begin(source)
        for item in map(self._recall, source):
            if item.known is None:
                yield recognize(item.picture)
            else:
                yield item.known, pixels_of(item.picture)

    def _by_workers(self, items: Iterable[_Item], batch: Batch) -> Iterator[tuple[PictureResult, Pixels]]:
        from fer_edge.predict.batch.worker import Task

        theirs = [sink for sink in self._sinks if sink.in_worker]
        underway = deque[_Item]()

        def tasks() -> Iterator[Task | PictureResult]:
            for item in items:
                underway.append(item)
                yield item.known if item.known and not theirs else Task(item.picture, item.known)

        for result in batch.results(tasks()):
            item = underway.popleft()
            yield result, pixels_of(item.picture)

    def _recall(self, picture: SourcePicture) -> _Item:
        """What an earlier run left of this picture's content; of frames and of what cannot be read nothing."""
        if not self._resume or picture.pixels is not None:
            return _Item(picture)
        try:
            content = content_of(picture)
            if isinstance(content, bytes):  # what was fetched is not fetched again
                picture = replace(picture, data=content, fetch=None)
            sha256 = "" if content is None else content_sha256(content)
        except (PictureError, OSError):
            return _Item(picture)
        recalled = (sink.recall(picture, sha256) for sink in self._sinks)
        known = next((known for known in recalled if known), None)
        self._tally.recalled += known is not None
        return _Item(picture, known)

    def _give(self, result: PictureResult, pixels: Pixels, *, by_worker: bool) -> None:
        for sink in self._sinks:
            if not (by_worker and sink.in_worker):
                sink.write(result, pixels)
            line = sink.describe(result)
            if line and len(self._said) <= MOST_LINES:
                self._said.append(line)
        if result.note:
            self._output.say(result.note)
        self._tally.count(result)

    def _tell(self) -> None:
        for line in self._said[:MOST_LINES]:
            self._output.say(line)
        if len(self._said) > MOST_LINES:
            self._output.say("... and so on")
        if self._resume:
            self._output.say(f"{self._tally.recalled} of {self._tally.total} had been answered before")
