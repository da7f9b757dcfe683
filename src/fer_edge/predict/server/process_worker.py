"""A worker in a process of its own: what kills it, or makes it slow, costs the others nothing."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fer_edge.predict.result import Failure
from fer_edge.predict.server.answering import Answer, Job
from fer_edge.predict.server.frames import pack, read_frame
from fer_edge.predict.server.logs import log
from fer_edge.predict.server.settings import ModelChoice
from fer_edge.predict.server.worker import WorkerDied, WorkerFailed

_STOP_SECONDS = 5.0
_LONGEST_WORDS = 4096
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class ProcessWorker:
    """One process with one engine; see :mod:`fer_edge.predict.server.worker_process` for its other end."""

    def __init__(self, choice: ModelChoice) -> None:
        self._choice = choice
        self._process: asyncio.subprocess.Process | None = None
        self._listening: asyncio.Future[None] | None = None

    @property
    def process_id(self) -> int | None:
        """Of the process; None while there is none."""
        return self._process.pid if self._process is not None else None

    async def start(self) -> dict[str, str]:
        """Start the process and wait until its model is open."""
        await self.kill()
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "fer_edge.predict.server.worker_process"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, **dict.fromkeys(_THREAD_VARIABLES, str(self._choice.threads))},
        )
        self._listening = asyncio.ensure_future(_repeat_in_log(self._process))
        line, _ = await self._exchange(_as_texts(self._choice))
        if "failure" in line:
            raise WorkerFailed(line["failure"])
        return line

    async def answer(self, job: Job) -> Answer:
        """Give it a picture and wait for the answer."""
        asked = {
            "file_name": job.file_name,
            "threshold": job.threshold,
            "probabilities": job.probabilities,
        }
        line, document = await self._exchange(asked, job.picture)
        failure = Failure(*line["failure"]) if line["failure"] else None
        return Answer(document, line["faces"], failure)

    async def _exchange(self, line: dict[str, Any], body: bytes = b"") -> tuple[dict[str, Any], bytes]:
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise WorkerDied("it was not started")
        try:
            for piece in pack(line, body):
                process.stdin.write(piece)
            await process.stdin.drain()
            return await read_frame(process.stdout)
        except (asyncio.IncompleteReadError, OSError, RuntimeError, ValueError) as error:
            # uvloop raises RuntimeError for a pipe that is closed. Whatever happened, the two are out of step now.
            _end(process)
            raise WorkerDied(f"process {process.pid} ended with {await process.wait()}") from error

    async def ended(self) -> None:
        """Wait until it has ended, for whatever reason."""
        if self._process is not None:
            await self._process.wait()

    async def kill(self) -> None:
        """End it at once, whatever it does."""
        process, self._process = self._process, None
        if process is None:
            return
        _end(process)
        await process.wait()
        # Only a closed transport lets go of its pipes.
        if process.stdin is not None:
            process.stdin.close()

    async def stop(self) -> None:
        """Let it end by itself: it has nothing to do any more."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            try:
                await asyncio.wait_for(self._process.wait(), _STOP_SECONDS)
            except TimeoutError:
                await self.kill()


def _end(process: asyncio.subprocess.Process) -> None:
    """Kill it, unless it has ended by itself, which the loop may not know yet."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()


def _as_texts(choice: ModelChoice) -> dict[str, Any]:
    return {
        name: os.fspath(value) if isinstance(value, Path) else value for name, value in asdict(choice).items()
    }


async def _repeat_in_log(process: asyncio.subprocess.Process) -> None:
    """What libraries write to standard error, such as why one ended its process, as lines of our log."""
    while process.stderr is not None and (piece := await process.stderr.read(_LONGEST_WORDS)):
        words = piece.decode("utf-8", "replace").strip()
        if words:
            log("worker-said", level="warning", process=process.pid, words=words)
