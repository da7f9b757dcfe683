"""An ONNX file as a neutral graph. The file is untrusted: one with data in other files is refused, counts are bounded."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_edge.export.faithful.graph import MOST_NODES, Graph, Node, Tensor
from fer_edge.runtime.containers.limits import ContainerError
from fer_edge.runtime.containers.onnx import refuse_external_data
from fer_edge.runtime.errors import BundleError

if TYPE_CHECKING:
    from onnx import AttributeProto, ModelProto, TensorProto, ValueInfoProto


def read_graph(path: Path) -> Graph:
    """The main graph of an ``.onnx`` file.

    Raises:
        BundleError: the bytes are no ONNX model, or contradict themselves.
    """
    import onnx
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    try:
        with path.open("rb") as file:
            refuse_external_data(file, (0, path.stat().st_size))
        model = onnx.ModelProto()
        model.ParseFromString(path.read_bytes())
        return graph_of(model)
    except (ContainerError, DecodeError, ValueError, TypeError) as error:
        raise BundleError(f"{path.name} is not a readable ONNX file: {error}") from None


def graph_of(model: ModelProto) -> Graph:
    """The same for a model in memory; faults are errors of the standard library."""
    graph = model.graph
    if len(graph.node) > MOST_NODES:
        raise ValueError(f"it has {len(graph.node)} operators; allowed: {MOST_NODES}")
    tensors: dict[str, Tensor] = {}
    for value in (*graph.input, *graph.output, *graph.value_info):
        tensors[value.name] = _described(value)
    for constant in graph.initializer:
        tensors[constant.name] = _constant(constant)
    nodes = []
    for node in graph.node:
        options = {item.name: _option(item) for item in node.attribute}
        domain = f"{node.domain}." if node.domain not in ("", "ai.onnx") else ""
        nodes.append(
            Node(f"{domain}{node.op_type}", tuple(node.input), tuple(node.output), options, node.name)
        )
        for name in (*node.input, *node.output):
            if name:
                tensors.setdefault(name, Tensor(name, (), ""))
    constants = {constant.name for constant in graph.initializer}
    inputs = tuple(value.name for value in graph.input if value.name not in constants)
    return Graph(tuple(nodes), tensors, inputs, tuple(value.name for value in graph.output))


def _described(value: ValueInfoProto) -> Tensor:
    kind = value.type.tensor_type
    shape = tuple(int(size.dim_value) if size.HasField("dim_value") else -1 for size in kind.shape.dim)
    return Tensor(value.name, shape, _dtype(kind.elem_type))


def _dtype(number: int) -> str:
    from onnx import helper

    try:
        return str(np.dtype(helper.tensor_dtype_to_np_dtype(number)))
    except (KeyError, TypeError):
        return ""


def _constant(tensor: TensorProto) -> Tensor:
    from onnx import numpy_helper

    shape = tuple(int(size) for size in tensor.dims)
    if min(shape, default=0) < 0 or math.prod(shape) > tensor.ByteSize() * 8:
        raise ValueError(f"constant {ascii(tensor.name)[:80]} has the shape {list(shape)[:8]}")
    return Tensor(tensor.name, shape, _dtype(tensor.data_type), numpy_helper.to_array(tensor))


def _option(attribute: AttributeProto) -> Any:
    """A value that compares with ``==``: lists as tuples, tensors as type, shape and bytes, graphs as bytes."""
    from onnx import AttributeProto as Kinds
    from onnx import helper

    value = helper.get_attribute_value(attribute)
    if attribute.type == Kinds.TENSOR:
        found = _constant(value)
        assert found.constant is not None
        return found.dtype, found.shape, found.constant.tobytes()
    if attribute.type in (Kinds.GRAPH, Kinds.GRAPHS, Kinds.TENSORS, Kinds.SPARSE_TENSOR):
        return attribute.SerializeToString(deterministic=True)
    return tuple(value) if isinstance(value, list) or hasattr(value, "extend") else value
