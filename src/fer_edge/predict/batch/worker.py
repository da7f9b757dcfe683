"""A worker process: opens the model for itself and recognizes one picture after the other, until its parent hangs up."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from typing import Any

from fer_edge.predict.detection import finder_of
from fer_edge.predict.model_options import load_chosen
from fer_edge.predict.outputs.sink import Sink
from fer_edge.predict.recognition import FindFaces, pixels_of, recognize_picture
from fer_edge.predict.result import PictureResult
from fer_edge.predict.sources.picture import SourcePicture
from fer_edge.runtime.errors import FerEdgeError, first_line
from fer_edge.runtime.model import Model


@dataclass(frozen=True, slots=True)
class WorkerPlan:
    """What a worker needs to answer as its parent would.

    Attributes:
        given: the command's options by name, of which those of model and faces are used.
        hashing: results tell the SHA-256 of the picture file.
        sinks: the outputs that write files of one picture, each a copy.
    """

    given: Mapping[str, Any]
    hashing: bool
    sinks: Sequence[Sink]


@dataclass(frozen=True, slots=True)
class Task:
    """One picture; with what is known of it already, it is only given to the outputs."""

    picture: SourcePicture
    known: PictureResult | None = None


KNOWN = SourcePicture("", "")
"""In place of the picture, which the parent has; its bytes shall not travel back."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """Why the worker cannot go on; nothing of the picture."""

    message: str
    expected: bool


def main(descriptor: int) -> None:
    """Answer tasks until the parent hangs up."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    parent = Connection(descriptor)
    try:
        _import_early()
        _serve(parent)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return
    except Exception as error:  # noqa: BLE001 - told to the parent, which ends the command with it
        parent.send(Stopped(_sentence(error), isinstance(error, FerEdgeError | OSError)))


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error) if isinstance(error, FerEdgeError) else first_line(error)


def _import_early() -> None:
    """Bring the libraries while the parent still opens its own model."""
    import PIL.JpegImagePlugin  # noqa: F401

    from fer_edge.runtime.extras import require

    # Workers share the cores already.
    require("cv2", "predict").setNumThreads(1)


def _serve(parent: Connection) -> None:
    plan: WorkerPlan = parent.recv()
    find, model = finder_of(plan.given, plan.given["faces_path"]), load_chosen(plan.given)
    parent.send(os.getpid())
    while True:
        task: Task = parent.recv()
        parent.send(answer(task, plan, find, model))


def answer(task: Task, plan: WorkerPlan, find: FindFaces, model: Model) -> PictureResult:
    """The result of a task, given to the outputs that are the worker's; without the picture, which the parent has.

    Raises:
        FerEdgeError: an output cannot be written.
    """
    if task.known is None:
        result, pixels = recognize_picture(task.picture, find, model, hashing=plan.hashing)
    else:
        result, pixels = task.known, pixels_of(task.picture)
    for sink in plan.sinks:
        sink.write(result, pixels)
    return replace(result, picture=KNOWN)
