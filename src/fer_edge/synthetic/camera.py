"""Upright RGB pictures -> what a phone's camera delivers: turned, as RGBA or YUV 4:2:0, rows padded.

BT.601 full range, the color space Android attaches to YUV_420_888 (V0_JFIF); chroma is the mean of 2 x 2 pixels.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fer_edge.runtime import Frame
from fer_edge.runtime.closest import unknown
from fer_edge.runtime.errors import FrameError
from fer_edge.synthetic.streams import choose

KINDS: Final[tuple[str, ...]] = ("rgba", "nv21", "nv12", "i420")

_RGB_TO_YUV = np.array(
    [[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]], np.float32
).T
"""JFIF 1.02, section "RGB to YCbCr"."""


def as_frame(rng: np.random.Generator, picture: NDArray[np.uint8], kind: str | None) -> Frame:
    """A camera frame whose upright picture is ``picture``.

    Args:
        rng: decides on the rotation, the padding and, for ``kind`` None, on the kind.
        picture: (H, W, 3) uint8.
        kind: one of :data:`KINDS`, or None or ``mixed`` for any of them.

    Raises:
        FrameError: unknown kind.
    """
    if kind is not None and kind != "mixed" and kind not in KINDS:
        raise FrameError(unknown("camera", kind, (*KINDS, "mixed")))
    drawn = choose(rng, KINDS)
    rotation, padding = 90 * int(rng.integers(4)), int(rng.integers(0, 3)) * 8
    stored = np.ascontiguousarray(np.rot90(picture, rotation // 90))
    chosen = drawn if kind in (None, "mixed") else kind
    return _rgba(stored, padding, rotation) if chosen == "rgba" else _yuv(stored, padding, rotation, chosen)


def _rgba(picture: NDArray[np.uint8], padding: int, rotation: int) -> Frame:
    height, width = picture.shape[:2]
    rows = np.zeros((height, width * 4 + padding * 4), np.uint8)
    pixels = np.dstack([picture, np.full((height, width), 255, np.uint8)])
    rows[:, : width * 4] = pixels.reshape(height, -1)
    return Frame.from_rgba(
        rows.tobytes(), width=width, height=height, row_stride=rows.shape[1], rotation=rotation
    )


def _yuv(picture: NDArray[np.uint8], padding: int, rotation: int, kind: str) -> Frame:
    height, width = picture.shape[:2]
    luma, u, v = _planes(picture)
    rows = np.zeros((height, width + padding), np.uint8)
    rows[:, :width] = luma
    if kind == "i420":
        planes, stride, step = (_pad(u, padding), _pad(v, padding)), u.shape[1] + padding, 1
    else:
        pair = np.stack([u, v] if kind == "nv12" else [v, u], axis=2).reshape(u.shape[0], -1)
        chroma, stride, step = _pad(pair, padding), pair.shape[1] + padding, 2
        planes = (chroma, chroma[1:]) if kind == "nv12" else (chroma[1:], chroma)
    return Frame.from_yuv420(
        rows.tobytes(), *planes, width=width, height=height, y_row_stride=rows.shape[1],
        uv_row_stride=stride, uv_pixel_stride=step, rotation=rotation,
    )  # fmt: skip


def _planes(picture: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]:
    height, width = picture.shape[:2]
    yuv = picture.astype(np.float32) @ _RGB_TO_YUV
    luma = _byte(yuv[:, :, 0])
    # Odd sizes: the last row and column stand for themselves.
    even = np.pad(yuv[:, :, 1:], ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    chroma = (even[0::2, 0::2] + even[1::2, 0::2] + even[0::2, 1::2] + even[1::2, 1::2]) / 4 + 128
    return luma, _byte(chroma[:, :, 0]), _byte(chroma[:, :, 1])


def _byte(values: NDArray[np.floating[Any]]) -> NDArray[np.uint8]:
    found: NDArray[np.uint8] = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return found


def _pad(plane: NDArray[np.uint8], padding: int) -> bytes:
    return np.pad(plane, ((0, 0), (0, padding))).tobytes()
