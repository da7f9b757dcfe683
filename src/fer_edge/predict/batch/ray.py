"""Many pictures on the machines of a Ray cluster: Ray Data hands them out in blocks to actors, and an actor holds the model.

The rows are those of a local run, bit for bit, in the order of the pictures: every worker goes through the same function. Ray
restarts an actor that dies and repeats its block. The model itself runs in a child of the actor, as in a local run, so that a picture
that ends the process which looks at it is reported with the code ``crashed``, while Ray would repeat its block for ever.

Every machine needs fer-edge, and the pictures, the model and the working folder at the same paths (a shared disk). Without an
address a cluster of this machine's cores is started and ended. No usage statistics are sent, no dashboard is opened.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import pickle
import shutil
import signal
import socket
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from fer_edge.predict.batch.local import LocalBatch, count_cores
from fer_edge.predict.batch.worker import KNOWN, Stopped, Task, WorkerPlan
from fer_edge.predict.result import PictureResult
from fer_edge.runtime.errors import EngineError, FerEdgeError, first_line
from fer_edge.runtime.extras import need, require

PICTURES = 16
"""Of a block, which is handed out and, where a worker dies, repeated as a whole."""
BLOCKS = 4
"""A worker gets at least so many, if there are pictures enough: the last ones end at about the same time."""
MEMORY = 128 << 20
"""Bytes of a local cluster's store; what goes through it are names and answers, not pixels."""
LONGEST_FOLDER = 20
"""Characters of the folder for temporary ones: Ray adds about 80, and the path of a socket has 107 at most."""
_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DATA_DISABLE_PROGRESS_BARS": "1",
    "RAY_DEDUP_LOGS": "0",
    "RAY_DATA_LOG_LEVEL": "CRITICAL",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_DISABLE_IMPORT_WARNING": "1",
}


