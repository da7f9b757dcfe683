"""A split as arrays: every face rendered or decoded once, its crops kept as bytes, in memory or in a file (:mod:`crop_cache`)."""

from __future__ import annotations

import math
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from multiprocessing import resource_tracker

import numpy as np
from numpy.typing import NDArray

from fer_edge.runtime.errors import FerEdgeError
from fer_edge.train.data.faces import Crops, Faces

CHUNK = 64
"""Faces that a worker process takes at a time."""
AHEAD = 4
"""Chunks a worker process that may wait to be taken."""
LARGEST_BYTES = 6 << 30
"""Of the crops of a split in memory."""


@dataclass(frozen=True)
class Arrays:
    """A split.

    Attributes:
        crops: (n, views, channels, height, width) uint8; view 0 is the unjittered box. May be mapped from a file.
        labels: (n, classes) float32 distributions.
        clear: (n,) bool.
    """

    crops: NDArray[np.uint8]
    labels: NDArray[np.float32]
    clear: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.labels)


def load(
    faces: Faces,
    crops: Crops,
    columns: Sequence[int],
    *,
    workers: int | None = None,
    advance: Callable[[int], None] = lambda _: None,
) -> Arrays:
    """Render or decode all faces; the result does not depend on the number of workers.

    Args:
        faces: the split.
        crops: what is cut out of each.
        columns: which of the eight emotions are classes, in their order.
        workers: processes; None: one a core; 1: in this process.
        advance: told how many more faces are done.

    Raises:
        FerEdgeError: the arrays would not fit in memory, or a label has nothing among the classes.
    """
    _check_size(len(faces), crops)
    arrays = Arrays(
        np.empty(shape_of(len(faces), crops), np.uint8),
        np.empty((len(faces), len(columns)), np.float32),
        np.empty(len(faces), np.bool_),
    )
    done = 0
    with closing(chunks(faces, crops, columns, workers=workers)) as parts:
        for part in parts:
            place = slice(done, done + len(part))
            arrays.crops[place], arrays.labels[place], arrays.clear[place] = (
                part.crops,
                part.labels,
                part.clear,
            )
            done += len(part)
            advance(len(part))
    return arrays


def shape_of(count: int, crops: Crops) -> tuple[int, int, int, int, int]:
    """Of the crops of so many faces."""
    return count, crops.views, crops.channels, crops.height, crops.width


def chunks(
    faces: Faces, crops: Crops, columns: Sequence[int], *, workers: int | None = None
) -> Generator[Arrays]:
    """The faces in their order, ``CHUNK`` at a time; close the iterator to end the processes early.

    Args:
        faces: the split.
        crops: what is cut out of each.
        columns: which places of a face's label are classes, in their order.
        workers: processes; None: one a core; 1: in this process.
    """
    ranges = [range(start, min(start + CHUNK, len(faces))) for start in range(0, len(faces), CHUNK)]
    count = min(workers or cores(), len(ranges))
    if count <= 1:
        yield from (_chunk(faces, crops, columns, chunk) for chunk in ranges)
        return
    # spawn: a forked child would inherit torch's and OpenCV's thread pools in an undefined state.
    context = multiprocessing.get_context("spawn")
    others = set(multiprocessing.active_children())
    # Each process gets the faces once: the list of a large data set is some hundred megabytes.
    given = (faces, crops, tuple(columns))
    with ProcessPoolExecutor(count, context, initializer=_start_worker, initargs=given) as pool:
        try:
            yield from _in_order(pool, ranges, AHEAD * count)
        except BaseException:  # Ctrl-C above all: nobody waits for the rest any more
            pool.shutdown(wait=False, cancel_futures=True)
            for process in set(multiprocessing.active_children()) - others:
                process.terminate()
            raise


def _in_order(pool: ProcessPoolExecutor, ranges: Sequence[range], ahead: int) -> Iterator[Arrays]:
    """Never more than ``ahead`` chunks that are done and not taken: whoever writes them may be slower."""
    tasks: deque[Future[Arrays]] = deque()
    for chunk in ranges:
        with _interrupts_blocked():
            tasks.append(pool.submit(_own_chunk, chunk))
        if len(tasks) >= ahead:
            yield tasks.popleft().result()
    while tasks:
        yield tasks.popleft().result()


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Processes started meanwhile ignore Ctrl-C: this one takes it and stops them, without a traceback of each."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    # It would be started with the first process, and lets the signal through again.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


_WORK: list[tuple[Faces, Crops, Sequence[int]]] = []
"""In a worker process: what it was started with."""


def _start_worker(faces: Faces, crops: Crops, columns: Sequence[int]) -> None:
    import cv2

    _WORK.append((faces, crops, columns))
    cv2.setNumThreads(1)
    # A killed training must not leave workers behind that wait for work for ever.
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _own_chunk(chunk: range) -> Arrays:
    return _chunk(*_WORK[-1], chunk)


def _chunk(faces: Faces, crops: Crops, columns: Sequence[int], chunk: range) -> Arrays:
    drawn = [(index, faces[index]) for index in chunk]
    return Arrays(
        crops=np.stack([crops.of_face(face, index) for index, face in drawn]),
        labels=np.stack([distribution(face.label, columns) for _, face in drawn]),
        clear=np.array([face.clear for _, face in drawn]),
    )


def distribution(label: NDArray[np.float32], columns: Sequence[int]) -> NDArray[np.float32]:
    """A label over the eight emotions, cut to the classes and scaled to sum 1.

    Raises:
        FerEdgeError: nothing of it is among the classes.
    """
    chosen = label[list(columns)]
    total = float(chosen.sum())
    if total <= 0:
        raise FerEdgeError(
            f"a face's label {label.tolist()} has nothing among the chosen classes {list(columns)}"
        )
    return (chosen / total).astype(np.float32)


def bytes_of(count: int, crops: Crops) -> int:
    """Of the crops of so many faces."""
    return math.prod(shape_of(count, crops))


def _check_size(count: int, crops: Crops) -> None:
    size = bytes_of(count, crops)
    if count < 1:
        raise FerEdgeError("a split of 0 faces cannot be trained on or judged; raise --limit")
    if size > LARGEST_BYTES:
        raise FerEdgeError(
            f"{count} faces of {crops.width}x{crops.height}x{crops.channels} with {crops.views} crops each take {size >> 20} MiB;"
            f" at most {LARGEST_BYTES >> 20} in memory: lower --limit, --views or --size"
        )
