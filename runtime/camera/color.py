"""Step 2 of the camera specification: stored bytes to RGB, for the rows and columns that are asked for.

BT.601 full range in integers. Source: libyuv ``row_common.cc`` (YuvPixel, kYvuJPEGConstants).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.runtime.frame import Frame

Indices = NDArray[np.intp]


def planar_rgb(frame: Frame, rows: Indices, columns: Indices) -> NDArray[np.uint8]:
    """The pixels at ``rows`` x ``columns`` of the stored (not rotated) frame.

    Args:
        frame: the picture.
        rows: of the stored frame, any order.
        columns: of the stored frame, any order.

    Returns:
        (3, rows, columns) uint8: R, G, B.
    """
    if frame.kind == "rgba":
        picked = frame.planes[0][:, :, :3].take(rows, axis=0).take(columns, axis=1)
        return np.ascontiguousarray(picked.transpose(2, 0, 1))
    return _yuv(frame, rows, columns)


def _yuv(frame: Frame, rows: Indices, columns: Indices) -> NDArray[np.uint8]:
    y, u, v = frame.planes
    luma = _luma(y.take(rows, axis=0).take(columns, axis=1))
    chroma_rows, row_of = np.unique(rows >> 1, return_inverse=True)
    chroma_columns, column_of = np.unique(columns >> 1, return_inverse=True)
    du = np.subtract(u.take(chroma_rows, axis=0).take(chroma_columns, axis=1), 128, dtype=np.int16)
    dv = np.subtract(v.take(chroma_rows, axis=0).take(chroma_columns, axis=1), 128, dtype=np.int16)
    rgb = np.empty((3, len(rows), len(columns)), np.uint8)
    terms: tuple[NDArray[Any], ...] = (90 * dv, -22 * du - 46 * dv, 113 * du)
    for channel, term in enumerate(terms):
        value = term.take(column_of, axis=1).take(row_of, axis=0)
        value += luma
        value >>= 6
        np.clip(value, 0, 255, out=value)
        rgb[channel] = value
    return rgb


def _luma(y: NDArray[np.uint8]) -> NDArray[np.int16]:
    """``((Y*257*16320) >> 16) + 32``, which is 32 for Y = 0 and 64*Y + 31 for all others; every sum fits int16."""
    value = y.astype(np.int16)
    value <<= 6
    value += 31
    value += y == 0
    return value