class RayBatch:
    """A cluster, joined or started; leave the block to let go of it.

    Args:
        jobs: workers; None: one for each free core of the cluster.
        address: of a cluster that runs, as ``ray.init`` takes it; None: one of this machine's own.

    Attributes:
        jobs: workers.
        folder: of the cluster's files, where one was started.
    """

    def __init__(self, jobs: int | None, address: str | None) -> None:
        need("ray", "ray", "pyarrow")
        self._asked, self._address = jobs, address
        self.jobs = jobs or count_cores()
        self.folder: str | None = None
        self._stack = contextlib.ExitStack()
        self._plan: WorkerPlan | None = None

    def __enter__(self) -> RayBatch:
        """Join or start the cluster.

        Raises:
            EngineError: there is none at the address, or it cannot be started.
        """
        self._stack.enter_context(_without_rays_words())
        os.environ |= {name: value for name, value in _QUIET.items() if name not in os.environ}
        before = signal.getsignal(signal.SIGTERM)
        ray = require("ray", "ray")
        logging.getLogger("ray").setLevel(logging.CRITICAL)
        try:
            self._connect(ray)
        except Exception as error:  # noqa: BLE001 - Ray raises what it likes
            self.__exit__()
            where = f"at {self._address}" if self._address else "on this machine"
            raise EngineError(f"no Ray cluster {where}: {first_line(error)}") from None
        finally:
            signal.signal(signal.SIGTERM, before)  # Ray ends the process with a code that is not ours
        if self._asked is None:
            self.jobs = max(1, int(ray.cluster_resources().get("CPU", 1)))
        return self

    def __exit__(self, *_: object) -> None:
        """End what was started: no process and no file stays."""
        with contextlib.redirect_stdout(io.StringIO()):  # it tells again what was told
            require("ray", "ray").shutdown()
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
        self._stack.close()

    def begin(self, plan: WorkerPlan) -> None:
        """Tell the workers what to open."""
        self._plan = plan

    def results(self, tasks: Iterable[Task | PictureResult]) -> Iterator[PictureResult]:
        """The result of each picture, in order.

        Args:
            tasks: all are taken at once; a result passes through in its place.

        Raises:
            FerEdgeError: a worker cannot open the model or write an output.
        """
        places = list(tasks)
        waiting = deque(places)
        for result in self._answers([place for place in places if isinstance(place, Task)]):
            yield from _passing(waiting)
            yield replace(result, picture=waiting.popleft().picture)
        yield from _passing(waiting)

    def _answers(self, tasks: Sequence[Task]) -> Iterator[PictureResult]:
        """What Ray Data makes of these pictures, in order."""
        if not tasks:
            return
        data = require("ray.data", "ray")
        context = data.DataContext.get_current()
        context.execution_options.preserve_order = True
        context.enable_progress_bars = False
        size = max(1, min(PICTURES, len(tasks) // (BLOCKS * self.jobs)))
        dataset = data.from_items(
            [{"task": pickle.dumps(task)} for task in tasks], override_num_blocks=-(-len(tasks) // size)
        ).map_batches(
            _Recognizer,
            fn_constructor_kwargs={"plan": pickle.dumps(self._plan), "folder": str(Path.cwd())},
            batch_size=None,
            compute=data.ActorPoolStrategy(size=self.jobs),
            num_cpus=1,
        )
        for row in dataset.iter_rows():
            said = pickle.loads(row["result"])  # noqa: S301 - of our own workers
            if isinstance(said, Stopped):
                raise FerEdgeError(said.message) if said.expected else RuntimeError(said.message)
            yield said

    def _connect(self, ray: Any) -> None:
        asked: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.CRITICAL}
        if self._address is not None:
            _knock(self._address)
            ray.init(address=self._address, **asked)
            return
        short = len(tempfile.gettempdir()) <= LONGEST_FOLDER
        self.folder = tempfile.mkdtemp(prefix="fer-ray-", dir=None if short else "/tmp")  # noqa: S108
        ray.init(
            num_cpus=self.jobs,
            include_dashboard=False,
            object_store_memory=MEMORY,
            _temp_dir=self.folder,
            **asked,
        )


class _Recognizer:
    """The actor: opens the model once, answers blocks of pictures."""

    def __init__(self, plan: bytes, folder: str) -> None:
        # What is wrong here would end the actor, and Ray start it again and again: it is told with the first block.
        self._fault: Stopped | None = None
        try:
            os.chdir(folder)  # names on the command line mean the same here
            self._batch = LocalBatch(1).__enter__()
            self._batch.begin(pickle.loads(plan))  # noqa: S301 - of the command that started us
        except Exception as error:  # noqa: BLE001
            self._fault = _stopped(error)

    def __call__(self, block: dict[str, Any]) -> dict[str, Any]:
        """The results of a block of pictures, in its order."""
        said: list[PictureResult | Stopped] = []
        try:
            if self._fault is None:
                tasks = [pickle.loads(task) for task in block["task"]]  # noqa: S301
                said += (replace(result, picture=KNOWN) for result in self._batch.results(tasks))
        except Exception as error:  # noqa: BLE001
            self._fault = _stopped(error)
        if self._fault is not None:
            said = [self._fault]
        return {"result": [pickle.dumps(each) for each in said]}


def _knock(address: str) -> None:
    """Ask whether anybody listens at ``HOST:PORT``, which Ray would for minutes.

    Raises:
        OSError: nobody.
    """
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if port.isascii() and port.isdigit() and int(port) < 1 << 16:
        socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()


class _OneThread:
    """A stream that takes what one thread writes: Ray's listeners print the cluster's warnings on standard output, which is the result's."""

    def __init__(self, stream: Any) -> None:
        self._stream, self._owner = stream, threading.get_ident()

    def write(self, text: str) -> int:
        """Write it, or drop what another thread says."""
        return int(self._stream.write(text)) if threading.get_ident() == self._owner else len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextlib.contextmanager
def _without_rays_words() -> Iterator[None]:
    """Keep the standard streams to this command: Ray warns there of what it mends itself, by threads and by native code."""
    ours: Any = None if sys.stdout is None else _OneThread(sys.stdout)
    with contextlib.redirect_stdout(ours), _native_code_silenced():
        yield


@contextlib.contextmanager
def _native_code_silenced() -> Iterator[None]:
    """Send file descriptor 2 to nowhere; what Python writes to standard error still gets where it did."""
    stream = sys.stderr
    try:
        stream.flush()
        kept = os.dup(2)
        ours = stream.fileno() == 2
    except (OSError, ValueError, AttributeError):  # none, or one of a test's own
        yield
        return
    with (
        Path(os.devnull).open("wb") as nowhere,
        os.fdopen(os.dup(kept), "w", encoding=stream.encoding, errors=stream.errors) as other,
    ):
        os.dup2(nowhere.fileno(), 2)
        try:
            with contextlib.redirect_stderr(other if ours else stream):
                yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def _passing(waiting: deque[Task | PictureResult]) -> Iterator[PictureResult]:
    """The results that wait for nobody."""
    while waiting and isinstance(waiting[0], PictureResult):
        result = waiting.popleft()
        if isinstance(result, PictureResult):
            yield result


def _stopped(error: Exception) -> Stopped:
    message = str(error) if isinstance(error, FerEdgeError) else first_line(error)
    return Stopped(f"a worker on {os.uname().nodename}: {message}", isinstance(error, FerEdgeError | OSError))
