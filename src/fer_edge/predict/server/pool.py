"""The pool: workers, a bounded queue before them, and what happens when one dies or takes too long."""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from fer_edge.predict.server.answering import Answer, Job
from fer_edge.predict.server.logs import log
from fer_edge.predict.server.refusals import Refusal
from fer_edge.predict.server.worker import MakeWorker, Worker, WorkerDied, WorkerFailed

_TRIES = 2
"""Workers that one picture may cost: the second may have had bad luck, a third would be the picture's doing."""
_LONGEST_PAUSE = 30.0
_SMOOTHING = 0.1


@dataclass(slots=True)
class PoolState:
    """Figures of a pool, for the metrics.

    Attributes:
        running: workers that can answer.
        busy: workers that look at a picture.
        waiting: pictures without a worker.
        restarts: of workers, since the start.
        failing: whether the last attempt to start one failed; one that has died is replaced in a second, for which pictures wait.
        seconds: that a picture takes in a worker, of late.
    """

    running: int = 0
    busy: int = 0
    waiting: int = 0
    restarts: int = 0
    failing: bool = False
    seconds: float = 0.05


@dataclass(slots=True)
class Pool:
    """Several workers behind one queue, first come, first served.

    Attributes:
        make: makes a worker.
        size: how many.
        queue: pictures that may wait beside those that workers have.
        seconds: that a worker may take for one picture.
        state: figures.
        answers_by: model, variant and engine, once started.
        observe: told the seconds that each picture took in a worker.
    """

    make: MakeWorker
    size: int
    queue: int
    seconds: float
    observe: Callable[[float], None] = lambda _seconds: None
    state: PoolState = field(default_factory=PoolState)
    answers_by: dict[str, str] = field(default_factory=dict)
    _workers: list[Worker] = field(default_factory=list)
    _idle: list[Worker] = field(default_factory=list)
    _turns: deque[asyncio.Future[Worker]] = field(default_factory=deque)
    _repairs: set[asyncio.Task[None]] = field(default_factory=set)
    _watches: set[asyncio.Task[None]] = field(default_factory=set)

    async def start(self) -> None:
        """Start all workers.

        Raises:
            WorkerFailed: one of them cannot start.
        """
        self._workers = [self.make() for _ in range(self.size)]
        try:
            found = await asyncio.gather(*(worker.start() for worker in self._workers))
        except WorkerDied as error:
            raise WorkerFailed(f"a worker ended while it started: {error}") from error
        self.answers_by = found[0]
        for worker in self._workers:
            self._admit(worker)

    async def stop(self) -> None:
        """End all workers; nobody waits for an answer any more."""
        tasks = [*self._repairs, *self._watches]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*(worker.stop() for worker in self._workers))
        self.state.running = 0

    def worker_processes(self) -> list[int]:
        """Process numbers of the workers that have one."""
        return [worker.process_id for worker in self._workers if worker.process_id is not None]

    def refuse_if_full(self) -> None:
        """Say now that there is no room, before a body is read.

        Raises:
            Refusal: busy, or no worker is left.
        """
        if self.state.running == 0 and self.state.failing:
            raise Refusal(
                "no-worker", "no worker is ready; they are being started again: try later", _after(2)
            )
        if self.state.busy + self.state.waiting >= self.size + self.queue:
            raise Refusal(
                "busy",
                f"{self.size + self.queue} pictures are being answered or wait already, which is all that this server "
                "takes at a time; send this one again later",
                _after(self._seconds_to_wait()),
            )

    async def answer(self, job: Job, gone: Callable[[], Awaitable[None]]) -> Answer | None:
        """The answer to one picture, when it is its turn.

        Args:
            job: the picture.
            gone: returns when the client has gone: who waits for nobody leaves the queue.

        Returns:
            None: the client went before a worker was free.

        Raises:
            Refusal: busy; the picture took too long; workers died of it.
        """
        self.refuse_if_full()
        for tried in range(_TRIES):
            # A picture that lost its worker has waited already: at the end of the queue it would be in the way of whatever
            # ends the next worker, too, and nobody could tell bad luck from its doing.
            worker = await self._take_worker(gone, first=tried > 0)
            if worker is None:
                return None
            try:
                return await self._answer(worker, job)
            except WorkerDied as error:
                log("worker-died", level="error", reason=str(error))
        raise Refusal("crashed", "the process that looked at this picture was ended, and so was a second one")

    async def _take_worker(self, gone: Callable[[], Awaitable[None]], *, first: bool) -> Worker | None:
        """The next free one, which the caller has to bring back; None: the client went before.

        Args:
            gone: returns when the client has gone.
            first: before all others that wait.
        """
        if self._idle:
            self.state.busy += 1
            return self._idle.pop()  # the one that answered last has its pages and caches warm
        turn: asyncio.Future[Worker] = asyncio.get_running_loop().create_future()
        if first:
            self._turns.appendleft(turn)
        else:
            self._turns.append(turn)
        self.state.waiting += 1
        leaving = asyncio.ensure_future(gone())
        try:
            both: set[asyncio.Future[Any]] = {turn, leaving}
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            if turn.done():
                self._release(turn.result())
            raise
        finally:
            self.state.waiting -= 1
            leaving.cancel()
            if not turn.done():
                self._turns.remove(turn)
        if not turn.done():
            return None
        self.state.busy += 1
        return turn.result()

    def _release(self, worker: Worker) -> None:
        """Give it to who waits longest."""
        if self._turns:
            self._turns.popleft().set_result(worker)
        else:
            self._idle.append(worker)

    async def _answer(self, worker: Worker, job: Job) -> Answer:
        began = time.monotonic()
        try:
            async with asyncio.timeout(self.seconds):
                answer = await worker.answer(job)
        except BaseException as error:
            # It is dead, too slow, or in the middle of a picture that nobody waits for: none of them can be used again.
            self._repair(worker)
            if isinstance(error, TimeoutError):
                raise Refusal(
                    "time-limit",
                    f"this picture took more than {self.seconds:g} seconds and was given up; make it smaller",
                    _after(self._seconds_to_wait()),
                ) from error
            raise
        finally:
            self.state.busy -= 1
        taken = time.monotonic() - began
        self.state.seconds += _SMOOTHING * (taken - self.state.seconds)
        self.observe(taken)
        self._release(worker)
        return answer

    def _repair(self, worker: Worker) -> None:
        self.state.running -= 1
        task = asyncio.ensure_future(self._start_again(worker))
        self._repairs.add(task)
        task.add_done_callback(self._repairs.discard)

    async def _start_again(self, worker: Worker) -> None:
        """Until it runs; what cannot start is tried less and less often."""
        pause = 0.5
        while True:
            self.state.restarts += 1
            try:
                await worker.kill()
                await worker.start()
            except (WorkerFailed, WorkerDied, OSError) as error:
                log("worker-not-started", level="error", reason=str(error), again_in_seconds=pause)
                self.state.failing = True
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
                continue
            log("worker-started", restarts=self.state.restarts)
            self.state.failing = False
            self._admit(worker)
            return

    def _admit(self, worker: Worker) -> None:
        """It has started: it gets pictures, and is watched."""
        self.state.running += 1
        task = asyncio.ensure_future(self._watch(worker))
        self._watches.add(task)
        task.add_done_callback(self._watches.discard)
        self._release(worker)

    async def _watch(self, worker: Worker) -> None:
        """Replace it when it ends; while it has a picture, whoever waits for the answer does."""
        await worker.ended()
        if worker in self._idle:
            self._idle.remove(worker)
            log("worker-died", level="error", reason="it ended while it had nothing to do")
            self._repair(worker)

    def _seconds_to_wait(self) -> float:
        """Until there is room again, if nothing else comes."""
        return self.state.seconds * (self.state.busy + self.state.waiting) / max(1, self.state.running)


def _after(seconds: float) -> dict[str, str]:
    return {"Retry-After": str(max(1, math.ceil(seconds)))}
