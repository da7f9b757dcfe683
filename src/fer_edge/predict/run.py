"""A run over all pictures of all sources: each is recognized and given to every output; one bad picture does not stop it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fer_edge.console.output import Output
from fer_edge.predict.outputs.sink import Sink
from fer_edge.predict.recognition import FindFaces, recognize_picture
from fer_edge.predict.result import Failure, PictureResult, Pixels
from fer_edge.predict.sources.source import Source
from fer_edge.runtime.model import Model


@dataclass(frozen=True, slots=True)
class Recognizer:
    """What recognizes pictures: how faces are found, and the model that names their emotions."""

    find: FindFaces
    model: Model
    hashing: bool = False


def run(sources: Sequence[Source], recognizer: Recognizer, sinks: Sequence[Sink], output: Output) -> Tally:
    """Look at all pictures.

    Returns:
        How many there were, and what failed.
    """
    tally = Tally(0, [])
    totals = [source.total for source in sources]
    total = None if None in totals else sum(filter(None, totals))
    said: list[str] = []
    with output.progress("Looking at pictures", total) as progress:
        for source in sources:
            for result, pixels in _results(source, recognizer):
                for sink in sinks:
                    sink.write(result, pixels)
                said += filter(None, (sink.describe(result) for sink in sinks))
                if result.note:
                    output.say(result.note)
                tally.count(result)
                progress.advance()
    for sink in sinks:
        sink.finish()
    for line in said:
        output.say(line)
    return tally


@dataclass(slots=True)
class Tally:
    """How many pictures were looked at, and why some have no result."""

    total: int
    failures: list[Failure]

    def count(self, result: PictureResult) -> None:
        """One more."""
        self.total += 1
        if result.failure is not None:
            self.failures.append(result.failure)


def _results(source: Source, recognizer: Recognizer) -> Iterator[tuple[PictureResult, Pixels]]:
    for picture in source:
        yield recognize_picture(picture, recognizer.find, recognizer.model, hashing=recognizer.hashing)
