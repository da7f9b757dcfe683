"""Many pictures on the cores of this machine: worker processes with an engine each, results in the order of the pictures.

Why processes: LiteRT, TorchScript and Core ML answer one call at a time, and much of a picture's work (the camera path's
tables, the boxes) holds Python's lock.

A worker that dies (killed for memory, a decoder that crashes) costs nothing but the picture that it was looking at one retry;
who loses a picture a second time, reports it with the code ``crashed`` and goes on. Memory is flat: a worker has two pictures
at a time, and no more than ``WINDOW`` a worker are on their way.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection, wait
from pathlib import Path

import fer_edge
from fer_edge.predict.batch.worker import Stopped, Task, WorkerPlan
from fer_edge.predict.result import Failure, PictureResult
from fer_edge.runtime.errors import EngineError, FerEdgeError

PICTURES_FOR_A_WORKER = 16
"""Fewer are looked at sooner than another process has started."""
AT_ONCE = 2
"""Pictures that a worker has: the next one is there when one is done."""
WINDOW = 16
"""Pictures a worker that are on their way, those included whose results wait for an earlier one."""
MOST_ATTEMPTS = 2

_CHILD = "import sys; sys.path.insert(0, sys.argv[1]); from fer_edge.predict.batch.worker import main; main(int(sys.argv[2]))"


def choose_jobs(asked: int | None, pictures: int | None, threads: int) -> int:
    """How many worker processes; 1: none, the command itself looks at the pictures.

    Args:
        asked: ``--jobs``; None: what is faster.
        pictures: how many there are; None: nobody knows.
        threads: of each engine.
    """
    if asked is not None:
        return asked
    return max(1, min(count_cores() // threads, (pictures or 0) // PICTURES_FOR_A_WORKER))


def count_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(slots=True)
class _Place:
    """One picture's place in the order."""

    task: Task
    attempts: int = 0
    result: PictureResult | None = None


@dataclass(slots=True, eq=False)
class _Worker:
    """A running process."""

    process: subprocess.Popen[bytes]
    connection: Connection
    ready: bool = False
    places: deque[_Place] = field(default_factory=deque)


class LocalBatch:
    """Worker processes; leave the block to end them.

    Attributes:
        jobs: how many.
    """

    def __init__(self, jobs: int) -> None:
        self.jobs = jobs
        self._plan: WorkerPlan | None = None
        self._workers: list[_Worker] = []
        self._waiting: deque[_Place] = deque()
        self._deaths_at_start = 0

    def __enter__(self) -> LocalBatch:
        """Start the processes; they wait for :meth:`begin`."""
        self._workers = [_start() for _ in range(self.jobs)]
        return self

    def __exit__(self, *_: object) -> None:
        """End the processes, whatever they do."""
        for worker in self._workers:
            worker.connection.close()
            worker.process.kill()
        for worker in self._workers:
            worker.process.wait()

    def begin(self, plan: WorkerPlan) -> None:
        """Tell the workers what to open."""
        self._plan = plan
        for worker in self._workers:
            self._brief(worker)

    def results(self, tasks: Iterable[Task | PictureResult]) -> Iterator[PictureResult]:
        """The result of each picture, in order.

        Args:
            tasks: each asked for when there is room; a result passes through in its place.

        Raises:
            FerEdgeError: a worker cannot open the model or write an output.
        """
        coming, places, ended = iter(tasks), deque[_Place](), False
        while places or not ended:
            while not ended and len(places) < WINDOW * self.jobs:
                item = next(coming, None)
                if item is None:
                    ended = True
                elif isinstance(item, Task):
                    places.append(_Place(item))
                    self._waiting.append(places[-1])
                else:
                    places.append(_Place(Task(item.picture), result=item))
            self._hand_out()
            while places and (result := places[0].result) is not None:
                places.popleft()
                yield result
                self._hand_out()
            if places:
                self._collect()

    def _hand_out(self) -> None:
        """Give what waits to the workers that have the least."""
        for worker in sorted(self._workers, key=lambda worker: len(worker.places)):
            while self._waiting and worker.ready and len(worker.places) < _room_for(self._waiting[0]):
                place = self._waiting.popleft()
                worker.places.append(place)
                try:
                    worker.connection.send(place.task)
                except OSError:  # it is gone, which is seen when it is listened to
                    break

    def _collect(self) -> None:
        """Wait until a worker says something, and take it."""
        speaking = wait([worker.connection for worker in self._workers])
        for worker in [worker for worker in self._workers if worker.connection in speaking]:
            try:
                said = worker.connection.recv()
            except (EOFError, OSError):
                self._bury(worker)
                continue
            if isinstance(said, Stopped):
                raise FerEdgeError(said.message) if said.expected else RuntimeError(said.message)
            if isinstance(said, PictureResult):
                place = worker.places.popleft()
                place.result = replace(said, picture=place.task.picture)
            else:
                worker.ready = True

    def _bury(self, worker: _Worker) -> None:
        """A worker died: the picture that it was looking at is tried once more, and another worker takes its place."""
        worker.connection.close()
        code = worker.process.wait()
        self._workers.remove(worker)
        if not worker.ready:
            self._deaths_at_start += 1
            if self._deaths_at_start > self.jobs:
                raise EngineError(
                    f"worker processes are ended before their first picture ({describe_end(code)}); "
                    "--jobs 1 looks at the pictures without them"
                )
        if worker.places:
            blamed = worker.places.popleft()
            blamed.attempts += 1
            if blamed.attempts < MOST_ATTEMPTS:
                worker.places.appendleft(blamed)
            else:
                blamed.result = _crashed(blamed.task, code)
        self._waiting.extendleft(reversed(worker.places))
        self._workers.append(_start())
        self._brief(self._workers[-1])

    def _brief(self, worker: _Worker) -> None:
        try:
            worker.connection.send(self._plan)
        except OSError:  # it is gone, which is seen when it is listened to
            return


def _room_for(place: _Place) -> int:
    """How many pictures a worker may have to be given this one; many bytes only to one that listens, else both would wait."""
    return AT_ONCE if place.task.picture.data is None else 1


def _start() -> _Worker:
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-P", "-W", "ignore", "-c", _CHILD, str(Path(fer_edge.__file__).parents[1]), str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            process_group=0,  # Ctrl-C is the parent's to deal with
        )  # fmt: skip
    return _Worker(process, Connection(ours.detach()))


def _crashed(task: Task, code: int) -> PictureResult:
    called = task.picture.called
    message = f"{called} ended the process that looked at it, twice ({describe_end(code)})"
    if code == -signal.SIGKILL:
        message += "; most often memory is too little: fewer --jobs need less"
    return PictureResult(task.picture, [], Failure("crashed", message))


def describe_end(code: int) -> str:
    """How a process ended, such as ``SIGKILL`` or ``exit code 3``."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
