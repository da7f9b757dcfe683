"""The main program of a worker process: pictures come on standard input, answers go to standard output, until it is closed.

It outlives signals that are meant for the server (Ctrl-C reaches a whole group, a service manager stops each process of a
service): the server drains first, then closes the pipe.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from pathlib import Path
from typing import Any, BinaryIO

from fer_edge.predict.server.frames import pack, read_blocking
from fer_edge.predict.server.settings import ModelChoice
from fer_edge.runtime.errors import FerEdgeError


def main() -> None:
    """Serve until standard input ends."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    requests, answers = _pipes()
    first = read_blocking(requests)
    if first is None:
        return
    # Only now: what is wrong with the installation shall be told through the pipe.
    try:
        from fer_edge.predict.server.answering import Answerer, Job

        answerer = Answerer(_choice(first[0]))
    except FerEdgeError as error:
        _send(answers, {"failure": str(error)})
        return
    gc.freeze()
    _send(answers, answerer.describe())
    while (found := read_blocking(requests)) is not None:
        line, body = found
        answer = answerer.answer(Job(body, **line))
        failure = answer.failure
        told = {"faces": answer.faces, "failure": [failure.code, failure.message] if failure else None}
        _send(answers, told, answer.document)


def _choice(line: dict[str, Any]) -> ModelChoice:
    """The settings, whose paths were written as texts."""
    paths = {name: Path(line[name]) for name in ("bundle", "detector_model") if line[name] is not None}
    return ModelChoice(**line | paths)


def _pipes() -> tuple[BinaryIO, BinaryIO]:
    """The two ends; what libraries print goes to standard error instead."""
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return requests, answers


def _send(file: BinaryIO, line: dict[str, Any], body: bytes = b"") -> None:
    try:
        for piece in pack(line, body):
            file.write(piece)
        file.flush()
    except BrokenPipeError:  # the server is gone, and nobody waits
        os._exit(0)


if __name__ == "__main__":
    main()
    sys.exit(0)
