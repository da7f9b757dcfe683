"""Keras layers with weights: kernels are (height, width, inputs, outputs) there and (outputs, inputs, height, width) here."""

from __future__ import annotations

import numpy as np

from fer_edge.train.checkpoint.sources.keras.activations import activate
from fer_edge.train.checkpoint.sources.keras.layer import KerasLayer
from fer_edge.train.checkpoint.sources.padding import pad_unequally, same_sides, valid_sides
from fer_edge.train.checkpoint.sources.translation import Array, Value


def conv(layer: KerasLayer) -> Value:
    """``Conv2D``."""
    kernel = layer.weight("kernel", 0).transpose(3, 2, 0, 1)
    found = _convolve(layer, layer.x, kernel, _bias(layer, 1), groups=int(layer.config.get("groups", 1)))
    return activate(layer, found, layer.config.get("activation"))


def depthwise(layer: KerasLayer) -> Value:
    """``DepthwiseConv2D``."""
    name = "depthwise_kernel" if "depthwise_kernel" in layer.weights else "kernel"
    kernel, groups = _depthwise_kernel(layer.weight(name, 0))
    found = _convolve(layer, layer.x, kernel, _bias(layer, 1), groups=groups)
    return activate(layer, found, layer.config.get("activation"))


def separable(layer: KerasLayer) -> Value:
    """``SeparableConv2D``: depthwise without bias, then pointwise."""
    kernel, groups = _depthwise_kernel(layer.weight("depthwise_kernel", 0))
    found = _convolve(layer, layer.x, kernel, None, groups=groups, suffix="_depthwise")
    pointwise = layer.weight("pointwise_kernel", 1).transpose(3, 2, 0, 1)
    found = _pointwise(layer, found, pointwise, _bias(layer, 2))
    return activate(layer, found, layer.config.get("activation"))


def _depthwise_kernel(kernel: Array) -> tuple[Array, int]:
    high, wide, inputs, multiplier = kernel.shape
    return kernel.transpose(2, 3, 0, 1).reshape(inputs * multiplier, 1, high, wide), inputs


def _bias(layer: KerasLayer, place: int) -> Array | None:
    return layer.weight("bias", place) if layer.flag("use_bias", default=True) else None


def _convolve(
    layer: KerasLayer, x: Value, kernel: Array, bias: Array | None, *, groups: int, suffix: str = ""
) -> Value:
    stride, dilation = layer.pair("strides"), layer.pair("dilation_rate")
    padding = layer.config.get("padding", "valid")
    if padding not in ("same", "valid") or len(x.shape) != 4:
        raise layer.refuse(f"of {len(x.shape)} axes with padding {padding!r}")
    sides = (same_sides if padding == "same" else valid_sides)(x, kernel.shape[2:], stride, dilation)
    x, amounts = pad_unequally(layer.graph, x, sides, f"{layer.name}_pad")
    return layer.add(
        "conv2d",
        x,
        {"weight": kernel} | ({} if bias is None else {"bias": bias}),
        suffix,
        inputs=kernel.shape[1] * groups,
        outputs=kernel.shape[0],
        kernel=kernel.shape[2:],
        stride=stride,
        padding=amounts,
        dilation=dilation,
        groups=groups,
        bias=bias is not None,
    )


def _pointwise(layer: KerasLayer, x: Value, kernel: Array, bias: Array | None) -> Value:
    return layer.add(
        "conv2d",
        x,
        {"weight": kernel} | ({} if bias is None else {"bias": bias}),
        inputs=kernel.shape[1],
        outputs=kernel.shape[0],
        kernel=[1, 1],
        stride=[1, 1],
        padding=[0, 0],
        dilation=[1, 1],
        groups=1,
        bias=bias is not None,
    )


def dense(layer: KerasLayer) -> Value:
    """``Dense``, over the last axis; of features, a convolution of 1x1."""
    kernel, bias = layer.weight("kernel", 0), _bias(layer, 1)
    if len(layer.x.shape) == 4:
        found = _pointwise(layer, layer.x, kernel.T[:, :, None, None], bias)
    else:
        tensors = {"weight": kernel.T} | ({} if bias is None else {"bias": bias})
        inputs, outputs = kernel.shape
        found = layer.add("linear", layer.x, tensors, inputs=inputs, outputs=outputs, bias=bias is not None)
    return activate(layer, found, layer.config.get("activation"))


