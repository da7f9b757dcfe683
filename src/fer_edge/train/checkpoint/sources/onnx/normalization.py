"""Normalizations with weights."""

from __future__ import annotations

import numpy as np

from fer_edge.train.checkpoint.sources.onnx.node import Node
from fer_edge.train.checkpoint.sources.translation import Value


def batch(node: Node) -> Value:
    """``BatchNormalization`` that is not training."""
    if node.whole("training_mode", 0):
        raise node.refuse("that is still training")
    x = node.value()
    scale, bias, mean, variance = (node.array(index) for index in (1, 2, 3, 4))
    tensors = {"weight": scale, "bias": bias, "running_mean": mean, "running_var": variance}
    epsilon = node.number("epsilon", 1e-5)
    return node.add(
        "batch_norm", x, tensors, features=scale.size, epsilon=epsilon, axes=2 if len(x.shape) == 4 else 1
    )


def layer(node: Node) -> Value:
    """``LayerNormalization`` over the last axes."""
    if node.outputs > 1:
        raise node.refuse("with its statistics")
    x, scale, bias = node.value(), node.array(1), node.known(2)
    axis = node.whole("axis", -1) % len(x.shape)
    shape = x.shape[axis:]
    tensors = {"weight": np.broadcast_to(scale, shape)}
    if bias is not None:
        tensors["bias"] = np.broadcast_to(bias, shape)
    epsilon = node.number("epsilon", 1e-5)
    return node.add("layer_norm", x, tensors, shape=shape, epsilon=epsilon, bias=bias is not None)


def instance(node: Node) -> Value:
    """``InstanceNormalization``: groups of one channel."""
    return _groups(node, node.value().shape[1])


def group(node: Node) -> Value:
    """``GroupNormalization``; its scales were one a group before version 21."""
    return _groups(node, node.whole("num_groups", 1))


def _groups(node: Node, groups: int) -> Value:
    x = node.value()
    features = x.shape[1]
    repeat = 1 if node.array(1).size == features else features // groups
    tensors = {"weight": np.repeat(node.array(1), repeat), "bias": np.repeat(node.array(2), repeat)}
    return node.add(
        "group_norm", x, tensors, groups=groups, features=features, epsilon=node.number("epsilon", 1e-5)
    )


def local_response(node: Node) -> Value:
    """``LRN``."""
    return node.add(
        "local_response",
        node.value(),
        size=node.whole("size", 1),
        alpha=node.number("alpha", 1e-4),
        beta=node.number("beta", 0.75),
        offset=node.number("bias", 1.0),
    )


def unit_length(node: Node) -> Value:
    """``LpNormalization`` to a Euclidean length of one."""
    if node.whole("p", 2) != 2:
        raise node.refuse("of another norm than the Euclidean one")
    x = node.value()
    return node.add("normalize", x, axis=node.whole("axis", -1) % len(x.shape), least=1e-12)
