"""Resizing of the last two axes.

Source: the tables of grid points in the docstrings of ``image_resizing`` in coremltools' ``mil/ops/defs``.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from fer_edge.runtime.errors import EngineError, UnknownOperator

Grid = Callable[[Tensor, int, int], Tensor]
"""Places in the input of output places, from these (float64) and both sizes."""


def _corners(places: Tensor, size: int, wanted: int) -> Tensor:
    return places * ((size - 1) / max(wanted - 1, 1))


def _half_pixels(places: Tensor, size: int, wanted: int) -> Tensor:
    return (places + 0.5) * (size / wanted) - 0.5


_SAMPLING: dict[str, Grid] = {
    "STRICT_ALIGN_CORNERS": _corners,
    "ALIGN_CORNERS": lambda places, size, wanted: (
        _corners(places, size, wanted) if wanted > 1 else places + (size - 1) / 2
    ),
    "DEFAULT": lambda places, size, wanted: places * ((size - size / wanted) / max(wanted - 1, 1)),
    "OFFSET_CORNERS": lambda places, size, wanted: (places + 0.5) * (max(1, size - 1) / wanted),
    "UNALIGN_CORNERS": _half_pixels,
}


def upsample_nearest_neighbor(
    x: Tensor, *, scale_factor_height: float = 1.0, scale_factor_width: float = 1.0
) -> Tensor:
    """The nearest pixel above and to the left, larger by factors."""
    return _nearest(x, _scaled(x, scale_factor_height, scale_factor_width))


def resize_nearest_neighbor(x: Tensor, target_size_height: int, target_size_width: int) -> Tensor:
    """The same to a size."""
    return _nearest(x, (target_size_height, target_size_width))


def upsample_bilinear(
    x: Tensor,
    *,
    scale_factor_height: float = 1.0,
    scale_factor_width: float = 1.0,
    align_corners: bool = True,
    half_pixel_centers: bool | None = None,
) -> Tensor:
    """Bilinear, larger by factors; the step is input size over output size."""
    half = not align_corners if half_pixel_centers is None else half_pixel_centers
    if align_corners and half:
        raise EngineError("upsample_bilinear has align_corners and half_pixel_centers; MIL has one of them")
    grid = (
        _corners
        if align_corners
        else _half_pixels
        if half
        else lambda places, size, wanted: places * (size / wanted)
    )
    return _bilinear(x, _scaled(x, scale_factor_height, scale_factor_width), grid)


def resize_bilinear(
    x: Tensor, *, target_size_height: int = 1, target_size_width: int = 1, sampling_mode: str = "DEFAULT"
) -> Tensor:
    """Bilinear to a size."""
    return _bilinear(x, (target_size_height, target_size_width), _grid(sampling_mode))


def resize(
    x: Tensor,
    shape: list[int],
    resized_dims: int,
    *,
    interpolation_mode: str = "LINEAR",
    sampling_mode: str = "DEFAULT",
) -> Tensor:
    """The last axes to the sizes at the end of ``shape``; 0 keeps one."""
    wanted = shape[len(shape) - resized_dims :]
    sizes = [
        old if new == 0 else new for old, new in zip(x.shape[x.ndim - len(wanted) :], wanted, strict=True)
    ]
    if resized_dims not in (1, 2) or interpolation_mode not in ("LINEAR", "NEAREST_NEIGHBOR"):
        raise UnknownOperator(
            f"resize of {resized_dims} axes, {ascii(interpolation_mode)[:40]}; known here: 1 or 2"
        )
    if interpolation_mode == "LINEAR":
        return _bilinear(x, sizes, _grid(sampling_mode))
    if sampling_mode != "DEFAULT":
        raise UnknownOperator(
            f"the nearest pixel by sampling_mode {ascii(sampling_mode)[:40]}, which MIL does not define"
        )
    return _nearest(x, sizes)


def _grid(mode: str) -> Grid:
    if mode not in _SAMPLING:
        raise EngineError(f"sampling_mode {ascii(mode)[:40]}; allowed: {', '.join(_SAMPLING)}")
    return _SAMPLING[mode]


def _scaled(x: Tensor, height: float, width: float) -> tuple[int, int]:
    # A factor such as 1.4 is a float32 a little below what was meant.
    return math.floor(x.shape[-2] * height + 1e-4), math.floor(x.shape[-1] * width + 1e-4)


def _nearest(x: Tensor, sizes: tuple[int, int] | list[int]) -> Tensor:
    for axis, wanted in enumerate(sizes, x.ndim - len(sizes)):
        size = x.shape[axis]
        if size != wanted:
            places = torch.arange(wanted) * size // wanted
            x = x.index_select(axis, places.to(x.device))
    return x


def _bilinear(x: Tensor, sizes: tuple[int, int] | list[int], grid: Grid) -> Tensor:
    for axis, wanted in enumerate(sizes, x.ndim - len(sizes)):
        size = x.shape[axis]
        places = grid(torch.arange(wanted, dtype=torch.float64), size, wanted).clamp(0, size - 1)
        low = places.floor().to(torch.int64)
        high = (low + 1).clamp(max=size - 1)
        share = (places - low).to(x.dtype).reshape(-1, *[1] * (x.ndim - 1 - axis)).to(x.device)
        x = torch.lerp(x.index_select(axis, low.to(x.device)), x.index_select(axis, high.to(x.device)), share)
    return x
