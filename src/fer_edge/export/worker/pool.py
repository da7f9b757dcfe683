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
from pathlib import Path
from typing import IO

from fer_edge.export.worker.job import Job, TaskResult

HANG_SECONDS = 1800.0
"""After that a task counts as hung; the slowest seen (ResNet-152, int8) takes a few minutes."""
PUMP_SECONDS = 0.02

ENVIRONMENT = {
    # One thread everywhere: the number of threads changes bits, and formats run side by side.
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    # Nothing of the user's surroundings may reach a file.
    "PYTHONHASHSEED": "0",
    "TZ": "UTC",
    "LC_ALL": "C.UTF-8",
    # The reference is the CPU's arithmetic.
    "CUDA_VISIBLE_DEVICES": "",
}


@dataclass
class Child:
    """A running process and its job."""

    job: Job
    process: subprocess.Popen[bytes]
    log: IO[bytes]
    waiting_since: float
    task: int | None = None


class Pool:
    """Runs jobs in children.

    Args:
        jobs: in the order to start them: the longest first.
        workers: how many at a time; None: as many as this process may use cores.
        hang_seconds: how long one task may take, counted from when the parent has given everything that it needs.
    """

    def __init__(
        self, jobs: Sequence[Job], *, workers: int | None = None, hang_seconds: float = HANG_SECONDS
    ) -> None:
        self.jobs = tuple(jobs)
        self.hang_seconds = hang_seconds
        self._queue = list(jobs)
        self._workers = workers or count_cores()
        self._children: list[Child] = []
        self._seen: set[tuple[str, int]] = set()
        self._fed = False

    def __enter__(self) -> Pool:
        self.pump()
        return self

    def __exit__(self, *_: object) -> None:
        for child in self._children:
            _end(child)
        self._children.clear()

    def pump(self) -> None:
        """Look after the children: start, replace, give up on."""
        for child in list(self._children):
            if child.process.poll() is not None or self._hangs(child):
                self._children.remove(child)
                self._settle(child)
        while self._queue and len(self._children) < self._workers:
            self._children.append(_start(self._queue.pop(0)))

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
        _end(child)
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


def _start(job: Job) -> Child:
    environment = {
        **os.environ,
        **ENVIRONMENT,
        "TMPDIR": str(job.folder / "tmp"),
        "TORCHINDUCTOR_CACHE_DIR": str(job.folder / "tmp"),
        "PYTHONPATH": _python_path(),
    }
    log = (job.folder / "log.txt").open("ab")
    process = subprocess.Popen(
        # -P: a folder of the user's that is called like a library must not be imported instead of it.
        [sys.executable, "-P", "-m", "fer_edge.export.worker.child", str(job.folder)],
        stdin=subprocess.PIPE,
        stdout=log,
        stderr=log,
        env=environment,
        start_new_session=True,
    )
    return Child(job, process, log, time.monotonic())


def _python_path() -> str:
    """Folders in which the child finds fer_edge, also when it is not installed."""
    found = [
        str(Path(entry).absolute()) for entry in sys.path if entry and (Path(entry) / "fer_edge").is_dir()
    ]
    return os.pathsep.join([*found, *filter(None, [os.environ.get("PYTHONPATH")])])


def _end(child: Child) -> None:
    if child.process.poll() is None:
        # The child leads its own group: whatever it started ends with it.
        os.killpg(child.process.pid, signal.SIGKILL)
        child.process.wait()
    if child.process.stdin:
        child.process.stdin.close()
    child.log.close()
