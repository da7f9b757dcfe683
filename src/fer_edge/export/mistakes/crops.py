"""The face's part of the upright picture, right and wrong, and the ways to turn it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fer_edge.runtime.camera.geometry import Box, crop

Picture = NDArray[np.uint8]
MOST_PADDING = 4096
"""Pixels on a side that are invented around a picture."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the face is.

    Attributes:
        stored: (H, W, 3), as the camera stored it.
        upright: (H, W, 3), after the rotation and the contract's mirror.
        box: x0, y0, x1, y1 in the upright picture, before the margin; None: the whole picture.
        margin: the contract's.
    """

    stored: Picture
    upright: Picture
    box: tuple[float, ...] | None
    margin: float

    def cut(self, picture: Picture, box: tuple[float, ...] | None, margin: float) -> Picture:
        """The box of a picture, as the camera specification cuts it."""
        return _part(picture, crop(box, margin, picture.shape[1], picture.shape[0]))


def _part(picture: Picture, box: Box) -> Picture:
    left, top, right, bottom = box
    return picture[top:bottom, left:right]


def _boxed(place: Place) -> tuple[float, ...]:
    assert place.box is not None
    return place.box


def _right(place: Place) -> Picture:
    return place.cut(place.upright, place.box, place.margin)


def _no_margin(place: Place) -> Picture:
    return place.cut(place.upright, place.box, 0.0)


def _double_margin(place: Place) -> Picture:
    # The margin of a box that has it already.
    return place.cut(place.upright, _grown(_boxed(place), place.margin), place.margin)


def _grown(box: tuple[float, ...], margin: float) -> tuple[float, ...]:
    x0, y0, x1, y1 = box
    dx, dy = margin * (x1 - x0), margin * (y1 - y0)
    return x0 - dx, y0 - dy, x1 + dx, y1 + dy


def _whole(place: Place) -> Picture:
    return place.upright


def _square(place: Place) -> Picture:
    x0, y0, x1, y1 = _grown(_boxed(place), place.margin)
    half = max(x1 - x0, y1 - y0) / 2
    x, y = (x0 + x1) / 2, (y0 + y1) / 2
    return place.cut(place.upright, (x - half, y - half, x + half, y + half), 0.0)


def _center_square(place: Place) -> Picture:
    height, width = place.upright.shape[:2]
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    return place.upright[top : top + side, left : left + side]


def _unclipped(place: Place) -> Picture:
    """Beyond the picture: black, as a copy into a cleared bitmap leaves it."""
    x0, y0, x1, y1 = _grown(_boxed(place), place.margin)
    left, top, right, bottom = (int(f(value)) for f, value in ((np.floor, x0), (np.floor, y0), (np.ceil, x1), (np.ceil, y1)))  # fmt: skip
    height, width = place.upright.shape[:2]
    before, behind = (max(0, -top), max(0, -left)), (max(0, bottom - height), max(0, right - width))
    if max(*before, *behind) > MOST_PADDING:
        return _right(place)
    padded = np.pad(place.upright, ((before[0], behind[0]), (before[1], behind[1]), (0, 0)))
    return padded[top + before[0] : bottom + before[0], left + before[1] : right + before[1]]


def _truncated(place: Place) -> Picture:
    """All four sides cut down to integers, as ``toInt()`` does, after the margin."""
    x0, y0, x1, y1 = (float(int(value)) for value in _grown(_boxed(place), place.margin))
    return place.cut(place.upright, (x0, y0, x1, y1), 0.0)


def _corner_and_size(place: Place) -> Picture:
    """x1 and y1 taken for width and height."""
    x0, y0, x1, y1 = _boxed(place)
    return place.cut(place.upright, (x0, y0, x0 + x1, y0 + y1), place.margin)


def _swapped_axes(place: Place) -> Picture:
    x0, y0, x1, y1 = _boxed(place)
    return place.cut(place.upright, (y0, x0, y1, x1), place.margin)


def _mirrored_box(place: Place) -> Picture:
    x0, y0, x1, y1 = _boxed(place)
    width = place.upright.shape[1]
    return place.cut(place.upright, (width - x1, y0, width - x0, y1), place.margin)


def _box_in_stored(place: Place) -> Picture:
    return place.cut(place.stored, _boxed(place), place.margin)


CROPS: dict[str, Callable[[Place], Picture]] = {
    "right": _right,
    "no-margin": _no_margin,
    "double-margin": _double_margin,
    "whole-picture": _whole,
    "box-squared": _square,
    "center-square": _center_square,
    "box-unclipped": _unclipped,
    "box-truncated": _truncated,
    "box-as-size": _corner_and_size,
    "box-axes-swapped": _swapped_axes,
    "box-mirrored": _mirrored_box,
    "box-in-stored": _box_in_stored,
}
"""The cut of each mistake; an empty one is a FrameError or has no pixels, and such an app would have shown nothing."""


def turn(part: Picture, how: str, rotation: int) -> Picture:
    """Turn what was cut.

    Args:
        part: upright.
        how: ``right``; ``rotation-ignored`` (as the sensor gave it), ``rotation-reversed`` (counterclockwise);
            ``turned-90``, ``turned-180``, ``turned-270`` clockwise; ``mirrored`` left-right, ``upside-down`` top-bottom.
        rotation: degrees clockwise that had made it upright.
    """
    if how == "mirrored":
        return part[:, ::-1]
    if how == "upside-down":
        return part[::-1]
    wrong = {"right": 0, "rotation-ignored": -rotation, "rotation-reversed": -2 * rotation}
    degrees = wrong[how] if how in wrong else int(how.removeprefix("turned-"))
    return np.rot90(part, -degrees // 90)
