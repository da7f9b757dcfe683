"""The ``camera`` augmentation for whole batches on an accelerator: each picture has its own draw, each step is one kernel.

On a CPU groups of eight pictures share a draw (``augmentation``); there the arithmetic costs, not the calls. On a GPU a
call costs more than its arithmetic, and groups took 9 kernels a picture. Here every step runs once for all pictures, and
those whose draw says no keep their values. The steps, their order, chances and ranges are those of ``augmentation``; the
tests hold each against torchvision's function with the same parameters, picture by picture.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor
from torch.nn import functional as F

KERNEL = 5
"""Pixels of the blur's edge."""


def camera(images: Tensor) -> Tensor:
    """Augment (n, C, H, W) uint8 -> (n, C, H, W) float32 in 0..1; draws from the generator of the images' device."""
    found = images.to(torch.float32) / 255
    count, size = len(images), images.shape[-2:]

    def uniform(low: float, high: float) -> Tensor:
        return torch.empty(count, device=images.device).uniform_(low, high)

    def some(chance: float, changed: Tensor, otherwise: Tensor) -> Tensor:
        return torch.where(_column(uniform(0, 1) < chance), changed, otherwise)

    found = some(0.5, found.flip(-1), found)
    shifts = [(uniform(-0.03, 0.03) * side).round() for side in (size[1], size[0])]
    matrices = inverse_matrices(uniform(-9, 9), shifts[0], shifts[1], uniform(0.95, 1.06), uniform(-5, 5))
    found = some(0.3, warp(found, matrices), found)
    found = some(0.4, found ** _column(uniform(math.log(0.6), math.log(1.7)).exp()), found)
    found = some(0.5, _jitter(found, uniform(0.7, 1.3), uniform(0.6, 1.4), uniform(0, 1) < 0.5), found)
    found = some(0.15, stretch_contrast(found), found)
    found = some(0.2, blur(found, uniform(0.3, 1.0)), found)
    found = some(0.15, sharpen(found, 2.5), found)
    found = some(0.2, (found + 0.03 * torch.randn_like(found)).clamp_(0, 1), found)
    area = uniform(0.02, 0.08) * (size[0] * size[1])
    ratio = uniform(math.log(0.3), math.log(3.3)).exp()
    hidden = rectangles(area, ratio, uniform(0, 1), uniform(0, 1), size)
    return some(0.15, torch.where(hidden, torch.randn_like(found), found), found).clamp_(0, 1)


def whole(images: Tensor) -> Tensor:
    """No change but the scale: (n, C, H, W) uint8 -> float32 in 0..1."""
    return images.to(torch.float32) / 255


BATCHED: Mapping[str, Callable[[Tensor], Tensor]] = {"camera": camera, "none": whole}
"""Augmentations that have such a form; the others go in groups on every device."""


def _column(values: Tensor) -> Tensor:
    return values.view(-1, 1, 1, 1)


def inverse_matrices(angle: Tensor, dx: Tensor, dy: Tensor, scale: Tensor, shear: Tensor) -> Tensor:
    """Source of each pixel, (n, 2, 3), in pixels from the picture's center; torchvision's affine with shear in x.

    Args:
        angle: (n,) degrees, clockwise.
        dx: (n,) pixels to the right.
        dy: (n,) pixels down.
        scale: (n,).
        shear: (n,) degrees.
    """
    turn, lean = torch.deg2rad(angle), torch.tan(torch.deg2rad(shear))
    cos, sin = torch.cos(turn), torch.sin(turn)
    # The inverse of scale * rotation * shear, row by row.
    top = torch.stack([cos - lean * sin, sin + lean * cos], 1) / scale[:, None]
    bottom = torch.stack([-sin, cos], 1) / scale[:, None]
    linear = torch.stack([top, bottom], 1)
    origin = -(linear @ torch.stack([dx, dy], 1)[:, :, None])
    return torch.cat([linear, origin], 2)


