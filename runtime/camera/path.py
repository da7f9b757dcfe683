"""The camera path: from camera bytes to the model's input tensor, one path for every caller.

Only the pixels that the scaler addresses are ever converted, in the frame as it was stored; rotation and mirror are
index arithmetic. Every byte equals that of doing the steps of the specification one after another on the whole frame.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.runtime.camera.color import planar_rgb
from fer_edge.runtime.camera.geometry import axes, crop, stored, upright_size
from fer_edge.runtime.camera.scaler import Axis, axis
from fer_edge.runtime.camera.tables import to_tensor
from fer_edge.runtime.contract import LARGEST_SIDE, Contract
from fer_edge.runtime.errors import FrameError
from fer_edge.runtime.frame import Frame


def upright(frame: Frame, mirror: bool = False) -> NDArray[np.uint8]:
    """The whole picture after rotation and mirror (steps 1 to 4).

    Args:
        frame: the camera's picture.
        mirror: left-right, after the rotation.

    Returns:
        (H, W, 3) uint8 RGB, contiguous.
    """
    turned = axes(frame.rotation, mirror=mirror)
    width, height = upright_size(frame)
    x = stored(np.arange(width), width, is_reversed=turned.x_reversed)
    y = stored(np.arange(height), height, is_reversed=turned.y_reversed)
    rows, columns = (x, y) if turned.swapped else (y, x)
    rgb = planar_rgb(frame, rows, columns)
    return np.ascontiguousarray(rgb.transpose(2, 1, 0) if turned.swapped else rgb.transpose(1, 2, 0))


def scaled(
    frame: Frame,
    width: int,
    height: int,
    *,
    box: Sequence[float] | None = None,
    crop_margin: float = 0.0,
    mirror: bool = False,
) -> NDArray[np.uint8]:
    """The picture, or a box of it, in the model's size (steps 1 to 6).

    Args:
        frame: the camera's picture.
        width: of the result, in pixels.
        height: of the result, in pixels.
        box: x0, y0, x1, y1 in pixels of the upright (and mirrored) image; None: the whole picture, without margin.
        crop_margin: by which the box grows on each side, in its widths and heights.
        mirror: left-right, after the rotation.

    Returns:
        (height, width, 3) uint8 RGB, contiguous.

    Raises:
        FrameError: a box that is empty inside the image or not four finite numbers; a size below 1; a margin that is
            negative or not finite.
    """
    return np.ascontiguousarray(_scaled(frame, width, height, box, crop_margin, mirror))


def prepare(frame: Frame, contract: Contract, box: Sequence[float] | None = None) -> NDArray[Any]:
    """Exactly what the model gets for this picture (steps 1 to 9).

    Args:
        frame: the camera's picture.
        contract: of the artifact; its margin and mirror are applied.
        box: x0, y0, x1, y1 of a face before the margin, in pixels of the upright image; None: the whole picture.

    Returns:
        (1, C, H, W) or (1, H, W, C) in the contract's layout and dtype.

    Raises:
        FrameError: as in :func:`scaled`.
    """
    camera = contract.camera
    rgb = _scaled(frame, contract.input.width, contract.input.height, box, camera.crop_margin, camera.mirror)
    return to_tensor(rgb, contract)


def _scaled(
    frame: Frame,
    width: int,
    height: int,
    box: Sequence[float] | None,
    margin: float,
    mirror: bool,
) -> NDArray[np.uint8]:
    width, height = _target(width), _target(height)
    if not 0 <= margin < float("inf"):
        raise FrameError(f"margin of the box is {margin}; allowed: a finite number, 0 or more")
    image_width, image_height = upright_size(frame)
    left, top, right, bottom = crop(box, margin, image_width, image_height)
    turned = axes(frame.rotation, mirror=mirror)
    x = _Line(axis(right - left, width, chunked=True), left, image_width, is_reversed=turned.x_reversed)
    y = _Line(axis(bottom - top, height, chunked=False), top, image_height, is_reversed=turned.y_reversed)
    rows, columns = (x, y) if turned.swapped else (y, x)
    rgb = planar_rgb(frame, rows.needed, columns.needed)
    small = _blend(rgb, rows, columns)
    return small.transpose(2, 1, 0) if turned.swapped else small.transpose(1, 2, 0)


def _target(side: int) -> int:
    try:
        found = operator.index(side)
    except TypeError:
        found = 0
    if not 1 <= found <= LARGEST_SIDE:
        raise FrameError(f"size of the target has the side {ascii(side)[:40]}; allowed: 1 to {LARGEST_SIDE}")
    return found


class _Line:
    """One axis of the scaler in the stored frame: which positions it needs, and how to blend them."""

    def __init__(self, table: Axis, offset: int, length: int, *, is_reversed: bool) -> None:
        positions = np.concatenate((table.low, table.high))
        needed, where = np.unique(positions, return_inverse=True)
        self.needed = stored(needed + offset, length, is_reversed=is_reversed)
        self.low, self.high = where[: len(table.low)], where[len(table.low) :]
        self.weight = table.weight


def _blend(rgb: NDArray[np.uint8], rows: _Line, columns: _Line) -> NDArray[np.uint8]:
    """Both axes; sums of products of integers, so their order does not matter, and 255*16*16 fits uint16."""
    wide = rgb.astype(np.uint16)
    weight = rows.weight[:, np.newaxis]
    tall = wide.take(rows.low, axis=1) * (16 - weight)
    tall += wide.take(rows.high, axis=1) * weight
    out = tall.take(columns.low, axis=2) * (16 - columns.weight)
    out += tall.take(columns.high, axis=2) * columns.weight
    out >>= np.uint16(8)
    return out.astype(np.uint8)
