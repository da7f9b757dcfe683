"""A worker in a process of its own: what kills it, or makes it slow, costs the others nothing."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import asdict
from typing import Any

from fer_edge.predict.result import Failure
from fer_edge.predict.server.answering import Answer, Job
from fer_edge.predict.server.frames import pack, read_frame
from fer_edge.predict.server.settings import ModelChoice
from fer_edge.predict.server.worker import WorkerDied, WorkerFailed

_STOP_SECONDS = 5.0
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class ProcessWorker:
    """One process with one engine; see :mod:`fer_edge.predict.server.worker_process` for its other end."""

    def __init__(self, choice: ModelChoice) -> None:
        self._choice = choice
        self._process: asyncio.subprocess.Process | None = None

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
            env={**os.environ, **dict.fromkeys(_THREAD_VARIABLES, str(self._choice.threads))},
        )
        line, _ = await self._exchange(asdict(self._choice) | {"bundle": os.fspath(self._choice.bundle)})
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
        except (asyncio.IncompleteReadError, OSError, ValueError) as error:
            raise WorkerDied(f"process {process.pid} ended with {await process.wait()}") from error

    async def kill(self) -> None:
        """End it at once, whatever it does."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            process.kill()
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
