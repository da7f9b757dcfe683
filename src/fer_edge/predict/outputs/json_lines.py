"""``--jsonl``: a line a picture or frame, written as soon as it is known: for streams, and for programs that read along."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

from fer_edge.console.output import dump_json
from fer_edge.predict.outputs import STANDARD_OUTPUT
from fer_edge.predict.outputs.document import image_entry
from fer_edge.predict.outputs.place import refuse_sources, written
from fer_edge.predict.outputs.sink import Sink, SinkRequest
from fer_edge.predict.result import PictureResult, Pixels


class JsonLines(Sink):
    """Writes each picture's member of the prediction JSON on a line of its own, whole: a killed process leaves no half line."""

    def __init__(self, request: SinkRequest) -> None:
        self.prints = request.place == STANDARD_OUTPUT
        self._place = "standard output" if self.prints else request.place
        self._threshold, self._probabilities = request.threshold, request.probabilities
        self._descriptor = -1
        self._fresh = not self.prints
        if self.prints:
            self._encoding = sys.stdout.encoding or "ascii"
            return
        self._encoding = "utf-8"
        refuse_sources(Path(request.place), request.pictures)
        with written(self._place):
            # What was there before goes with the first line, not before anything could go wrong.
            self._descriptor = os.open(request.place, os.O_WRONLY | os.O_CREAT, 0o666)

    def write(self, result: PictureResult, pixels: Pixels) -> None:  # noqa: ARG002
        """One line; a failed picture has none."""
        if result.failure is not None:
            return
        entry = image_entry(result, threshold=self._threshold, probabilities=self._probabilities)
        line = dump_json(entry, self._encoding) + "\n"
        if self.prints:
            sys.stdout.write(line)
            sys.stdout.flush()
            return
        with written(self._place):
            self._begin()
            _write_whole(self._descriptor, line.encode(self._encoding))

    def finish(self) -> None:
        """A file without pictures is empty."""
        with written(self._place):
            self._begin()

    def close(self) -> None:
        """Let go of the file."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _begin(self) -> None:
        if self._fresh:
            self._fresh = False
            with contextlib.suppress(OSError):  # a pipe
                os.truncate(self._descriptor, 0)


def _write_whole(descriptor: int, data: bytes) -> None:
    """Write all bytes or none.

    Raises:
        OSError: the disk is full; the file is as it was.
    """
    done = 0
    try:
        while done < len(data):
            done += os.write(descriptor, data[done:])
    except OSError:
        if done:
            with contextlib.suppress(OSError):
                end = os.lseek(descriptor, 0, os.SEEK_CUR) - done
                os.truncate(descriptor, end)
        raise
