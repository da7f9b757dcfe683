"""Camera bytes to RGB, right and wrong: strides, chroma planes, color matrices."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fer_edge.runtime.camera import upright
from fer_edge.runtime.frame import Frame
from fer_edge.runtime.golden import RgbaFrame, StoredFrame, StoredPlane, YuvFrame

_ROWS = 256
"""Rows that are converted at a time: what floats of a large picture need stays small."""
MATRICES: dict[str, tuple[float, float, float, float, float, float]] = {
    "limited-range": (16.0, 1.164383, 1.596027, -0.391762, -0.812968, 2.017232),
    "bt709": (0.0, 1.0, 1.5748, -0.187324, -0.468124, 1.8556),
    "bt709-limited": (16.0, 1.164383, 1.792741, -0.213249, -0.532909, 2.112402),
}
"""Offset and factor of Y, then V in red, U in green, V in green, U in blue. Source: BT.601-7 and BT.709-6, 8 bits."""


def to_rgb(frame: StoredFrame, stride: str, chroma: str, matrix: str) -> NDArray[np.uint8]:
    """The picture as stored, before any rotation.

    Args:
        frame: as the camera gave it, and sound.
        stride: ``right``, or ``stride-ignored``: rows are taken to follow each other without padding.
        chroma: ``right``, ``uv-swapped``, ``pixel-stride`` (interleaved samples read as planes, planes as
            interleaved ones), ``luma-only`` or ``chroma-zero``.
        matrix: ``right`` or one of ``MATRICES``.

    Returns:
        (height, width, 3) uint8 RGB; samples beyond a buffer's end are 0.
    """
    if isinstance(frame, RgbaFrame):
        row = 4 * frame.width if stride != "right" else frame.row_stride
        data = _extended(frame.data, row * frame.height)
        return np.ndarray((frame.height, frame.width, 4), np.uint8, data, 0, (row, 4, 1))[:, :, :3].copy()
    told = _without_padding(frame) if stride != "right" else frame
    planes = _chroma(told, chroma)
    return _right(frame, planes) if matrix == "right" else _by_matrix(frame, planes, MATRICES[matrix])


Planes = tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]


def _extended(data: bytes, length: int) -> bytes:
    return data if len(data) >= length else data + bytes(length - len(data))


def _without_padding(frame: YuvFrame) -> YuvFrame:
    columns = (frame.width + 1) // 2 * frame.u.pixel_stride
    return replace(
        frame,
        y=replace(frame.y, row_stride=frame.width),
        u=replace(frame.u, row_stride=columns),
        v=replace(frame.v, row_stride=columns),
    )


def _samples(plane: StoredPlane, rows: int, columns: int) -> NDArray[np.uint8]:
    step = plane.pixel_stride
    need = (rows - 1) * plane.row_stride + (columns - 1) * step + 1
    return np.ndarray(
        (rows, columns), np.uint8, _extended(plane.data, need), 0, (plane.row_stride, step)
    ).copy()


def _chroma(frame: YuvFrame, chroma: str) -> Planes:
    rows, columns = (frame.height + 1) // 2, (frame.width + 1) // 2
    y = _samples(frame.y, frame.height, frame.width)
    if chroma == "pixel-stride":
        return (y, *_other_pixel_stride(frame, rows, columns))
    if chroma in ("luma-only", "chroma-zero"):
        flat = np.full((rows, columns), 128 if chroma == "luma-only" else 0, np.uint8)
        return y, flat, flat
    u, v = _samples(frame.u, rows, columns), _samples(frame.v, rows, columns)
    return (y, v, u) if chroma == "uv-swapped" else (y, u, v)


def _other_pixel_stride(
    frame: YuvFrame, rows: int, columns: int
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Interleaved chroma read as two planes (I420), or planes read as interleaved (NV21)."""
    count = rows * columns
    if frame.u.pixel_stride == 2:
        u, v = (
            np.frombuffer(_extended(plane.data, count), np.uint8)[:count].reshape(rows, columns)
            for plane in (frame.u, frame.v)
        )
        return u, v
    both = np.concatenate(
        [_samples(frame.u, rows, columns).ravel(), _samples(frame.v, rows, columns).ravel()]
    )
    return both[1::2].reshape(rows, columns), both[::2].reshape(rows, columns)


def _right(frame: YuvFrame, planes: Planes) -> NDArray[np.uint8]:
    columns = (frame.width + 1) // 2
    told = Frame.from_yuv420(
        *(plane.tobytes() for plane in planes),
        width=frame.width,
        height=frame.height,
        y_row_stride=frame.width,
        uv_row_stride=columns,
        uv_pixel_stride=1,
    )
    return upright(told)


def _by_matrix(
    frame: YuvFrame, planes: Planes, numbers: tuple[float, float, float, float, float, float]
) -> NDArray[np.uint8]:
    offset, factor, red, green_u, green_v, blue = numbers
    y, u, v = planes
    out = np.empty((frame.height, frame.width, 3), np.uint8)
    columns = np.arange(frame.width) // 2
    for top in range(0, frame.height, _ROWS):
        rows = np.arange(top, min(top + _ROWS, frame.height))
        luma = (
            np.maximum(y[rows].astype(np.float32) - offset, 0) * factor
        )  # as OpenCV and TensorFlow's demo do
        du = u[rows // 2][:, columns].astype(np.float32) - 128
        dv = v[rows // 2][:, columns].astype(np.float32) - 128
        colors = (luma + red * dv, luma + green_u * du + green_v * dv, luma + blue * du)
        out[rows] = np.clip(np.rint(np.stack(colors, axis=-1)), 0, 255)
    return out
