"""The protocol of a worker: one engine that answers one picture at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from fer_edge.predict.server.answering import Answer, Job


class WorkerDied(Exception):
    """It ended while it had a picture: the picture may be given to another."""


class WorkerFailed(Exception):
    """It cannot start: the bundle, the engine or the detector is not there; the message is the sentence."""


class Worker(Protocol):
    """One engine."""

    @property
    def process_id(self) -> int | None:
        """Of its process; None if it has none."""

    async def start(self) -> dict[str, str]:
        """Open the model, after a death anew.

        Returns:
            ``model``, ``variant`` and ``engine`` that answer.

        Raises:
            WorkerFailed: it cannot start.
            WorkerDied: it ended while it did.
        """

    async def answer(self, job: Job) -> Answer:
        """Look at one picture; not called again before it returned or :meth:`kill` was.

        Raises:
            WorkerDied: it ended meanwhile.
        """

    async def ended(self) -> None:
        """Wait until it has ended, for whatever reason; called once after each start."""

    async def kill(self) -> None:
        """End it at once, whatever it does."""

    async def stop(self) -> None:
        """End it; it has nothing to do."""


MakeWorker = Callable[[], Worker]
