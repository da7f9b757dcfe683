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

from fer_edge.runtime.camera.color import color_planes
from fer_edge.runtime.camera.geometry import axes, crop, map_to_stored, upright_size
from fer_edge.runtime.camera.scaler import axis, blend
from fer_edge.runtime.camera.tables import fill
from fer_edge.runtime.contract import LARGEST_SIDE, Contract
from fer_edge.runtime.errors import FrameError
from fer_edge.runtime.frame import Frame, require_frame


def upright(frame: Frame, mirror: bool = False) -> NDArray[np.uint8]:
    """The whole picture after rotation and mirror (steps 1 to 4).

    Args:
        frame: the camera's picture.
        mirror: left-right, after the rotation.

    Returns:
        (H, W, 3) uint8 RGB, contiguous.
    """
    turned = axes(require_frame(frame).rotation, mirror=mirror)
    width, height = upright_size(frame)
    x = map_to_stored(np.arange(width), width, is_reversed=turned.x_reversed)
    y = map_to_stored(np.arange(height), height, is_reversed=turned.y_reversed)
    rows, columns = (x, y) if turned.swapped else (y, x)
    planes = color_planes(frame, rows, columns)
    picture = np.empty((height, width, 3), np.uint8)
    for channel, plane in enumerate(planes):
        picture[:, :, channel] = plane.T if turned.swapped else plane
    return picture


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
    return np.stack(_scaled(frame, width, height, box, crop_margin, mirror), axis=-1)


def prepare(frame: Frame, contract: Contract, box: Sequence[float] | None = None) -> NDArray[Any]:
    """Exactly what the model gets for this picture (steps 1 to 9).

    Args:
        frame: the camera's picture.
        contract: of the artifact; its margin and mirror are applied.
        box: x0, y0, x1, y1 of a face before the margin, in pixels of the upright image (after the mirror, where the
            contract has one); None: the whole picture, without margin.

    Returns:
        (1, C, H, W) or (1, H, W, C) in the contract's layout and dtype.

    Raises:
        FrameError: as in :func:`scaled`.
    """
    camera = contract.camera
    wanted = contract.input
    planes = _scaled(frame, wanted.width, wanted.height, box, camera.crop_margin, camera.mirror)
    return fill(planes, wanted, contract.normalization, contract.quantization.input)


def _scaled(
    frame: Frame,
    width: int,
    height: int,
    box: Sequence[float] | None,
    margin: float,
    mirror: bool,
) -> list[NDArray[np.uint8]]:
    width, height = _target(width), _target(height)
    if not 0 <= margin < float("inf"):
        raise FrameError(f"margin of the box is {margin}; allowed: a finite number, 0 or more")
    image_width, image_height = upright_size(require_frame(frame))
    left, top, right, bottom = crop(box, margin, image_width, image_height)
    turned = axes(frame.rotation, mirror=mirror)
    x = axis(right - left, width, chunked=True)
    y = axis(bottom - top, height, chunked=False)
    at_x = map_to_stored(x.needed + left, image_width, is_reversed=turned.x_reversed)
    at_y = map_to_stored(y.needed + top, image_height, is_reversed=turned.y_reversed)
    if turned.swapped:
        planes = [blend(plane, x, y).T for plane in color_planes(frame, at_x, at_y)]
    else:
        planes = [blend(plane, y, x) for plane in color_planes(frame, at_y, at_x)]
    return planes


def _target(side: int) -> int:
    try:
        found = operator.index(side)
    except TypeError:
        found = 0
    if not 1 <= found <= LARGEST_SIDE:
        raise FrameError(f"size of the target has the side {ascii(side)[:40]}; allowed: 1 to {LARGEST_SIDE}")
    return found
