"""The work that a child times: the calls behind the stages of one artifact."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import perf_counter_ns
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.bench.measure.engines import choose_engine
from fer_edge.runtime.camera import prepare
from fer_edge.runtime.contract import Contract
from fer_edge.runtime.engines import Session
from fer_edge.runtime.frame import Frame
from fer_edge.runtime.model import Model

WIDTH, HEIGHT, ROTATION = 640, 480, 90
BOX = (130.0, 170.0, 350.0, 390.0)
"""A face of 220 pixels in the middle of the upright picture of 480x640, as a phone at arm's length sees it."""


class Work:
    """An artifact opened in its engine, and the calls that its stages time.

    Attributes:
        load_ns: file to ready engine; the engine's library had been imported before.
        first_ns: the first inference after it.
        calls: stage -> what one sample of it does.
        engine: library and version.
    """

    def __init__(self, path: Path, format: str, engine: str, threads: int, contract: Contract) -> None:  # noqa: A002
        begin = perf_counter_ns()
        session: Session = choose_engine(format, engine).open(path, contract, threads)
        self.load_ns = perf_counter_ns() - begin
        self.engine = session.engine
        model = Model(contract, None, path, session)
        tensor = _camera(contract)()
        begin = perf_counter_ns()
        model.run(tensor)
        self.first_ns = perf_counter_ns() - begin
        self.calls: dict[str, Callable[[], object]] = {
            "inference": session.bind(tensor),
            "camera": _camera(contract),
            "whole": _whole(model),
        }


def nv21(seed: int = 0) -> bytes:
    """A camera picture of smooth shapes and some noise: Y of 640x480, then V and U in turns; the same for one seed."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
    shapes = 128 + 70 * np.sin(rows / 47.0) * np.cos(columns / 61.0)
    luma = np.clip(shapes + random.normal(0, 6, (HEIGHT, WIDTH)), 0, 255).astype(np.uint8)
    chroma = np.clip(random.normal(128, 12, (HEIGHT // 2, WIDTH)), 0, 255).astype(np.uint8)
    return bytes(luma.tobytes() + chroma.tobytes())


def planes(picture: bytes) -> tuple[bytes, bytes, bytes]:
    """Y, U and V as Android hands them over: U and V are the same memory, one byte apart."""
    luma = WIDTH * HEIGHT
    return picture[:luma], picture[luma + 1 :], picture[luma:]


def _frame(y: bytes, u: bytes, v: bytes) -> Frame:
    return Frame.from_yuv420(
        y,
        u,
        v,
        width=WIDTH,
        height=HEIGHT,
        y_row_stride=WIDTH,
        uv_row_stride=WIDTH,
        uv_pixel_stride=2,
        rotation=ROTATION,
    )


def _camera(contract: Contract) -> Callable[[], NDArray[Any]]:
    camera = planes(nv21())
    return lambda: prepare(_frame(*camera), contract, BOX)


def _whole(model: Model) -> Callable[[], object]:
    camera = planes(nv21())
    return lambda: model.run(prepare(_frame(*camera), model.contract, BOX))
