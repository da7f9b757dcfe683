"""Step 6 of the camera specification: Skia's bilinear filter of Android's ``createScaledBitmap``.

Source: Skia ``SkBitmapProcState_matrixProcs.cpp`` and ``SkBitmapProcState_opts.h``.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fer_edge.runtime.camera.scratch import scratch

_CHUNK = 127
"""Skia computes so many target pixels of a row from one starting point."""


class Axis(NamedTuple):
    """One axis from n source to m target pixels.

    Attributes:
        needed: the source positions that any target pixel uses, rising, each once.
        low: which of ``needed`` is the first neighbor of each target pixel: indices, or a slice where they form one.
        high: the same of the second neighbor.
        weight: (m,) uint16, sixteenths of the second neighbor, 0 to 15.
    """

    needed: NDArray[np.intp]
    low: NDArray[np.intp] | slice
    high: NDArray[np.intp] | slice
    weight: NDArray[np.uint16]


@lru_cache(maxsize=512)
def axis(source: int, target: int, *, chunked: bool) -> Axis:
    """The pixels that one axis of the scaler needs, and their weights.

    Args:
        source: pixels before.
        target: pixels after.
        chunked: the x axis, which Skia steps in chunks; the y axis takes each row by itself.
    """
    first, second, weight = neighbors(source, target, chunked=chunked)
    needed, where = np.unique(np.concatenate((first, second)), return_inverse=True)
    return Axis(needed, _as_slice(where[:target]), _as_slice(where[target:]), weight)


def neighbors(
    source: int, target: int, *, chunked: bool
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.uint16]]:
    """Both neighbors of each target pixel, 0 to source-1, and the sixteenths of the second one, 0 to 15."""
    inverse = np.float32(1) / (np.float32(target) / np.float32(source))
    position = np.arange(target, dtype=np.int64)
    start = position - position % _CHUNK if chunked else position
    # One float32 multiplication; the shift by 32 bits is exact.
    center = (start.astype(np.float32) + np.float32(0.5)) * inverse
    fixed = (center.astype(np.float64) * 2.0**32).astype(np.int64) - (1 << 31)
    fixed += (position - start) * int(float(inverse) * 2.0**32)
    grid = fixed >> 16
    whole = grid >> 16
    low = np.clip(whole, 0, source - 1).astype(np.intp)
    high = np.clip(whole + 1, 0, source - 1).astype(np.intp)
    return low, high, ((grid >> 12) & 15).astype(np.uint16)


def blend(plane: NDArray[np.uint16], rows: Axis, columns: Axis) -> NDArray[np.uint8]:
    """Scale one color.

    Sums of products of integers, so the order of the axes does not matter; 255 * 16 * 16 fits uint16.

    Args:
        plane: (len(rows.needed), len(columns.needed)) uint16, 0 to 255.
        rows: of the stored frame.
        columns: of the stored frame.

    Returns:
        (target rows, target columns) uint8.
    """
    weight = rows.weight[:, np.newaxis]
    tall = _weighted(_rows(plane, rows.low), 16 - weight, _rows(plane, rows.high), weight, "rows")
    weight = columns.weight
    wide = _weighted(
        _columns(tall, columns.low), 16 - weight, _columns(tall, columns.high), weight, "columns"
    )
    wide >>= np.uint16(8)
    return wide.astype(np.uint8)


def _weighted(
    first: NDArray[np.uint16],
    one: NDArray[np.uint16],
    second: NDArray[np.uint16],
    other: NDArray[np.uint16],
    purpose: str,
) -> NDArray[np.uint16]:
    total: NDArray[np.uint16] = np.multiply(
        first, one, out=scratch(f"{purpose} first", first.shape, np.uint16)
    )
    total += np.multiply(second, other, out=scratch(f"{purpose} second", first.shape, np.uint16))
    return total


def _rows(plane: NDArray[np.uint16], which: NDArray[np.intp] | slice) -> NDArray[np.uint16]:
    return plane[which] if isinstance(which, slice) else plane.take(which, axis=0, mode="clip")


def _columns(plane: NDArray[np.uint16], which: NDArray[np.intp] | slice) -> NDArray[np.uint16]:
    return plane[:, which] if isinstance(which, slice) else plane.take(which, axis=1, mode="clip")


def _as_slice(indices: NDArray[np.intp]) -> NDArray[np.intp] | slice:
    """Evenly rising indices as the slice that they are: no copy is made of what it picks."""
    steps = np.diff(indices)
    if len(steps) and steps[0] > 0 and (steps == steps[0]).all():
        return slice(int(indices[0]), int(indices[-1]) + 1, int(steps[0]))
    return indices
