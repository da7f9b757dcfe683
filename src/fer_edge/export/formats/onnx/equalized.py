"""Cross-layer equalization of an ONNX graph; see ``formats.equalization``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.formats.equalization import Layer, Link, equalize
from fer_edge.export.formats.onnx.graph import uses

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, TensorProto

PASSING = ("Relu", "MaxPool", "AveragePool", "GlobalAveragePool", "Identity")
"""Operators whose result is multiplied by a positive number where their input is, channel by channel."""


def equalize_graph(model: ModelProto) -> None:
    """Balance the convolutions of a float32 graph in place; batch normalization must be folded already."""
    graph = model.graph
    readers = uses(graph.node)
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    results = {value.name for value in graph.output}
    layers = {node.name: layer for node in graph.node if (layer := _layer(node, tensors, readers))}
    links: list[Link] = []
    for node in graph.node:
        second = None if node.name not in layers else _reader(node, readers, results)
        if second is not None and second.name in layers:
            links.append((layers[node.name], layers[second.name]))
    equalize(links)
    for node in graph.node:
        layer = layers.get(node.name)
        if layer is not None and layer.changed:
            _write(tensors[node.input[1]], layer.weight)
            if layer.bias is not None:
                _write(tensors[node.input[2]], layer.bias)


def _write(tensor: TensorProto, values: NDArray[np.float32]) -> None:
    from onnx import numpy_helper

    tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))


def _layer(
    node: NodeProto, tensors: dict[str, TensorProto], readers: dict[str, list[tuple[NodeProto, int]]]
) -> Layer | None:
    """A convolution whose constants are its own, plain or depthwise."""
    from onnx import TensorProto as Kind
    from onnx import numpy_helper

    names = [name for name in node.input[1:] if name]
    if (
        node.op_type != "Conv"
        or not names
        or not all(
            name in tensors and len(readers[name]) == 1 and tensors[name].data_type == Kind.FLOAT
            for name in names
        )
    ):
        return None
    weight, *bias = (np.array(numpy_helper.to_array(tensors[name])) for name in names)
    groups = next((item.i for item in node.attribute if item.name == "group"), 1)
    depthwise = weight.shape[1] == 1 and groups == weight.shape[0]
    if groups != 1 and not depthwise:
        return None
    return Layer(weight, 0, 0 if depthwise else 1, bias[0] if bias else None)


def _reader(
    node: NodeProto, readers: dict[str, list[tuple[NodeProto, int]]], results: set[str]
) -> NodeProto | None:
    """The convolution that alone reads what another makes."""
    while True:
        name = node.output[0]
        found = readers.get(name, [])
        if name in results or len(found) != 1 or found[0][1] != 0 or len(node.output) != 1:
            return None
        node = found[0][0]
        if node.op_type == "Conv":
            return node
        if node.op_type not in PASSING:
            return None
