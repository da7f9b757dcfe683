"""The parent's end of a child: start, ask, answer, and what a child that died leaves behind."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO, Any

import fer_edge.bench.measure
from fer_edge.bench.measure.subject import Subject
from fer_edge.runtime.errors import EngineError

MODULE = "fer_edge.bench.measure.child"
_QUIET = {"OMP_NUM_THREADS": None, "PYTHONUNBUFFERED": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}


class Process:
    """A child process of one subject.

    Args:
        subject: what it measures.
        slower: share by which each call is made slower, for the harness's own trials; None: not at all.
        stretched: share by which the times are made longer, likewise.
    """

    def __init__(self, subject: Subject, slower: float | None = None, stretched: float = 0.0) -> None:
        self.subject = subject
        self.engine = ""
        self.base_memory: int | None = None
        self._slower, self._stretched = slower, stretched
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the child
        # A session of its own: Ctrl-C reaches the parent only, which then ends its children.
        self._process = subprocess.Popen(
            [sys.executable, "-m", MODULE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=_environment(),
            start_new_session=True,
        )
        try:
            self._send(self._order())
        except EngineError:
            self.close()
            raise

    def _order(self) -> dict[str, Any]:
        subject = self.subject
        return {
            "do": "import",
            "path": str(subject.path.absolute()),
            "format": subject.format,
            "engine": subject.engine,
            "threads": subject.threads,
            "contract": subject.contract,
            "slower": self._slower,
            "stretched": self._stretched,
        }

    def ready(self) -> None:
        """Wait until the engine's library is imported."""
        self.base_memory = self._receive()["base_memory"]

    def load(self) -> tuple[int, int]:
        """Open the artifact; nanoseconds of the load and of the first inference."""
        answer = self._ask({"do": "load"})
        self.engine = answer["engine"]
        return answer["load_ns"], answer["first_ns"]

    def turn(self, stage: str, count: int, cpu: int | None) -> list[int]:
        """Time ``count`` calls of a stage; nanoseconds of each."""
        samples: list[int] = self._ask({"do": "turn", "stage": stage, "count": count, "cpu": cpu})["ns"]
        return samples

    def memory(self) -> tuple[int | None, int | None]:
        """Peak and steady memory in bytes."""
        answer = self._ask({"do": "memory"})
        return answer["peak"], answer["steady"]

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End it; a child that does not end by itself is killed."""
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                if pipe is not None:
                    pipe.close()
        # Not polite waiting: engines take their time to tear down, and nothing of it is needed.
        self._process.kill()
        self._process.wait()
        self._errors.close()

    def _ask(self, command: dict[str, Any]) -> dict[str, Any]:
        self._send(command)
        return self._receive()

    def _send(self, command: dict[str, Any]) -> None:
        pipe = self._process.stdin
        assert pipe is not None
        try:
            pipe.write(json.dumps(command).encode() + b"\n")
            pipe.flush()
        except OSError:
            self._died()

    def _receive(self) -> dict[str, Any]:
        pipe = self._process.stdout
        assert pipe is not None
        line = pipe.readline()
        if not line.endswith(b"\n"):
            self._died()
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise EngineError(f"{self.subject.name}: {answer['error']}")
        return answer

    def _died(self) -> None:
        code = self._process.wait()
        self._errors.seek(0)
        last = self._errors.read().decode("utf-8", "replace").strip().splitlines()[-1:]
        said = f"; it said last: {ascii(last[0])[1:-1][:300]}" if last else ""
        raise EngineError(f"{self.subject.name}: its process ended {_ending(code)}{said}")


def _ending(code: int) -> str:
    if code >= 0:
        return f"with exit code {code}"
    with contextlib.suppress(ValueError):
        return f"by signal {signal.Signals(-code).name}"
    return f"by signal {-code}"


def _environment() -> dict[str, str]:
    """The parent's, with the package found in the same place and libraries told to be quiet."""
    home = str(Path(fer_edge.bench.measure.__file__).parents[3])
    found = {key: value for key, value in os.environ.items() if key not in _QUIET}
    found.update({key: value for key, value in _QUIET.items() if value is not None})
    search = [path for path in sys.path if path]
    found["PYTHONPATH"] = os.pathsep.join(dict.fromkeys([*search, home]))
    return found