def batch_norm(layer: KerasLayer) -> Value:
    """``BatchNormalization`` over the features, with or without scale and center."""
    axis = layer.config.get("axis", -1)
    axis = axis[0] if isinstance(axis, list) else axis
    x = layer.x
    if axis not in (-1, len(x.shape) - 1):
        raise layer.refuse(f"over axis {axis}")
    scale, center = layer.flag("scale", default=True), layer.flag("center", default=True)
    mean, variance = (
        layer.weight(name, scale + center + i) for i, name in enumerate(("moving_mean", "moving_variance"))
    )
    tensors = {
        "weight": layer.weight("gamma", 0) if scale else np.ones_like(mean),
        "bias": layer.weight("beta", int(scale)) if center else np.zeros_like(mean),
        "running_mean": mean,
        "running_var": variance,
    }
    epsilon = layer.number("epsilon", 1e-3)
    if len(x.shape) not in (2, 4):
        raise layer.refuse(f"of {len(x.shape)} axes")
    return layer.add(
        "batch_norm", x, tensors, features=mean.size, epsilon=epsilon, axes=2 if len(x.shape) == 4 else 1
    )


def layer_norm(layer: KerasLayer) -> Value:
    """``LayerNormalization`` over the last axis."""
    axis = layer.config.get("axis", -1)
    axis = axis[0] if isinstance(axis, list) else axis
    x = layer.x
    if axis not in (-1, len(x.shape) - 1):
        raise layer.refuse(f"over axis {axis}")
    scale, center = layer.flag("scale", default=True), layer.flag("center", default=True)
    edge = x.shape[1] if len(x.shape) == 4 else x.shape[-1]
    gamma = layer.weight("gamma", 0) if scale else np.ones(edge, np.float32)
    beta = layer.weight("beta", int(scale)) if center else np.zeros(edge, np.float32)
    inside = layer.graph.permute(x, (0, 2, 3, 1), f"{layer.name}_nhwc") if len(x.shape) == 4 else x
    tensors = {"weight": gamma, "bias": beta}
    found = layer.add(
        "layer_norm", inside, tensors, shape=[edge], epsilon=layer.number("epsilon", 1e-3), bias=True
    )
    return layer.graph.permute(found, (0, 3, 1, 2), f"{layer.name}_nchw") if len(x.shape) == 4 else found


def prelu(layer: KerasLayer) -> Value:
    """``PReLU`` with one slope a channel; slopes of every place only where they are equal."""
    slopes = layer.weight("alpha", 0)
    channels = slopes.reshape(-1, slopes.shape[-1])
    if not (channels == channels[0]).all():
        raise layer.refuse("with a slope for every place (shared_axes=[1, 2] is supported)")
    return layer.add("prelu", layer.x, {"weight": channels[0]}, features=channels.shape[1])


def normalization(layer: KerasLayer) -> Value:
    """``Normalization`` by mean and variance that were learned or given."""
    given = layer.config.get("mean")
    mean = np.asarray(given if given is not None else layer.weight("mean", 0), np.float32)
    variance = layer.config.get("variance")
    variance = np.asarray(variance if variance is not None else layer.weight("variance", 1), np.float32)
    if layer.flag("invert", default=False):
        raise layer.refuse("that is inverted")
    std = np.maximum(np.sqrt(variance), 1e-7)  # keras.config.epsilon()
    edges = (1, -1, 1, 1) if len(layer.x.shape) == 4 else (1, -1)
    graph, name = layer.graph, layer.name
    centered = layer.add("subtract", [layer.x, graph.constant(mean.reshape(edges), f"{name}_mean")])
    return layer.add("divide", [centered, graph.constant(std.reshape(edges), f"{name}_std")])


def rescaling(layer: KerasLayer) -> Value:
    """``Rescaling``: a factor and an offset."""
    found = layer.x
    edges = (1, -1, 1, 1) if len(found.shape) == 4 else (1, -1)
    for function, name, nothing in (("multiply", "scale", 1.0), ("add", "offset", 0.0)):
        value = layer.config.get(name, nothing)
        if isinstance(value, list):
            constant = layer.graph.constant(
                np.asarray(value, np.float32).reshape(edges), f"{layer.name}_{name}"
            )
            found = layer.add(function, [found, constant])
        elif layer.number(name, nothing) != nothing:
            number = layer.number(name, nothing)
            found = layer.add("scalar", found, function=function, value=number, first=False)
    return found
