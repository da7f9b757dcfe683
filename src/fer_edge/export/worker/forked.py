"""Children that are forked from the command, once it has imported what each of them would import again.

PyTorch and its compiler take two seconds and 400 MB a process; forked children have them at once, in memory that all share.
A child waits behind its gate until its turn comes, and ends if nobody opens it. Only a process with the
surroundings of its children and a single thread forks; everywhere else they are started afresh.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import locale
import os
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from fer_edge.export.formats import find_format
from fer_edge.export.worker.job import MAKE, Job
from fer_edge.export.worker.surroundings import is_even
from fer_edge.runtime.sandbox import die_with_parent

_exit, _kill = os._exit, os.kill
"""As they are before somebody's network is loaded, which gets others (``train.models.foreign``)."""
EVERYWHERE = ("scipy.special",)
"""Slow modules of ours, which judging takes in every format."""


@dataclass
class Forked:
    """A forked process, as far as it is used like ``subprocess.Popen``.

    Attributes:
        pid: of the process.
        gate: the pipe on which it waits for its turn.
    """

    pid: int
    gate: int
    stdin: None = None
    _code: int | None = None

    def begin(self) -> None:
        """Let it work."""
        with contextlib.suppress(BrokenPipeError):  # it is dead; ``poll`` says so
            os.write(self.gate, b"1")

    def poll(self) -> int | None:
        """Its exit code; negative: the signal that ended it; None: it runs."""
        return self._reap(os.WNOHANG)

    def wait(self) -> int:
        """Its exit code, when it has ended."""
        code = self._reap(0)
        assert code is not None  # nothing else ends a blocking wait
        return code

    def _reap(self, options: int) -> int | None:
        if self._code is None:
            try:
                pid, status = os.waitpid(self.pid, options)
            except ChildProcessError:  # somebody who ignores SIGCHLD started us: there is no code to be had
                pid, status = self.pid, 0
            if pid:
                self._code = os.waitstatus_to_exitcode(status)
                os.close(self.gate)
        return self._code


def fork(
    jobs: Sequence[Job], changes: Mapping[str, Mapping[str, str]], *, ours: bool = False
) -> dict[str, Forked]:
    """A waiting process for each job, by format; none where this process cannot be forked, or there is nothing to share.

    Args:
        jobs: the formats' jobs.
        changes: environment variables of each process besides, by format.
        ours: whether no code but ours and libraries' has run in this process, although PyTorch has been loaded.
    """
    loaded = "torch" in sys.modules
    if not (is_even() and _is_single() and (ours or not loaded)):
        return {}
    if any(task.stage == MAKE for job in jobs for task in job.tasks):
        _import_shared(jobs)
    elif not loaded:
        return {}
    if not _is_single():  # a library began a thread
        return {}
    for stream in filter(None, (sys.stdout, sys.stderr)):
        stream.flush()
    gc.freeze()  # what the collector looks at, it copies
    found = dict[str, Forked]()
    with contextlib.suppress(
        OSError
    ):  # too little memory for a copy, had all of it to be copied: the rest starts afresh
        for job in jobs:
            found[job.format] = _fork(job, changes[job.format])
    return found


def _is_single() -> bool:
    """Whether this process has one thread, libraries' own included: a fork loses the others, and keeps their locks."""
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    return threading.current_thread() is threading.main_thread() and int(fields[17]) == 1


def _import_shared(jobs: Sequence[Job]) -> None:
    """Import what children need and the command as well; a fault shows again where it matters."""
    gc.disable()  # a fifth of the time, to look at modules that live for ever
    names = dict.fromkeys(name for job in jobs for name in find_format(job.format).shared)
    for name in (*names, *EVERYWHERE):
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    gc.enable()


def _fork(job: Job, changes: Mapping[str, str]) -> Forked:
    inside, gate = os.pipe()
    parent = os.getpid()
    # A signal that raises in the child before its own frame would unwind the command's.
    held = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
    try:
        pid = os.fork()
        if not pid:
            _live(job, changes, inside, parent, held)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)
        os.close(inside)
    return Forked(pid, gate)


def _live(job: Job, changes: Mapping[str, str], inside: int, parent: int, held: Iterable[int]) -> NoReturn:
    """The whole life of a child. It never returns: whoever waits in the command's frames would clean up behind it."""
    code = 1
    try:
        _settle_in(job, changes, inside, parent)
        signal.pthread_sigmask(signal.SIG_SETMASK, held)
        # An end of the pipe means that nobody will ever open it.
        if os.read(0, 1):
            _turn_away_from_pipe()
            _work(job)
        code = 0
    except BaseException:  # noqa: BLE001 - the last frame
        traceback.print_exc()
    finally:
        _leave(code)


def _leave(code: int) -> NoReturn:
    try:
        for stream in filter(None, (sys.stdout, sys.stderr)):
            with contextlib.suppress(Exception):
                stream.flush()
        _exit(code)  # tearing libraries down takes a while
    finally:
        _kill(os.getpid(), signal.SIGKILL)


def _settle_in(job: Job, changes: Mapping[str, str], inside: int, parent: int) -> None:
    """Take on everything that a process of its own would have been started with."""
    os.setsid()
    die_with_parent(watch_input=False)
    if os.getppid() != parent:
        _leave(1)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    log = os.open(job.folder / "log.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    for target, source in ((0, inside), (1, log), (2, log)):
        os.dup2(source, target)
    most = os.sysconf("SC_OPEN_MAX")
    os.closerange(3, most if most > 0 else 1 << 16)
    os.environ.update(changes)
    tempfile.tempdir = None
    time.tzset()
    locale.setlocale(locale.LC_CTYPE, os.environ["LC_ALL"])
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # converters print what no old encoding has
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def _turn_away_from_pipe() -> None:
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)


def _work(job: Job) -> None:
    from fer_edge.export.worker import child

    sys.argv = [str(child.__file__), str(job.folder)]
    child.work(str(job.folder))
