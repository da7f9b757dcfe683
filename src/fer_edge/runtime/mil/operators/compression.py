"""Compressed constants, which are unpacked when a package is opened, and quantized activations.

Source: docstrings of ``constexpr_ops``, ``compression`` and ``quantization_ops`` in coremltools' ``mil/ops/defs``.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from fer_edge.runtime.errors import EngineError

_RANGES = {"int8": (-128, 127), "uint8": (0, 255)}
_INTEGERS = {"int8": torch.int8, "uint8": torch.uint8}


def constexpr_affine_dequantize(
    quantized_data: Tensor, zero_point: Tensor, scale: Tensor, axis: int
) -> Tensor:
    """``scale * (quantized_data - zero_point)``, one of each or one for each place of an axis."""
    return _dequantized(quantized_data, scale, zero_point, axis)


def constexpr_lut_to_dense(
    indices: Tensor, lut: Tensor, *, shape: list[int] | None = None, vector_axis: int | None = None
) -> Tensor:
    """Values of a table by their indices: bits packed in bytes and one table (iOS 16), or a table for each part (iOS 18)."""
    if shape is not None:
        count, bits = math.prod(shape), (lut.numel() - 1).bit_length()
        return lut[_unpacked(indices, bits, count)].reshape(shape)
    return _looked_up(indices, lut, vector_axis)


def _looked_up(indices: Tensor, lut: Tensor, vector_axis: int | None) -> Tensor:
    tables, length = lut.shape[:-2], lut.shape[-1]
    rank = indices.ndim
    if len(tables) != rank or any(size % parts for size, parts in zip(indices.shape, tables, strict=True)):
        raise EngineError(f"a table of shape {list(lut.shape)} for indices of {list(indices.shape)}")
    number = torch.zeros((1,) * rank, dtype=torch.int64)
    for axis, parts in enumerate(tables):
        place = torch.arange(indices.shape[axis]) // (indices.shape[axis] // parts)
        number = number * parts + place.reshape([-1 if other == axis else 1 for other in range(rank)])
    found = lut.reshape(-1, *lut.shape[-2:])[number.expand(indices.shape), indices.to(torch.int64)]
    if length == 1:
        return found.squeeze(-1)
    if vector_axis is None:
        raise EngineError("a table of vectors without vector_axis")
    axis = vector_axis % rank
    return found.movedim(-1, axis + 1).flatten(axis, axis + 1)


def constexpr_sparse_to_dense(
    nonzero_data: Tensor, mask: Tensor, *, shape: list[int] | None = None
) -> Tensor:
    """Values where the mask has a one, else zeros."""
    where = mask.to(torch.bool)
    if shape is not None:
        where = _unpacked(mask, 1, math.prod(shape)).to(torch.bool).reshape(shape)
    return _dense(nonzero_data, where)


def _dense(values: Tensor, where: Tensor) -> Tensor:
    if int(where.sum()) != values.numel():
        raise EngineError(f"{values.numel()} values for a mask of {int(where.sum())} ones")
    found = torch.zeros(where.shape, dtype=values.dtype)
    found[where] = values
    return found


def constexpr_blockwise_shift_scale(data: Tensor, scale: Tensor, *, offset: Tensor | None = None) -> Tensor:
    """``scale * (data - offset)``, one of each for every block."""
    return _shifted(data, scale, offset)


def _shifted(data: Tensor, scale: Tensor, offset: Tensor | None) -> Tensor:
    if scale.ndim != data.ndim or any(
        size % parts for size, parts in zip(data.shape, scale.shape, strict=True)
    ):
        raise EngineError(f"scales of shape {list(scale.shape)} for data of {list(data.shape)}")
    values = data.to(scale.dtype)
    if offset is not None:
        values = values - _spread(offset.to(scale.dtype), data.shape)
    return values * _spread(scale, data.shape)


def _spread(blocks: Tensor, shape: torch.Size) -> Tensor:
    for axis, size in enumerate(shape):
        blocks = blocks.repeat_interleave(size // blocks.shape[axis], axis)
    return blocks


def constexpr_lut_to_sparse(
    indices_mask: Tensor, indices_nonzero_data: Tensor, lut: Tensor, *, vector_axis: int | None = None
) -> tuple[Tensor, Tensor]:
    """The mask and the values of a sparse tensor whose values are looked up."""
    where = indices_mask.to(torch.bool)
    dense = _looked_up(_dense(indices_nonzero_data, where), lut, vector_axis)
    if lut.shape[-1] > 1 and vector_axis is not None:
        where = where.repeat_interleave(lut.shape[-1], vector_axis % where.ndim)
    return where.to(torch.uint8), dense[where]


def constexpr_sparse_blockwise_shift_scale(
    data_mask: Tensor, nonzero_data: Tensor, scale: Tensor, *, offset: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """The mask and the values of a sparse tensor whose values are quantized."""
    where = data_mask.to(torch.bool)
    return data_mask, _shifted(_dense(nonzero_data, where), scale, offset)[where]


def constexpr_cast(source_val: Tensor, output_dtype: str) -> Tensor:
    """float16 as float32."""
    if output_dtype != "fp32":
        raise EngineError(f"constexpr_cast to {ascii(output_dtype)[:40]}; allowed: fp32")
    return source_val


def quantize(
    input: Tensor,  # noqa: A002 - MIL's name
    scale: Tensor,
    output_dtype: str,
    *,
    zero_point: Tensor | None = None,
    axis: int | None = None,
) -> Tensor:
    """``round(input / scale) + zero_point``, kept within the type."""
    if output_dtype not in _RANGES:
        raise EngineError(f"quantize to {ascii(output_dtype)[:40]}; allowed: int8, uint8")
    steps = torch.round(input / _along(scale, input, axis))
    if zero_point is not None:
        steps = steps + _along(zero_point, input, axis).to(steps.dtype)
    return torch.nan_to_num(steps).clamp(*_RANGES[output_dtype]).to(_INTEGERS[output_dtype])


def dequantize(
    input: Tensor,  # noqa: A002 - MIL's name
    scale: Tensor,
    *,
    zero_point: Tensor | None = None,
    axis: int | None = None,
) -> Tensor:
    """``scale * (input - zero_point)``."""
    return _dequantized(input, scale, zero_point, axis)


def _dequantized(values: Tensor, scale: Tensor, zero: Tensor | None, axis: int | None) -> Tensor:
    found = values.to(scale.dtype)
    if zero is not None:
        found = found - _along(zero.to(scale.dtype), values, axis)
    return found * _along(scale, values, axis)


def _along(vector: Tensor, values: Tensor, axis: int | None) -> Tensor:
    if vector.ndim == 0:
        return vector
    if axis is None or vector.ndim != 1 or vector.numel() not in (1, values.shape[axis]):
        raise EngineError(f"{list(vector.shape)} scales along axis {axis} of {list(values.shape)}")
    return vector.reshape([-1 if place == axis % values.ndim else 1 for place in range(values.ndim)])


def _unpacked(data: Tensor, bits: int, count: int) -> Tensor:
    """Values of some bits each, packed from the least significant bit on, (count,) int32."""
    if data.numel() != -(-count * bits // 8):
        raise EngineError(f"{data.numel()} bytes for {count} values of {bits} bits")
    single = np.unpackbits(data.reshape(-1).numpy(), count=count * bits, bitorder="little")
    whole = np.packbits(single.reshape(count, bits), axis=1, bitorder="little").reshape(-1)
    return torch.from_numpy(whole).to(torch.int32)
