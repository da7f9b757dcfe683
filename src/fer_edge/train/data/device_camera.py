"""The camera path's integer scaling as tensor operations, for batches, on whatever device the pictures lie on.

Covered, equal to the byte to ``fer_edge.runtime.camera.scaled`` and ``gray``: steps 5 to 7 of the camera specification
(margin and crop, scale, gray) of upright RGB or RGBA pictures. Not covered: YUV input, rotation and mirror (steps 2 to
4), and normalization (step 8, which the training loop does). Boxes are grown and clipped by the camera path's own
function on the CPU; the rest is float32 operations that IEEE rounds the same way everywhere, never a division by a
Python number (CUDA multiplies by its reciprocal instead), and integers. Equality is tested on CPUs; no GPU ran it yet.

Source: ``CAMERA_SPEC`` step 6, after Skia's ``SkBitmapProcState_matrixProcs.cpp`` and ``SkBitmapProcState_opts.h``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from fer_edge.runtime.camera.geometry import crop
from fer_edge.runtime.contract import LARGEST_SIDE
from fer_edge.runtime.errors import FrameError

Box = Sequence[float]
"""x0, y0, x1, y1 in pixels of its picture, before the margin."""

CHUNK = 127
"""Skia computes so many target pixels of a row from one starting point."""
GRAY = (19595, 38470, 7471)
"""Of R, G and B in 65536ths: Pillow's "L"."""


class Neighbors(NamedTuple):
    """One axis of n crops.

    Attributes:
        low: (n, target) int64, position of the first neighbor within the crop.
        high: (n, target) int64, of the second.
        weight: (n, target) int32, sixteenths of the second, 0 to 15.
    """

    low: Tensor
    high: Tensor
    weight: Tensor


def scaled(
    pictures: Tensor,
    boxes: Sequence[Box | None],
    width: int,
    height: int,
    *,
    margin: float = 0.0,
    of: Sequence[int] | None = None,
    sizes: Sequence[tuple[int, int]] | None = None,
) -> Tensor:
    """Cut boxes out of pictures and scale them to one size.

    Args:
        pictures: (m, H, W, 3 or 4) uint8, RGB or RGBA (alpha is not read), any strides, any device.
        boxes: of the n crops; None: the whole picture, without margin.
        width: of the result, in pixels.
        height: of the result, in pixels.
        margin: by which each box grows on each side, in its widths and heights.
        of: which picture each box is of, (n,); None: box i of picture i.
        sizes: (width, height) of each picture where the tensor is padded on the right and below; None: all of it.

    Returns:
        (n, 3, height, width) uint8 on the pictures' device.

    Raises:
        FrameError: pictures of another type or shape, a box that is empty in its picture, a target size out of range.
    """
    _check(pictures, width, height)
    places = list(range(len(boxes))) if of is None else list(of)
    if len(places) != len(boxes) or any(not 0 <= place < len(pictures) for place in places):
        raise FrameError(
            f"{len(boxes)} boxes do not fit {len(pictures)} pictures; allowed: one picture's number a box"
        )
    whole = (pictures.shape[2], pictures.shape[1])
    found = [
        crop(box, margin if box is not None else 0.0, *(whole if sizes is None else sizes[place]))
        for box, place in zip(boxes, places, strict=True)
    ]
    corners = torch.tensor(found, dtype=torch.int64, device=pictures.device).reshape(-1, 4)
    left, top, right, bottom = corners.unbind(1)
    columns = neighbors(right - left, width, chunked=True)
    rows = neighbors(bottom - top, height, chunked=False)
    which = torch.tensor(places, dtype=torch.int64, device=pictures.device)
    return _blend(pictures, which, (left, top), rows, columns)


def gray(colors: Tensor) -> Tensor:
    """Step 7: (n, 3, H, W) uint8 RGB -> (n, 1, H, W) uint8, Pillow's "L"."""
    red, green, blue = colors.to(torch.int32).unbind(1)
    value = GRAY[0] * red + GRAY[1] * green + GRAY[2] * blue + 32768
    return (value >> 16).to(torch.uint8).unsqueeze(1)


def neighbors(lengths: Tensor, target: int, *, chunked: bool) -> Neighbors:
    """Source pixels of each target pixel, for n crops at once.

    Args:
        lengths: (n,) int64, pixels of the axis in each crop.
        target: pixels after.
        chunked: the x axis, which Skia steps in chunks; the y axis takes each row by itself.
    """
    source = lengths.to(torch.float32)
    ratio = torch.full_like(source, target) / source
    inverse = (torch.ones_like(ratio) / ratio).unsqueeze(1)
    position = torch.arange(target, dtype=torch.int64, device=lengths.device).unsqueeze(0)
    start = position - position % CHUNK if chunked else position
    # The one float32 multiplication that rounds; shifting by 32 bits is exact, in float32 too.
    center = (start.to(torch.float32) + 0.5) * inverse
    fixed = (center * 2.0**32).to(torch.int64) - (1 << 31)
    fixed = fixed + (position - start) * (inverse * 2.0**32).to(torch.int64)
    grid = fixed >> 16
    last = (lengths - 1).unsqueeze(1)
    zero = torch.zeros_like(last)
    low = (grid >> 16).clamp(min=zero, max=last)
    high = ((grid >> 16) + 1).clamp(min=zero, max=last)
    return Neighbors(low, high, ((grid >> 12) & 15).to(torch.int32))


def _blend(
    pictures: Tensor, which: Tensor, corner: tuple[Tensor, Tensor], rows: Neighbors, columns: Neighbors
) -> Tensor:
    """(n, 3, rows, columns) uint8; 255 * 16 * 16 fits int32."""
    left, top = (value[:, None, None] for value in corner)
    picture = which[:, None, None]

    def at(row: Tensor, column: Tensor) -> Tensor:
        found: Tensor = pictures[picture, row[:, :, None] + top, column[:, None, :] + left]
        return found[..., :3].to(torch.int32)

    x, y = columns.weight[:, None, :, None], rows.weight[:, :, None, None]
    upper = at(rows.low, columns.low) * (16 - x) + at(rows.low, columns.high) * x
    lower = at(rows.high, columns.low) * (16 - x) + at(rows.high, columns.high) * x
    return ((upper * (16 - y) + lower * y) >> 8).to(torch.uint8).permute(0, 3, 1, 2).contiguous()


def _check(pictures: Tensor, width: int, height: int) -> None:
    if pictures.dtype != torch.uint8 or pictures.ndim != 4 or pictures.shape[3] not in (3, 4):
        raise FrameError(
            f"size and type of the pictures are {tuple(pictures.shape)} {pictures.dtype}; allowed: (m, H, W, 3 or 4) uint8"
        )
    if not (1 <= width <= LARGEST_SIDE and 1 <= height <= LARGEST_SIDE):
        raise FrameError(f"size of the target is {width}x{height}; allowed: sides of 1 to {LARGEST_SIDE}")
