"""Step 2 of the camera specification: stored bytes to RGB, for the rows and columns that are asked for.

BT.601 full range in integers. Source: libyuv ``row_common.cc`` (YuvPixel, kYvuJPEGConstants).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.runtime.camera.scratch import scratch
from fer_edge.runtime.frame import Frame

Indices = NDArray[np.intp]
"""Positions along one axis of the stored frame, rising or falling."""


def color_planes(frame: Frame, rows: Indices, columns: Indices) -> Iterator[NDArray[np.uint16]]:
    """The pixels at ``rows`` x ``columns`` of the stored (not rotated) frame, one color after the other.

    Args:
        frame: the picture.
        rows: of the stored frame, rising or falling.
        columns: of the stored frame, rising or falling.

    Yields:
        (rows, columns) uint16, 0 to 255: R, then G, then B. uint16, since the scaler goes on with that. Each is valid
        until the next is asked for.
    """
    if frame.kind == "rgba":
        # Four bytes at a time; which of them is which is settled afterwards.
        pixels = _pick(frame.planes[0].view(np.uint32)[:, :, 0], rows, columns)
        channels = np.ascontiguousarray(pixels).view(np.uint8).reshape(*pixels.shape, 4)
        for channel in range(3):
            yield channels[:, :, channel].astype(np.uint16)
        return
    yield from _yuv_planes(frame, rows, columns)


def _yuv_planes(frame: Frame, rows: Indices, columns: Indices) -> Iterator[NDArray[np.uint16]]:
    y, u, v = frame.planes
    luma = _luma(_pick(y, rows, columns))
    chroma_rows, row_of = _halved(rows)
    chroma_columns, column_of = _halved(columns)
    du = np.subtract(_pick(u, chroma_rows, chroma_columns), 128, dtype=np.int16)
    dv = np.subtract(_pick(v, chroma_rows, chroma_columns), 128, dtype=np.int16)
    wide = scratch("chroma", (len(chroma_rows), len(columns)), np.int16)
    value = scratch("color", luma.shape, np.int16)
    for term in (90 * dv, -22 * du - 46 * dv, 113 * du):
        term.take(column_of, axis=1, out=wide, mode="clip")
        wide.take(row_of, axis=0, out=value, mode="clip")
        value += luma
        value >>= 6
        np.clip(value, 0, 255, out=value)
        yield value.view(np.uint16)


def _luma(y: NDArray[np.uint8]) -> NDArray[np.int16]:
    """``((Y*257*16320) >> 16) + 32``, which is 32 for Y = 0 and 64*Y + 31 for all others; every sum fits int16."""
    value: NDArray[np.int16] = scratch("luma", y.shape, np.int16)
    value[...] = y
    value <<= 6
    value += 31
    value += y == 0
    return value


def _halved(positions: Indices) -> tuple[Indices, Indices]:
    """The chroma positions of luma positions, each once, and which of them belongs to each luma position."""
    halves = positions >> 1
    new = np.ones(len(halves), bool)
    np.not_equal(halves[1:], halves[:-1], out=new[1:])
    return halves[new], new.cumsum() - 1


def _pick(plane: NDArray[Any], rows: Indices, columns: Indices) -> NDArray[Any]:
    """``plane[rows][:, columns]``; runs without gaps are views, and no more than their bounds is ever copied."""
    top, left = min(rows[0], rows[-1]), min(columns[0], columns[-1])
    part = plane[top : max(rows[0], rows[-1]) + 1, left : max(columns[0], columns[-1]) + 1]
    if len(part) != len(rows):
        part = part[rows - top]
    elif rows[0] > rows[-1]:
        part = part[::-1]
    if part.shape[1] != len(columns):
        picked: NDArray[Any] = part.take(columns - left, axis=1, mode="clip")
        return picked
    return part[:, ::-1] if columns[0] > columns[-1] else part
