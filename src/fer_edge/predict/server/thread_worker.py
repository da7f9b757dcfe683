"""A worker in a thread of the server's own process: less memory, but nothing can end one that is stuck, or survive one that crashes."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

from fer_edge.predict.server.answering import Answer, Answerer, Job
from fer_edge.predict.server.settings import ModelChoice
from fer_edge.predict.server.worker import WorkerDied, WorkerFailed
from fer_edge.runtime.errors import FerEdgeError


class ThreadWorker:
    """One thread with one engine."""

    def __init__(self, choice: ModelChoice) -> None:
        self._choice = choice
        self._thread: ThreadPoolExecutor | None = None
        self._answerer: Answerer | None = None

    @property
    def process_id(self) -> int | None:
        """None: it is the server's."""
        return None

    async def start(self) -> dict[str, str]:
        """Open the model in a new thread."""
        self._thread = ThreadPoolExecutor(1, "fer-predict-worker")
        try:
            self._answerer = await asyncio.get_running_loop().run_in_executor(
                self._thread, _open, self._choice
            )
        except FerEdgeError as error:
            raise WorkerFailed(str(error)) from error
        return self._answerer.describe()

    async def answer(self, job: Job) -> Answer:
        """Look at one picture in that thread."""
        if self._thread is None or self._answerer is None:
            raise WorkerDied("it was not started")
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._answerer.answer, job)

    async def ended(self) -> None:
        """Never: it lives as long as the server."""
        await asyncio.Event().wait()

    async def kill(self) -> None:
        """Leave the thread to itself: it cannot be ended, only replaced."""
        if self._thread is not None:
            self._thread.shutdown(wait=False, cancel_futures=True)
        self._thread = self._answerer = None

    async def stop(self) -> None:
        """End it; it has nothing to do."""
        await self.kill()


_OPENING = threading.Lock()


def _open(choice: ModelChoice) -> Answerer:
    """One after the other: OpenCV is half there while another thread imports it."""
    with _OPENING:
        return Answerer(choice)
