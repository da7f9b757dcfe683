"""Children, one a format at a time, as many as there are cores; what one of them loses, another goes on with.

A child that aborts, is killed for memory or hangs costs the variant in flight: its row says so, and a new child takes
the rest. Everything happens in the parent's main thread, in ``pump``: on Linux a child is bound to the thread
that started it, so no other thread may start one.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fer_edge.export.worker.forked import Forked, fork
from fer_edge.export.worker.job import Job, TaskResult
from fer_edge.export.worker.surroundings import ENVIRONMENT, python_path

HANG_SECONDS = 1800.0
"""After that a task counts as hung; the slowest seen (ResNet-152, int8) takes a few minutes."""
PUMP_SECONDS = 0.05


@dataclass
class Child:
    """A running process and its job."""

    job: Job
    process: subprocess.Popen[bytes] | Forked
    waiting_since: float
    task: int | None = None


class Pool:
    """Runs jobs in children.

    Args:
        jobs: in the order to start them: the longest first.
        workers: how many at a time; None: as many as this process may use cores.
        hang_seconds: how long one task may take, counted from when the parent has given everything that it needs.
        ours: whether no code but ours and libraries' has run in this process, although PyTorch has been loaded.
    """

    def __init__(
        self,
        jobs: Sequence[Job],
        *,
        workers: int | None = None,
        hang_seconds: float = HANG_SECONDS,
        ours: bool = False,
    ) -> None:
        self.jobs = tuple(jobs)
        self._ours = ours
        self.hang_seconds = hang_seconds
        self._queue = list(jobs)
        self._workers = workers or count_cores()
        self._children: list[Child] = []
        self._forked: dict[str, Forked] = {}
        self._seen: set[tuple[str, int]] = set()
        self._fed = False

    def __enter__(self) -> Pool:
        changes = {job.format: _surroundings(job) for job in self.jobs}
        self._forked = fork(self.jobs, changes, ours=self._ours)
        self.pump()
        return self

    def __exit__(self, *_: object) -> None:
        for process in (*(child.process for child in self._children), *self._forked.values()):
            _end(process)
        self._children.clear()
        self._forked.clear()

    def pump(self) -> None:
        """Look after the children: start, replace, give up on."""
        for child in list(self._children):
            if child.process.poll() is not None or self._hangs(child):
                self._children.remove(child)
                self._settle(child)
        while self._queue and len(self._children) < self._workers:
            job = self._queue.pop(0)
            self._children.append(Child(job, self._start(job), time.monotonic()))

    def _start(self, job: Job) -> subprocess.Popen[bytes] | Forked:
        """The process that waits for its turn; a fresh one where there is none, or the first was lost."""
        waiting = self._forked.pop(job.format, None)
        if waiting is None:
            return _start_afresh(job)
        waiting.begin()
        return waiting

    def running(self) -> str:
        """The variants that children are at, such as ``onnx-int8, tflite-fp32``."""
        found = [(child.job, child.job.running()) for child in self._children]
        return ", ".join(
            job.tasks[task].variant
            for job, task in found
            if task is not None and not job.result_path(task).exists()
        )

    def wait(
        self,
        finished: Callable[[Job, int], object] = lambda *_: None,
        watch: Callable[[str], object] = lambda _: None,
    ) -> None:
        """Return when every task has a result; ``finished`` is told of each as it comes, ``watch`` of what goes on."""
        self._fed, running = True, ""
        for child in self._children:
            child.waiting_since = time.monotonic()
        while True:
            self.pump()
            self._report(finished)
            if self.running() != running:
                running = self.running()
                watch(running)
            # A child that has nothing left to do takes a while to tear its libraries down: nobody waits for that.
            if not any(job.pending() for job in self.jobs):
                return
            time.sleep(PUMP_SECONDS)

    def _report(self, finished: Callable[[Job, int], object]) -> None:
        for job in self.jobs:
            for index in range(len(job.tasks)):
                if (job.format, index) not in self._seen and job.result_path(index).exists():
                    self._seen.add((job.format, index))
                    finished(job, index)

    def _hangs(self, child: Child) -> bool:
        running = child.job.running()
        if running != child.task:
            child.task, child.waiting_since = running, time.monotonic()
        # Before everything is there, a child may be waiting for its parent.
        return self._fed and time.monotonic() - child.waiting_since > self.hang_seconds

    def _settle(self, child: Child) -> None:
        """After a child's end: blame the variant in flight, and queue the rest for a new child."""
        code = child.process.poll()
        _end(child.process)
        pending = child.job.pending()
        if not pending:
            return
        running = child.job.running()
        blamed = running if running in pending else pending[0]
        reason = (
            f"the {child.job.format} process did nothing for {self.hang_seconds:.0f} seconds and was stopped"
            if code is None
            else f"the {child.job.format} process {describe_end(code)}"
        )
        child.job.put_result(blamed, TaskResult(error=reason))
        if child.job.pending():
            self._queue.insert(0, child.job)


def count_cores() -> int:
    """Cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS
        return os.cpu_count() or 1


def describe_end(code: int) -> str:
    """A process's end in words."""
    if code == -signal.SIGKILL:
        return "was killed (out of memory?)"
    if code < 0:
        return f"ended by signal {signal.Signals(-code).name}"
    return f"ended with code {code}"


def _surroundings(job: Job) -> dict[str, str]:
    temporary = str(job.folder / "tmp")
    places = {"TMPDIR": temporary, "TORCHINDUCTOR_CACHE_DIR": temporary, "PYTHONPATH": python_path()}
    return {**ENVIRONMENT, **places}


def _start_afresh(job: Job) -> subprocess.Popen[bytes]:
    with (job.folder / "log.txt").open("ab") as log:
        return subprocess.Popen(
            # -P: a folder of the user's that is called like a library must not be imported instead of it.
            [sys.executable, "-P", "-m", "fer_edge.export.worker.child", str(job.folder)],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            env={**os.environ, **_surroundings(job)},
            start_new_session=True,
        )


def _end(process: subprocess.Popen[bytes] | Forked) -> None:
    if process.poll() is None:
        try:
            # The child leads its own group: whatever it started ends with it.
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:  # forked, and not even that far
            os.kill(process.pid, signal.SIGKILL)
        process.wait()
    if process.stdin:
        process.stdin.close()
