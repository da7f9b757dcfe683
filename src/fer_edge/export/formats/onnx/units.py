"""The layers of an ONNX graph that are quantized or not: one node each, called by the module whose weights it reads."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from fer_edge.export.formats.mixed import Unit
from fer_edge.export.formats.onnx.stem import kept_in_float

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

_WRAPPER = "module."
"""What parameters' names begin with: the network inside our wrapper."""


def list_units(model: ModelProto, operators: Collection[str]) -> list[Unit]:
    """The nodes of these operators but for those that stay in float by rule, in the order of the graph."""
    weights = {tensor.name for tensor in model.graph.initializer}
    floats = set(kept_in_float(model))
    return [
        Unit(_name(node, weights), node.op_type, (node.name,))
        for node in model.graph.node
        if node.op_type in operators and node.name not in floats
    ]


def _name(node: NodeProto, weights: set[str]) -> str:
    for name in node.input[1:]:
        module = name.removeprefix(_WRAPPER)
        if name in weights and module.endswith(".weight"):
            return str(module.removesuffix(".weight"))
    return str(node.name)
