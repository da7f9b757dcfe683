"""A scaled picture to the engine's bytes, right and wrong: channels, gray, levels, normalization, quantization, layout, memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.runtime.camera.tables import gray as spec_gray
from fer_edge.runtime.contract import Contract

Values = NDArray[np.float32]
"""(height, width, channels)."""
_F = np.float32
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
"""Of torchvision's transforms, in units of v/255."""
CAFFE = (123.68, 116.779, 103.939)
"""Means that Caffe's and Keras' older networks take off, in units of v, red first."""


# Channels -----------------------------------------------------------------------------------------------------------


def _argb(colors: Values) -> Values:
    """An integer's bytes from the top: alpha, red, green."""
    return np.concatenate([np.full_like(colors[:, :, :1], 255), colors[:, :, :2]], axis=2)


ORDERS: dict[str, Callable[[Values], Values]] = {
    "right": lambda colors: colors,
    "bgr": lambda colors: colors[:, :, ::-1],
    "argb": _argb,
}


def _right_gray(colors: Values) -> Values:
    if (colors == np.rint(colors)).all():
        red, green, blue = (colors[:, :, channel].astype(np.uint8) for channel in range(3))
        return spec_gray(red, green, blue).astype(np.float32)
    return colors @ np.array([0.299, 0.587, 0.114], np.float32)


GRAYS: dict[str, Callable[[Values], Values]] = {
    "right": _right_gray,
    "gray-average": lambda colors: colors.mean(axis=2),
    "gray-bt709": lambda colors: colors @ np.array([0.2126, 0.7152, 0.0722], np.float32),
    "gray-red": lambda colors: colors[:, :, 0],
    "gray-green": lambda colors: colors[:, :, 1],
}


def to_channels(colors: Values, order: str, gray: str, channels: int) -> Values:
    """Colors in an order of ``ORDERS``, then gray by one of ``GRAYS``: where the model takes colors it stands in all three."""
    ordered = ORDERS[order](colors)
    if channels == 1:
        return GRAYS[gray](ordered)[:, :, None].astype(np.float32)
    return ordered if gray == "right" else np.repeat(_right_gray(ordered)[:, :, None], 3, axis=2)


# Levels -------------------------------------------------------------------------------------------------------------


def _signed(values: Values) -> Values:
    return np.where(values > 127, values - 256, values).astype(np.float32)


def _equalized(values: Values) -> Values:
    import cv2

    planes = [cv2.equalizeHist(np.rint(plane).astype(np.uint8)) for plane in values.transpose(2, 0, 1)]
    return np.stack(planes, axis=-1).astype(np.float32)


def _stretched(values: Values) -> Values:
    low, high = float(values.min()), float(values.max())
    return ((values - low) * (255 / max(high - low, 1.0))).astype(np.float32)


LEVELS: dict[str, Callable[[Values], Values]] = {
    "right": lambda values: values,
    "signed-bytes": _signed,
    "histogram-equalized": _equalized,
    "contrast-stretched": _stretched,
    "inverted": lambda values: 255 - values,
}

# Normalization ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Numbers:
    """The contract's mean and std, one a channel, in units of v/255; None of both: v itself."""

    mean: NDArray[np.float32]
    std: NDArray[np.float32]
    is_none: bool

    @classmethod
    def of(cls, contract: Contract) -> Numbers:
        """Those of a contract."""
        norm, count = contract.normalization, contract.input.channels
        if norm is None:
            return cls(np.zeros(count, np.float32), np.ones(count, np.float32), True)
        return cls(np.array(norm.mean, np.float32), np.array(norm.std, np.float32), False)


def _right_numbers(values: Values, numbers: Numbers) -> Values:
    return values if numbers.is_none else (values / _F(255) - numbers.mean) / numbers.std


def _imagenet(values: Values, numbers: Numbers) -> Values:
    mean, std = (np.array(row[: len(numbers.mean)], np.float32) for row in IMAGENET)
    return (values / _F(255) - mean) / std


def _standardized(values: Values, numbers: Numbers) -> Values:  # noqa: ARG001
    # TensorFlow's per_image_standardization: never less than one over the root of the number of values.
    found: Values = (values - values.mean()) / max(float(values.std()), values.size**-0.5)
    return found


SCALINGS: dict[str, Callable[[Values, Numbers], Values]] = {
    "right": _right_numbers,
    "not-normalized": lambda values, _: values,
    "zero-to-one": lambda values, _: values / _F(255),
    "minus-one-to-one": lambda values, _: values / _F(127.5) - 1,
    "imagenet": _imagenet,
    "caffe-mean": lambda values, numbers: values - np.array(CAFFE[: len(numbers.mean)], np.float32),
    "not-divided-by-255": lambda values, numbers: (values - numbers.mean) / numbers.std,
    "no-mean": lambda values, numbers: values / _F(255) / numbers.std,
    "no-std": lambda values, numbers: values / _F(255) - numbers.mean,
    "normalized-twice": lambda values, n: (_right_numbers(values, n) - n.mean) / n.std,
    "divided-twice": lambda values, n: (values / _F(65025) - n.mean) / n.std,
    "mean-std-of-bgr": lambda values, n: (values / _F(255) - n.mean[::-1]) / n.std[::-1],
    "times-255": lambda values, numbers: _right_numbers(values, numbers) * 255,
    "standardized": _standardized,
}

# Quantization, layout, memory ---------------------------------------------------------------------------------------


def quantize(values: Values, how: str, contract: Contract) -> NDArray[Any]:
    """Values in the contract's dtype; ``how``: ``right``, ``quantization-shifted``, ``no-zero-point`` or ``rounded-down``."""
    dtype, parameters = contract.input.dtype, contract.quantization.input
    if dtype == "float32":
        return values.astype(np.float32)
    if dtype == "uint8" or parameters is None:
        return np.clip(np.rint(values), 0, 255).astype(np.uint8)
    if how == "quantization-shifted":
        # v - 128, as if all int8 inputs were pictures.
        return np.clip(np.rint(values) - 128, -128, 127).astype(np.int8)
    steps = values.astype(np.float64) / parameters.scale
    zero = 0 if how == "no-zero-point" else parameters.zero_point
    return np.clip((np.trunc if how == "rounded-down" else np.rint)(steps) + zero, -128, 127).astype(np.int8)


def lay_out(values: NDArray[Any], how: str, contract: Contract) -> NDArray[Any]:
    """(h, w, c) in the contract's shape; ``how``: ``right``, ``layout`` (the other one of NCHW and NHWC) or ``transposed``."""
    if how == "transposed":
        # The wrong loop is the inner one.
        values = values.transpose(1, 0, 2)
    planar = (contract.input.layout == "NCHW") != (how == "layout")
    ordered = values.transpose(2, 0, 1) if planar else values
    return np.ascontiguousarray(ordered).reshape(contract.input.shape)


def store(tensor: NDArray[Any], how: str) -> NDArray[Any]:
    """The bytes in memory; ``how``: ``right``, ``big-endian``, ``never-written`` (zeros) or ``half-written`` (the rest is 0)."""
    if how == "big-endian":
        return tensor.byteswap()
    if how == "never-written":
        return np.zeros_like(tensor)
    if how == "half-written":
        out = tensor.copy()
        out.reshape(-1)[out.size // 2 :] = 0
        return out
    return tensor
