"""Keras layers without weights."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from fer_edge.train.checkpoint.sources.front import Resized
from fer_edge.train.checkpoint.sources.keras.activations import activate, softmax
from fer_edge.train.checkpoint.sources.keras.layer import KerasLayer
from fer_edge.train.checkpoint.sources.padding import average_pool, max_pool, same_sides, valid_sides
from fer_edge.train.checkpoint.sources.translation import Value

TO_NCHW = {0: 0, 1: 2, 2: 3, 3: 1}
"""Axes of (N, H, W, C) among those of (N, C, H, W)."""


def same(layer: KerasLayer) -> Value:
    """Layers that do nothing while a network answers: dropout, noise, augmentation."""
    return layer.x


def activation(layer: KerasLayer) -> Value:
    """``Activation``."""
    return activate(layer, layer.x, layer.config.get("activation"), "")


def relu(layer: KerasLayer) -> Value:
    """``ReLU`` with a bound and a slope."""
    most, slope = layer.config.get("max_value"), layer.number("negative_slope", 0.0)
    if layer.number("threshold", 0.0):
        raise layer.refuse("with a threshold")
    if slope and most is not None:
        raise layer.refuse("with a bound and a slope")
    if slope:
        return layer.add("leaky_relu", layer.x, slope=slope)
    if most is None:
        return layer.add("relu", layer.x)
    if float(most) == 6:
        return layer.add("relu6", layer.x)
    return layer.add("clip", layer.x, least=0.0, most=float(most))


def leaky_relu(layer: KerasLayer) -> Value:
    """``LeakyReLU``, whose slope was called alpha in Keras 2."""
    return layer.add("leaky_relu", layer.x, slope=layer.number("negative_slope", layer.number("alpha", 0.3)))


def elu(layer: KerasLayer) -> Value:
    """``ELU``."""
    return layer.add("elu", layer.x, slope=layer.number("alpha", 1.0))


def soft(layer: KerasLayer) -> Value:
    """``Softmax``."""
    axis = layer.config.get("axis", -1)
    return softmax(layer, layer.x, axis[0] if isinstance(axis, list) else int(axis))


def pool(make: Callable[..., Value]) -> Callable[[KerasLayer], Value]:
    """``MaxPooling2D`` and ``AveragePooling2D``."""

    def translate(layer: KerasLayer) -> Value:
        kernel = layer.pair("pool_size", 2)
        stride = layer.pair("strides", kernel) if layer.config.get("strides") else kernel
        padded = layer.config.get("padding", "valid") == "same"
        sides = (same_sides if padded else valid_sides)(layer.x, kernel, stride, [1, 1])
        return make(layer.graph, layer.x, sides, layer.name)

    return translate


max_pooling, average_pooling = pool(max_pool), pool(average_pool)


def global_pool(function: str) -> Callable[[KerasLayer], Value]:
    """``GlobalAveragePooling2D`` and ``GlobalMaxPooling2D``."""
    return lambda layer: layer.add(
        "reduce", layer.x, function=function, axes=[2, 3], keep=layer.flag("keepdims", default=False)
    )


def flatten(layer: KerasLayer) -> Value:
    """``Flatten``, in the file's own order: height, width, features."""
    x = layer.x
    if len(x.shape) == 2:
        return x
    if len(x.shape) == 4 and x.shape[2] * x.shape[3] > 1:
        x = layer.graph.permute(x, (0, 2, 3, 1), f"{layer.name}_nhwc")
    return layer.add("flatten", x, axis=1)


def reshape(layer: KerasLayer) -> Value:
    """``Reshape``, in the file's own order."""
    wanted = list(layer.config.get("target_shape", ()))
    x = layer.x
    numbers = math.prod(x.shape[1:])
    if -1 in wanted:
        wanted[wanted.index(-1)] = numbers // max(1, math.prod(edge for edge in wanted if edge != -1))
    if len(x.shape) == 4:
        x = layer.graph.permute(x, (0, 2, 3, 1), f"{layer.name}_nhwc")
    found = layer.add("reshape", x, shape=[-1, *wanted])
    return layer.graph.permute(found, (0, 3, 1, 2), f"{layer.name}_nchw") if len(wanted) == 3 else found


def merge(function: str) -> Callable[[KerasLayer], Value]:
    """``Add``, ``Multiply`` and the like: one tensor after another."""

    def translate(layer: KerasLayer) -> Value:
        if len(layer.inputs) < 2:
            raise layer.refuse("of one tensor")
        found = layer.inputs[0]
        for other in layer.inputs[1:]:
            found = layer.add(function, [found, other])
        return found

    return translate


def average(layer: KerasLayer) -> Value:
    """``Average``."""
    return layer.add(
        "scalar", merge("add")(layer), function="multiply", value=1 / len(layer.inputs), first=False
    )


def concatenate(layer: KerasLayer) -> Value:
    """``Concatenate``."""
    rank = len(layer.inputs[0].shape)
    axis = int(layer.config.get("axis", -1)) % rank
    return layer.add("concatenate", list(layer.inputs), axis=TO_NCHW[axis] if rank == 4 else axis)


def zero_padding(layer: KerasLayer) -> Value:
    """``ZeroPadding2D``."""
    (top, bottom), (left, right) = _ends(layer, "padding")
    return layer.add("pad", layer.x, widths=[left, right, top, bottom], mode="constant", value=0.0)


def cropping(layer: KerasLayer) -> Value:
    """``Cropping2D``."""
    found = layer.x
    for axis, (before, after) in zip((2, 3), _ends(layer, "cropping"), strict=True):
        end = found.shape[axis] - after
        if before or after:
            found = layer.add("slice", found, axis=axis, start=before, end=end, step=1)
    return found


def _ends(layer: KerasLayer, name: str) -> list[list[int]]:
    value: Any = layer.config.get(name, 1)
    value = [value, value] if isinstance(value, int) else value
    return [[entry, entry] if isinstance(entry, int) else list(entry) for entry in value]


def upsampling(layer: KerasLayer) -> Value:
    """``UpSampling2D``."""
    high, wide = layer.pair("size", 2)
    mode = layer.config.get("interpolation", "nearest")
    if mode not in ("nearest", "bilinear"):
        raise layer.refuse(f"by {mode}")
    size = [layer.x.shape[2] * high, layer.x.shape[3] * wide]
    return layer.add("resize", layer.x, size=size, mode=mode, corners=False)


def resizing(layer: KerasLayer) -> Value:
    """``Resizing`` of the picture, which the camera path does instead."""
    size = (int(layer.config.get("height", 0)), int(layer.config.get("width", 0)))
    if layer.x.shape[2:] == size:
        return layer.x
    if layer.graph.from_picture(layer.x):
        raise Resized(size)
    raise layer.refuse("inside the network")
