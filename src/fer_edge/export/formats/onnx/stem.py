"""Which nodes of a graph stay in float when it is quantized: what comes before the first sum, and a short first sum.

A first convolution that sums fewer than 64 products (3x3 over one or three channels) stays in float with the
activation behind it: on so short a sum the int8 kernel gains less than the conversion of the picture costs. A longer
one (7x7 over three channels: 147) is quantized, and so is one that a max-pool reads: onnxruntime pools uint8 quickly
only where a quantized convolution hands it over channel by channel (squeezenet's pool took 3.3 of 4.6 ms otherwise).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fer_edge.export.formats.onnx.graph import uses

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

SHORTEST_FIRST_SUM = 64
SUMS = ("Conv", "Gemm", "MatMul")
POINTWISE = (
    "Relu",
    "Clip",
    "Sigmoid",
    "Mul",
    "Add",
    "HardSwish",
    "HardSigmoid",
    "LeakyRelu",
    "PRelu",
    "Tanh",
)


def kept_in_float(model: ModelProto) -> list[str]:
    """Names of the nodes that the rule leaves alone, in graph order."""
    nodes = list(model.graph.node)
    first = _first_sum(nodes)
    before = [] if first is None else nodes[: nodes.index(first)]
    return [node.name for node in (*before, *float_stem(model))]


def float_stem(model: ModelProto) -> list[NodeProto]:
    """A short first convolution with the activation behind it; empty if the first sum is quantized."""
    nodes = list(model.graph.node)
    first = _first_sum(nodes)
    if first is None or first.op_type != "Conv" or _summands(model, first) >= SHORTEST_FIRST_SUM:
        return []
    stem = [first, *_pointwise_behind(nodes, first)]
    return [] if _is_pooled(nodes, stem) else stem


def _first_sum(nodes: list[NodeProto]) -> NodeProto | None:
    return next((node for node in nodes if node.op_type in SUMS), None)


def _summands(model: ModelProto, conv: NodeProto) -> int:
    """How many products one output value of a convolution sums."""
    weight = next((tensor for tensor in model.graph.initializer if tensor.name == conv.input[1]), None)
    return int(np.prod(weight.dims[1:])) if weight is not None else SHORTEST_FIRST_SUM


def _is_pooled(nodes: list[NodeProto], stem: list[NodeProto]) -> bool:
    made = {name for node in stem for name in node.output}
    return any(node.op_type == "MaxPool" and node.input[0] in made for node in nodes)


def _pointwise_behind(nodes: list[NodeProto], first: NodeProto) -> list[NodeProto]:
    """The activation of the first convolution: the pointwise nodes that see nothing but its values."""
    seen, found = {first.output[0]}, []
    constants = set(uses(nodes)) - {name for node in nodes for name in node.output}
    for node in nodes[nodes.index(first) + 1 :]:
        if node.op_type in POINTWISE and all(name in seen | constants for name in node.input):
            found.append(node)
            seen.update(node.output)
    return found
