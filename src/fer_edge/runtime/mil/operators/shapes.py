"""Operators that move values or make new ones, without arithmetic.

Source: docstrings of ``tensor_transformation`` and ``tensor_operation`` in coremltools' ``mil/ops/defs``.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from fer_edge.runtime.errors import EngineError


def identity(x: Tensor) -> Tensor:
    """The same."""
    return x


def shape(x: Tensor) -> Tensor:
    """(rank,) int32."""
    return torch.tensor(x.shape, dtype=torch.int32)


def reshape(x: Tensor, shape: list[int]) -> Tensor:
    """Another shape; 0 keeps the size of that axis, -1 takes what is left."""
    return x.reshape([x.shape[axis] if size == 0 else size for axis, size in enumerate(shape)])


def reshape_like(
    x: Tensor, ref_tensors: list[Tensor], begins: list[int], ends: list[int], end_masks: list[bool]
) -> Tensor:
    """A shape put together from parts of other tensors' shapes."""
    sizes: list[int] = []
    for other, begin, end, masked in zip(ref_tensors, begins, ends, end_masks, strict=True):
        sizes += list(other.shape)[begin : None if masked else end]
    return x.reshape(sizes)


def flatten2d(x: Tensor, *, axis: int = 1) -> Tensor:
    """Two axes: all before one, and the rest."""
    place = axis % x.ndim if axis < 0 else axis
    before = torch.Size(x.shape[:place]).numel()
    return x.reshape(before, x.numel() // max(before, 1))


def expand_dims(x: Tensor, axes: list[int]) -> Tensor:
    """New axes of length 1, counted in the result."""
    rank = x.ndim + len(axes)
    for axis in sorted(axis % rank for axis in axes):
        x = x.unsqueeze(axis)
    return x


def squeeze(x: Tensor, *, axes: list[int] | None = None) -> Tensor:
    """Without axes of length 1: those named, or all."""
    return x.squeeze() if axes is None else x.squeeze(tuple(axes))


def transpose(x: Tensor, perm: list[int]) -> Tensor:
    """Axes in another order."""
    return x.permute(perm)


def concat(values: list[Tensor], axis: int, *, interleave: bool = False) -> Tensor:
    """One behind the other along an axis, or by turns."""
    if not interleave:
        return torch.cat(values, axis)
    place = axis % values[0].ndim
    return torch.stack(values, place + 1).flatten(place, place + 1)


def stack(values: list[Tensor], axis: int) -> Tensor:
    """Side by side along a new axis."""
    return torch.stack(values, axis)


def split(
    x: Tensor, axis: int, *, num_splits: int | None = None, split_sizes: list[int] | None = None
) -> tuple[Tensor, ...]:
    """Parts along an axis, of these sizes or of equal ones."""
    if split_sizes is not None:
        return torch.split(x, split_sizes, axis)
    if not num_splits or x.shape[axis] % num_splits:
        raise EngineError(f"split of {x.shape[axis]} into {num_splits} equal parts")
    return torch.split(x, x.shape[axis] // num_splits, axis)


def reverse(x: Tensor, *, axes: list[int] | None = None) -> Tensor:
    """From the end."""
    return x.flip(list(range(x.ndim)) if axes is None else axes)


def tile(x: Tensor, reps: list[int]) -> Tensor:
    """Repeated along each axis."""
    return x.repeat(reps)


def pad(x: Tensor, pad: list[int], *, mode: str = "constant", constant_val: float = 0.0) -> Tensor:
    """More places at the ends of the last axes: constant, reflected without the edge, or the edge repeated."""
    pairs = [(pad[2 * axis], pad[2 * axis + 1]) for axis in range(len(pad) // 2)]
    if mode == "constant":
        return functional.pad(x, [size for pair in reversed(pairs) for size in pair], value=constant_val)
    if mode not in ("reflect", "replicate"):
        raise EngineError(f"pad's mode {ascii(mode)[:40]}; allowed: constant, reflect, replicate")
    for axis, (before, after) in enumerate(pairs, x.ndim - len(pairs)):
        x = x.index_select(axis, _border(x.shape[axis], before, after, mode).to(x.device))
    return x


def _border(size: int, before: int, after: int, mode: str) -> Tensor:
    places = torch.arange(-before, size + after)
    if mode == "replicate":
        return places.clamp(0, size - 1)
    if max(before, after) >= size:
        raise EngineError(f"pad reflects {max(before, after)} places of an axis of {size}")
    return size - 1 - (size - 1 - places.abs()).abs()


def pixel_shuffle(x: Tensor, upscale_factor: int) -> Tensor:
    """Channel ``c * r * r + dy * r + dx`` goes to row ``y * r + dy``, column ``x * r + dx`` of channel c."""
    return functional.pixel_shuffle(x, upscale_factor)


def pixel_unshuffle(x: Tensor, downscale_factor: int) -> Tensor:
    """The way back."""
    return functional.pixel_unshuffle(x, downscale_factor)


def depth_to_space(x: Tensor, block_size: int) -> Tensor:
    """As TensorFlow's: channel ``(dy * b + dx) * C + c`` goes to row ``y * b + dy``, column ``x * b + dx`` of channel c."""
    n, channels, height, width = x.shape
    b = block_size
    apart = x.reshape(n, b, b, channels // (b * b), height, width)
    return apart.permute(0, 3, 4, 1, 5, 2).reshape(n, channels // (b * b), height * b, width * b)


def space_to_depth(x: Tensor, block_size: int) -> Tensor:
    """The way back."""
    n, channels, height, width = x.shape
    b = block_size
    apart = x.reshape(n, channels, height // b, b, width // b, b)
    return apart.permute(0, 3, 5, 1, 2, 4).reshape(n, channels * b * b, height // b, width // b)


def fill(shape: list[int], *, value: float = 0.0) -> Tensor:
    """One value throughout."""
    return torch.full(shape, value)


def fill_like(ref_tensor: Tensor, *, value: float = 0.0) -> Tensor:
    """One value throughout, in the shape of another tensor."""
    return torch.full(ref_tensor.shape, value)


def range_1d(end: Tensor, start: Tensor, step: Tensor) -> Tensor:
    """``start, start + step, ...`` below ``end``."""
    return torch.arange(start.item(), end.item(), step.item(), dtype=start.dtype)


def band_part(x: Tensor, *, lower: int = -1, upper: int = -1) -> Tensor:
    """A band around the diagonal of the last two axes, zeros elsewhere; a negative number keeps the whole half."""
    found = x if upper < 0 else torch.tril(x, upper)
    return found if lower < 0 else torch.triu(found, -lower)


def crop(x: Tensor, crop_height: list[int], crop_width: list[int]) -> Tensor:
    """Without some rows and columns at the ends of the last two axes."""
    (top, bottom), (left, right) = crop_height, crop_width
    return x[..., top : x.shape[-2] - bottom, left : x.shape[-1] - right]


def sliding_windows(x: Tensor, axis: int, size: int, *, stride: int = 1) -> Tensor:
    """Windows along an axis: their number stands in its place, their length behind it."""
    place = axis % x.ndim
    return x.unfold(place, size, stride).movedim(-1, place + 1)
