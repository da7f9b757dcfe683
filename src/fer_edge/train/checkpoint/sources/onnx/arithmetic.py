"""Arithmetic, activations and reductions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fer_edge.train.checkpoint.sources.onnx.node import Node
from fer_edge.train.checkpoint.sources.translation import Array, Value
from fer_edge.train.models.imported.elementwise import SCALAR


def plain(layer: str) -> Callable[[Node], Value]:
    """A layer without parameters."""
    return lambda node: node.add(layer, node.value())


def sloped(layer: str, attribute: str, default: float) -> Callable[[Node], Value]:
    """A layer with one number."""
    return lambda node: node.add(layer, node.value(), slope=node.number(attribute, default))


def binary(layer: str) -> Callable[[Node], Value]:
    """Two tensors, or a tensor and a constant."""

    def translate(node: Node) -> Value:
        found = _added_bias(node) if layer == "add" else None
        return found or _of_number(node, layer) or node.add(layer, [node.value(0), node.value(1)])

    return translate


def _of_number(node: Node, layer: str) -> Value | None:
    """Where one operand is a single number."""
    for place in (1, 0):
        x, constant = node.operands[1 - place], node.operands[place]
        if not isinstance(x, Value) or not isinstance(constant, np.ndarray):
            continue
        if constant.size != 1 or constant.ndim > len(x.shape):
            continue
        value = float(constant.reshape(-1)[0])
        if layer == "power" and place == 1 and value in (0.5, 2.0):
            return node.add("sqrt" if value == 0.5 else "square", x)
        if layer in SCALAR:
            commutes = layer in ("add", "multiply")
            return node.add("scalar", x, function=layer, value=value, first=place == 0 and not commutes)
    return None


def _added_bias(node: Node) -> Value | None:
    """A linear layer without bias and a constant behind it, which together are one with."""
    for x, constant in (node.operands[:2], node.operands[1::-1]):
        if not isinstance(x, Value) or not isinstance(constant, np.ndarray):
            continue
        step = node.graph.last(x)
        if step is None or step.layer != "linear" or step.parameters["bias"]:
            continue
        outputs = step.parameters["outputs"]
        if constant.size != outputs or constant.shape[-1] != outputs or constant.ndim > len(x.shape):
            continue
        weight = node.graph.tensors[f"{step.name}.weight"]
        return _linear(node, node.graph.find(step.inputs[0]), weight, constant.reshape(-1))
    return None


def _linear(node: Node, x: Value, weight: Array, bias: Array | None) -> Value:
    tensors = {"weight": weight} | ({} if bias is None else {"bias": bias})
    outputs, inputs = weight.shape
    return node.add("linear", x, tensors, inputs=inputs, outputs=outputs, bias=bias is not None)


def matmul(node: Node) -> Value:
    """``MatMul``: a linear layer where the second operand is a constant matrix."""
    x, second = node.operands[0], node.operands[1]
    if isinstance(x, Value) and isinstance(second, np.ndarray) and second.ndim == 2:
        return _linear(node, x, second.T, None)
    return node.add("matmul", [node.value(0), node.value(1)])


def gemm(node: Node) -> Value:
    """``Gemm`` with a constant matrix."""
    if node.whole("transA", 0):
        raise node.refuse("with a transposed input")
    matrix = node.array(1) * np.float32(node.number("alpha", 1.0))
    weight = matrix if node.whole("transB", 0) else matrix.T
    bias = node.known(2)
    if bias is not None:
        bias = np.broadcast_to(bias * np.float32(node.number("beta", 1.0)), (1, weight.shape[0])).reshape(-1)
    return _linear(node, node.value(), weight, bias)


def several(layer: str) -> Callable[[Node], Value]:
    """One tensor after another: ``Sum``, ``Max``, ``Min``."""

    def translate(node: Node) -> Value:
        values = node.values()
        found = values[0]
        for other in values[1:]:
            found = node.add(layer, [found, other])
        return found

    return translate


def clip(node: Node) -> Value:
    """``Clip``, whose bounds became inputs in version 11."""
    bounds: list[float | None] = []
    for name, index in (("min", 1), ("max", 2)):
        given = node.known(index) if name not in node.attributes else np.array(node.attributes[name])
        bounds.append(None if given is None or abs(float(given)) > 3e38 else float(given))
    if bounds == [0.0, 6.0]:
        return node.add("relu6", node.value())
    if bounds == [0.0, None]:
        return node.add("relu", node.value())
    return (
        node.value()
        if bounds == [None, None]
        else node.add("clip", node.value(), least=bounds[0], most=bounds[1])
    )


def hard_sigmoid(node: Node) -> Value:
    """``HardSigmoid``: torch's where alpha is 1/6, else as it is written."""
    slope, offset = node.number("alpha", 0.2), node.number("beta", 0.5)
    if abs(slope - 1 / 6) < 1e-6 and offset == 0.5:
        return node.add("hard_sigmoid", node.value())
    return node.add("linear_sigmoid", node.value(), slope=slope, offset=offset)


def gelu(node: Node) -> Value:
    """``Gelu``."""
    return node.add("gelu", node.value(), form=node.word("approximate", "none"))


def prelu(node: Node) -> Value:
    """``PRelu`` with one slope, or one a channel."""
    x, slope = node.value(), node.array(1)
    channels = slope.reshape(-1)
    if slope.size not in (1, x.shape[1]) or (slope.size > 1 and slope.ndim != len(x.shape) - 1):
        raise node.refuse(f"with slopes of shape {slope.shape}")
    return node.add("prelu", x, {"weight": channels}, features=channels.size)


def softmax(node: Node) -> Value:
    """``Softmax`` and ``LogSoftmax``; before version 13 over all axes from the given one on."""
    x = node.value()
    rank = len(x.shape)
    axis = node.whole("axis", -1 if node.opset >= 13 else 1) % rank
    if node.opset < 13 and any(edge != 1 for edge in x.shape[axis + 1 :]):
        raise node.refuse(f"of version {node.opset} over several axes")
    return node.add("softmax", x, axis=axis, logarithm=node.operator == "LogSoftmax")


def reduce(function: str) -> Callable[[Node], Value]:
    """``ReduceMean`` and the like; axes became an input in version 18."""

    def translate(node: Node) -> Value:
        x = node.value()
        rank = len(x.shape)
        axes = node.axes(rank)
        if not axes and node.whole("noop_with_empty_axes", 0):
            return x
        keep = bool(node.whole("keepdims", 1))
        return node.add("reduce", x, function=function, axes=axes or list(range(rank)), keep=keep)

    return translate


def reduce_globally(function: str) -> Callable[[Node], Value]:
    """``GlobalAveragePool`` and ``GlobalMaxPool``."""
    return lambda node: node.add(
        "reduce", node.value(), function=function, axes=list(range(2, len(node.value().shape))), keep=True
    )
