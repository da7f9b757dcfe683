"""Steps 3 to 5 of the camera specification: rotation, mirror and crop as index arithmetic, no pixel is moved."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fer_edge.runtime.errors import FrameError
from fer_edge.runtime.frame import Frame

Box = tuple[int, int, int, int]
"""x0, y0, x1, y1 in the upright image; x1 and y1 exclusive."""


def upright_size(frame: Frame) -> tuple[int, int]:
    """Width and height after rotation, in pixels."""
    if frame.rotation in (90, 270):
        return frame.height, frame.width
    return frame.width, frame.height


@dataclass(frozen=True, slots=True)
class Axes:
    """The map from upright coordinates to the frame as it was stored.

    Attributes:
        swapped: upright x runs along the stored y.
        x_reversed: upright x runs against its stored axis.
        y_reversed: upright y runs against its stored axis.
    """

    swapped: bool
    x_reversed: bool
    y_reversed: bool


# Clockwise by 90: upright (x, y) is stored (y, height-1-x); 180: (width-1-x, height-1-y); 270: (width-1-y, x).
_AXES = {
    0: Axes(swapped=False, x_reversed=False, y_reversed=False),
    90: Axes(swapped=True, x_reversed=True, y_reversed=False),
    180: Axes(swapped=False, x_reversed=True, y_reversed=True),
    270: Axes(swapped=True, x_reversed=False, y_reversed=True),
}


def axes(rotation: int, *, mirror: bool) -> Axes:
    """The addressing of a rotation, with the mirror that follows it."""
    found = _AXES[rotation]
    return Axes(found.swapped, found.x_reversed != mirror, found.y_reversed)


def map_to_stored(indices: NDArray[np.intp], length: int, *, is_reversed: bool) -> NDArray[np.intp]:
    """Upright positions along one axis of ``length`` pixels as positions in the stored frame."""
    return (length - 1) - indices if is_reversed else indices


def crop(box: Sequence[float] | None, margin: float, width: int, height: int) -> Box:
    """The integer box of a detector's box in a picture of ``width`` x ``height``.

    Args:
        box: x0, y0, x1, y1 as floats, or None for the whole picture (then without margin).
        margin: by which the box grows on each side, in its widths and heights.
        width: of the upright image, in pixels.
        height: of the upright image, in pixels.

    Raises:
        FrameError: the box is not four finite numbers, runs backwards, or nothing of it lies inside the picture.
    """
    if box is None:
        return 0, 0, width, height
    x0, y0, x1, y1 = _numbers(box)
    grow_x, grow_y = margin * (x1 - x0), margin * (y1 - y0)
    left, right = _clipped(x0 - grow_x, x1 + grow_x, width)
    top, bottom = _clipped(y0 - grow_y, y1 + grow_y, height)
    if left >= right or top >= bottom:
        raise FrameError(
            f"box ({x0:g}, {y0:g}, {x1:g}, {y1:g}) is empty inside the upright image of {width}x{height}; "
            "give x0, y0, x1, y1 in its pixels"
        )
    return left, top, right, bottom


LEAST_FACE = 4
"""Pixels of a face box's width and height: less is no face but another unit or order of the numbers."""


def refuse_odd_box(box: Sequence[float]) -> None:
    """Refuse what the camera path could cut out, but what can be no face.

    Args:
        box: x0, y0, x1, y1 in pixels of the upright image, before the margin.

    Raises:
        FrameError: a box in units of the picture's size, one under ``LEAST_FACE`` pixels, or one that ``crop`` refuses.
    """
    x0, y0, x1, y1 = _numbers(box)
    said = f"box ({x0:g}, {y0:g}, {x1:g}, {y1:g})"
    if 0 <= x0 <= x1 <= 1 and 0 <= y0 <= y1 <= 1:
        raise FrameError(
            f"{said} is in units of the picture's size; multiply x by its width and y by its height, or give no box for "
            "the whole picture"
        )
    if x1 - x0 < LEAST_FACE or y1 - y0 < LEAST_FACE:
        raise FrameError(
            f"{said} is {x1 - x0:g}x{y1 - y0:g} pixels; allowed: at least {LEAST_FACE}x{LEAST_FACE}, as x0, y0, x1, y1 "
            "(not x, y, width, height) in pixels of the upright image"
        )


def _numbers(box: Sequence[float]) -> tuple[float, float, float, float]:
    try:
        x0, y0, x1, y1 = (float(value) for value in box)
    except (TypeError, ValueError, OverflowError):
        raise FrameError(f"box is {ascii(box)[:80]}; allowed: four numbers x0, y0, x1, y1") from None
    # The bound keeps the margin's arithmetic finite; no picture is that large.
    if not all(abs(value) <= 1e15 for value in (x0, y0, x1, y1)):
        raise FrameError(
            f"box ({x0:g}, {y0:g}, {x1:g}, {y1:g}) has a value that is not finite; allowed: finite numbers"
        )
    if x1 < x0 or y1 < y0:
        raise FrameError(
            f"box ({x0:g}, {y0:g}, {x1:g}, {y1:g}) runs backwards; allowed: x0 <= x1 and y0 <= y1"
        )
    return x0, y0, x1, y1


def _clipped(low: float, high: float, length: int) -> tuple[int, int]:
    # Compared before they become integers: a huge margin makes them infinite.
    return math.floor(max(low, 0.0)), math.ceil(min(high, float(length)))