def warp(images: Tensor, matrices: Tensor) -> Tensor:
    """Bilinear, black outside: (n, C, H, W) float32 moved by (n, 2, 3) of ``inverse_matrices``."""
    height, width = images.shape[-2:]
    half = torch.tensor([width / 2, height / 2], device=images.device)
    unit = matrices / half.view(1, 2, 1)
    unit[:, :, :2] *= half
    grid = F.affine_grid(unit, list(images.shape), align_corners=False)
    # torchvision weighs by what lies inside once more at the edge.
    inside = torch.ones_like(images[:, :1])
    moved = F.grid_sample(torch.cat([images, inside], 1), grid, mode="bilinear", align_corners=False)
    return moved[:, :-1] * moved[:, -1:]


def _jitter(images: Tensor, brightness: Tensor, contrast: Tensor, brightness_first: Tensor) -> Tensor:
    first = adjust_contrast(_brighten(images, brightness), contrast)
    second = _brighten(adjust_contrast(images, contrast), brightness)
    return torch.where(_column(brightness_first), first, second)


def _brighten(images: Tensor, factor: Tensor) -> Tensor:
    return (images * _column(factor)).clamp_(0, 1)


def adjust_contrast(images: Tensor, factor: Tensor) -> Tensor:
    """Away from each picture's mean gray: (n, C, H, W), (n,)."""
    gray = images
    if images.shape[1] == 3:
        weights = torch.tensor([0.2989, 0.587, 0.114], device=images.device).view(1, 3, 1, 1)
        gray = (images * weights).sum(1, keepdim=True)
    mean = gray.mean((1, 2, 3), keepdim=True)
    return (mean + (images - mean) * _column(factor)).clamp_(0, 1)


def stretch_contrast(images: Tensor) -> Tensor:
    """Each channel to 0..1; one of a single value stays."""
    low, high = images.amin((2, 3), keepdim=True), images.amax((2, 3), keepdim=True)
    flat = low == high
    spread = torch.where(flat, torch.ones_like(low), high - low)
    return ((images - torch.where(flat, torch.zeros_like(low), low)) / spread).clamp_(0, 1)


def blur(images: Tensor, sigma: Tensor) -> Tensor:
    """Gaussian of 5x5 pixels, mirrored at the edges: (n, C, H, W), (n,) pixels."""
    count, channels, height, width = images.shape
    reach = torch.arange(KERNEL, device=images.device) - KERNEL // 2
    line = torch.exp(-0.5 * (reach / sigma[:, None]) ** 2)
    line = line / line.sum(1, keepdim=True)
    kernels = (line[:, :, None] * line[:, None, :]).repeat_interleave(channels, 0)[:, None]
    padded = F.pad(images, [KERNEL // 2] * 4, mode="reflect").view(1, count * channels, height + 4, width + 4)
    return F.conv2d(padded, kernels, groups=count * channels).view_as(images)


def sharpen(images: Tensor, factor: float) -> Tensor:
    """Away from a 3x3 mean whose middle counts five times; the outermost pixels stay."""
    channels = images.shape[1]
    kernel = torch.ones(channels, 1, 3, 3, device=images.device)
    kernel[:, :, 1, 1] = 5
    smooth = F.conv2d(images, kernel / 13, groups=channels)
    changed = images.clone()
    inner = changed[:, :, 1:-1, 1:-1]
    inner.add_(smooth - inner, alpha=1 - factor)
    return changed.clamp_(0, 1)


def rectangles(area: Tensor, ratio: Tensor, left: Tensor, top: Tensor, size: torch.Size) -> Tensor:
    """Pixels that something before the face covers, (n, 1, H, W) bool.

    Args:
        area: (n,) pixels.
        ratio: (n,) height / width.
        left: (n,) 0..1: share of the free columns to its left.
        top: (n,) likewise above it.
        size: height and width of the pictures.
    """
    height = (area * ratio).sqrt().round().clamp(max=size[0] - 1)
    width = (area / ratio).sqrt().round().clamp(max=size[1] - 1)
    rows = _inside(height, top, size[0])
    columns = _inside(width, left, size[1])
    return (rows[:, :, None] & columns[:, None, :])[:, None]


def _inside(length: Tensor, share: Tensor, side: int) -> Tensor:
    start = (share * (side - length + 1)).floor()[:, None]
    places = torch.arange(side, device=length.device)
    return (places >= start) & (places < start + length[:, None])
