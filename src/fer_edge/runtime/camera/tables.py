"""Steps 7 to 9 of the camera specification: gray, normalization tables, layout."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.runtime.contract import Contract, InputSpec, Normalization, QuantizationParameters
from fer_edge.runtime.errors import FrameError

_F = np.float32


def to_tensor(scaled: NDArray[np.uint8], contract: Contract) -> NDArray[Any]:
    """A scaled picture as the artifact takes it.

    Args:
        scaled: (height, width, 3) uint8 RGB in the contract's size.
        contract: of the artifact.

    Returns:
        (1, C, H, W) or (1, H, W, C) in the contract's layout and dtype, contiguous.

    Raises:
        FrameError: the picture's size or type is another one.
    """
    wanted = contract.input
    scaled = np.asarray(scaled)
    if scaled.shape != (wanted.height, wanted.width, 3) or scaled.dtype != np.uint8:
        raise FrameError(
            f"size of the scaled picture is {scaled.shape} {scaled.dtype}; "
            f"the contract takes ({wanted.height}, {wanted.width}, 3) uint8"
        )
    planes = [scaled[:, :, channel] for channel in range(3)]
    return fill(planes, wanted, contract.normalization, contract.quantization.input)


def fill(
    planes: Sequence[NDArray[np.uint8]],
    wanted: InputSpec,
    normalization: Normalization | None,
    quantization: QuantizationParameters | None,
) -> NDArray[Any]:
    """Gray, normalization and layout of a scaled picture.

    Args:
        planes: R, G and B, each (height, width) uint8.
        wanted: channels, layout and dtype.
        normalization: None for v itself.
        quantization: of int8, else None.

    Returns:
        (1, C, H, W) or (1, H, W, C), contiguous.
    """
    values = [gray(*planes)] if wanted.channels == 1 else planes
    tables = lookup(normalization, quantization, wanted.dtype, wanted.channels)
    out = np.empty(wanted.shape, wanted.dtype)
    by_channel = out[0] if wanted.layout == "NCHW" else out[0].transpose(2, 0, 1)
    for plane, table, target in zip(values, tables, by_channel, strict=True):
        if target.flags.c_contiguous:
            table.take(plane, out=target, mode="clip")
        else:
            target[...] = table.take(plane, mode="clip")
    return out


def gray(red: NDArray[np.uint8], green: NDArray[np.uint8], blue: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Pillow's "L" of RGB: ``(19595*R + 38470*G + 7471*B + 32768) >> 16``.

    Args:
        red: any shape, uint8.
        green: the same shape.
        blue: the same shape.

    Returns:
        The same shape, uint8.
    """
    # Widened first: older numpy would multiply in the smallest type that holds the factor.
    value = red.astype(np.uint32) * np.uint32(19595)
    value += green.astype(np.uint32) * np.uint32(38470)
    value += blue.astype(np.uint32) * np.uint32(7471)
    value += np.uint32(32768)
    value >>= np.uint32(16)
    return value.astype(np.uint8)


@lru_cache(maxsize=64)
def lookup(
    normalization: Normalization | None,
    quantization: QuantizationParameters | None,
    dtype: str,
    channels: int,
) -> NDArray[Any]:
    """The tables of a contract.

    Returns:
        (channels, 256) of ``dtype``: what value v of a channel becomes.
    """
    values = np.arange(256, dtype=np.uint8)
    table = np.empty((channels, 256), dtype)
    for channel in range(channels):
        if dtype == "uint8":
            table[channel] = values
            continue
        real = _normalized(values, normalization, channel)
        table[channel] = real if quantization is None else _quantized(real, quantization)
    table.flags.writeable = False
    return table


def _normalized(
    values: NDArray[np.uint8], normalization: Normalization | None, channel: int
) -> NDArray[np.float32]:
    """Each operation is rounded to float32, as in torchvision's ToTensor and Normalize."""
    real = values.astype(np.float32)
    if normalization is None:
        return real
    return (real / _F(255) - _F(normalization.mean[channel])) / _F(normalization.std[channel])


def _quantized(real: NDArray[np.float32], parameters: QuantizationParameters) -> NDArray[np.float64]:
    integers = np.rint(real.astype(np.float64) / parameters.scale) + parameters.zero_point
    return np.clip(integers, -128, 127)
