"""Step 6 of the camera specification: Skia's bilinear filter of Android's ``createScaledBitmap``.

Source: Skia ``SkBitmapProcState_matrixProcs.cpp`` and ``SkBitmapProcState_opts.h``.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_CHUNK = 127
"""Skia computes so many target pixels of a row from one starting point."""


class Axis(NamedTuple):
    """One axis from n source to m target pixels.

    Attributes:
        low: (m,) position of the first neighbor, 0 to n-1.
        high: (m,) position of the second one.
        weight: (m,) uint16, sixteenths of the second one, 0 to 15.
    """

    low: NDArray[np.intp]
    high: NDArray[np.intp]
    weight: NDArray[np.uint16]


@lru_cache(maxsize=256)
def axis(source: int, target: int, *, chunked: bool) -> Axis:
    """Neighbors and weights of one axis.

    Args:
        source: pixels before.
        target: pixels after.
        chunked: the x axis, which Skia steps in chunks; the y axis takes each row by itself.
    """
    inverse = np.float32(1) / (np.float32(target) / np.float32(source))
    position = np.arange(target, dtype=np.int64)
    start = position - position % _CHUNK if chunked else position
    # One float32 multiplication; the shift by 32 bits is exact.
    centre = (start.astype(np.float32) + np.float32(0.5)) * inverse
    fixed = (centre.astype(np.float64) * 2.0**32).astype(np.int64) - (1 << 31)
    fixed += (position - start) * int(float(inverse) * 2.0**32)
    grid = fixed >> 16
    whole = grid >> 16
    low = np.clip(whole, 0, source - 1).astype(np.intp)
    high = np.clip(whole + 1, 0, source - 1).astype(np.intp)
    weight = ((grid >> 12) & 15).astype(np.uint16)
    for table in (low, high, weight):
        table.flags.writeable = False
    return Axis(low, high, weight)
