"""Equal forms of the operators that onnxruntime has no fast int8 kernel for; applied to the int8 graph only.

| was                           | becomes                                                    |
|-------------------------------|------------------------------------------------------------|
| HardSwish(x)                  | Clip(x + 3, 0, 6) * x, and the factor 1/6 into what follows |
| the same behind a convolution | the form of ``hard_swish``, and the factor likewise         |
| HardSigmoid(x), alpha 1/6     | Clip(x + 3, 0, 6), and the factor 1/6 into what follows     |
| ReduceMean(x) over H and W    | GlobalAveragePool(x), Flatten unless the axes are kept      |

The factor goes into the weights of the next convolutions or matrix products where every path leads into one; where
one does not (a residual Add), it stays a Mul. The activation of a stem that stays in float is left as it is. In int8 a constant factor of a whole tensor costs no accuracy: only the
scales change.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from fer_edge.export.formats.onnx.graph import drop_unused, uses
from fer_edge.export.formats.onnx.hard_swish import shifted_form
from fer_edge.export.formats.onnx.stem import float_stem

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto

SIXTH = np.float32(1 / 6)
ABSORBERS = ("Conv", "Gemm", "MatMul")
TRANSPARENT = ("GlobalAveragePool", "AveragePool", "MaxPool", "Flatten", "Reshape", "Identity", "Transpose")


def rewrite_for_int8(model: ModelProto) -> None:
    """Replace hard-swish, hard-sigmoid and means over H and W in place; the function stays the same."""
    graph = model.graph
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    _replace_means(graph, tensors)
    _replace_hard_activations(graph, {name for node in float_stem(model) for name in node.output})
    drop_unused(model)
    del graph.value_info[:]


def _replace_means(graph: GraphProto, tensors: dict[str, TensorProto]) -> None:
    from onnx import helper

    ranks = {
        value.name: len(value.type.tensor_type.shape.dim)
        for value in (*graph.input, *graph.value_info)
        if _is_float(value)
    }
    nodes = []
    for node in graph.node:
        if node.op_type != "ReduceMean" or not _over_pixels(node, tensors, ranks):
            nodes.append(node)
            continue
        source, result = node.input[0], node.output[0]
        kept = _attribute(node, "keepdims", 1) == 1
        pooled = result if kept else f"{result}.pooled"
        nodes.append(helper.make_node("GlobalAveragePool", [source], [pooled], name=f"{node.name}.pool"))
        if not kept:
            nodes.append(helper.make_node("Flatten", [pooled], [result], name=f"{node.name}.flatten", axis=1))
    _set_nodes(graph, nodes)


def _over_pixels(node: NodeProto, tensors: dict[str, TensorProto], ranks: dict[str, int]) -> bool:
    from onnx import numpy_helper

    if len(node.input) < 2 or node.input[1] not in tensors or ranks.get(node.input[0]) != 4:
        return False
    axes = {int(axis) % 4 for axis in numpy_helper.to_array(tensors[node.input[1]]).reshape(-1)}
    return axes == {2, 3}


def _is_float(value: ValueInfoProto) -> bool:
    """True if a value is float32: the forms hold float32 constants, and onnxruntime pools no other kind."""
    from onnx import TensorProto

    return bool(value.type.tensor_type.elem_type == TensorProto.FLOAT)


def _replace_hard_activations(graph: GraphProto, stem: set[str]) -> None:
    from onnx import numpy_helper

    others = {value.name for value in (*graph.output, *graph.value_info) if not _is_float(value)} | stem
    found = [node for node in graph.node if _is_hard(node) and node.output[0] not in others]
    if not found:
        return
    constants = {
        "hard.three": 3.0,
        "hard.minus3": -3.0,
        "hard.zero": 0.0,
        "hard.six": 6.0,
        "hard.sixth": SIXTH,
    }
    for name, value in constants.items():
        graph.initializer.append(numpy_helper.from_array(np.asarray(value, np.float32), name))
    convolutions = _private_convolutions(graph)
    _set_nodes(graph, [new for node in graph.node for new in _form(graph, node, found, convolutions)])
    for node in found:
        _move_factor(graph, node.output[0])


def _private_convolutions(graph: GraphProto) -> dict[str, NodeProto]:
    """Tensor -> the convolution that makes it, where its weights are constants and one node alone reads it."""
    readers, constants = uses(graph.node), {tensor.name for tensor in graph.initializer}
    outputs = {value.name for value in graph.output}
    return {
        node.output[0]: node
        for node in graph.node
        if node.op_type == "Conv"
        and set(node.input[1:]) <= constants
        and len(readers.get(node.output[0], [])) == 1
        and node.output[0] not in outputs
    }


def _form(
    graph: GraphProto, node: NodeProto, found: list[NodeProto], convolutions: dict[str, NodeProto]
) -> list[NodeProto]:
    if node not in found:
        return [node]
    if node.op_type == "HardSwish" and node.input[0] in convolutions:
        return shifted_form(node, convolutions[node.input[0]], graph)
    return _hard_form(node)


def _is_hard(node: NodeProto) -> bool:
    if node.op_type == "HardSigmoid":
        return (
            abs(_attribute(node, "alpha", 0.2) - 1 / 6) < 1e-6
            and abs(_attribute(node, "beta", 0.5) - 0.5) < 1e-6
        )
    return bool(node.op_type == "HardSwish")


def _hard_form(node: NodeProto) -> list[NodeProto]:
    """The replacement; the last node multiplies by 1/6 and is what ``_move_factor`` may remove."""
    from onnx import helper

    source, result, name = node.input[0], node.output[0], node.name
    added, clipped, product = f"{result}.plus3", f"{result}.clip", f"{result}.product"
    nodes = [
        helper.make_node("Add", [source, "hard.three"], [added], name=f"{name}.add"),
        helper.make_node("Clip", [added, "hard.zero", "hard.six"], [clipped], name=f"{name}.clip"),
    ]
    if node.op_type == "HardSwish":
        nodes.append(helper.make_node("Mul", [clipped, source], [product], name=f"{name}.mul"))
    last = nodes[-1].output[0]
    return [*nodes, helper.make_node("Mul", [last, "hard.sixth"], [result], name=f"{name}.sixth")]


@dataclass
class _Paths:
    """What a factor on one tensor reaches."""

    scaled: set[str] = field(default_factory=set)
    products: list[tuple[NodeProto, int]] = field(default_factory=list)
    multiplications: list[NodeProto] = field(default_factory=list)
    blocked: bool = False


def _move_factor(graph: GraphProto, tensor: str) -> None:
    """Take the last Mul of one replaced activation away if its 1/6 fits into weights on every path."""
    readers = uses(graph.node)
    initializers = {item.name: item for item in graph.initializer}
    paths = _follow(tensor, readers, {value.name for value in graph.output}, set(initializers))
    weights = [node.input[1 - position] for node, position in paths.products]
    once = all(name in initializers and len(readers[name]) == 1 for name in weights)
    if paths.blocked or not once:
        return
    for name in weights:
        _multiply(initializers[name], SIXTH)
    sixth = next(node for node in graph.node if tensor in node.output)
    source = sixth.input[0]
    graph.node.remove(sixth)
    producer = next(node for node in graph.node if source in node.output)
    producer.output[list(producer.output).index(source)] = tensor


def _follow(
    tensor: str, readers: dict[str, list[tuple[NodeProto, int]]], outputs: set[str], constants: set[str]
) -> _Paths:
    paths, pending = _Paths(), [tensor]
    while pending and not paths.blocked:
        name = pending.pop()
        if name in paths.scaled:
            continue
        paths.scaled.add(name)
        paths.blocked |= name in outputs
        for node, position in readers.get(name, []):
            if node.op_type in ABSORBERS and node.input[1 - position if position < 2 else 0] in constants:
                paths.products.append((node, position))
            elif node.op_type in TRANSPARENT and position == 0:
                pending.append(node.output[0])
            elif node.op_type == "Mul":
                paths.multiplications.append(node)
                pending.append(node.output[0])
            else:
                paths.blocked = True
    twice = any(all(name in paths.scaled for name in node.input) for node in paths.multiplications)
    paths.blocked |= twice
    return paths


def _multiply(tensor: TensorProto, factor: np.float32) -> None:
    from onnx import numpy_helper

    tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor) * factor, tensor.name))


def _attribute(node: NodeProto, name: str, default: float) -> float:
    from onnx import helper

    return next((helper.get_attribute_value(item) for item in node.attribute if item.name == name), default)


def _set_nodes(graph: GraphProto, nodes: list[NodeProto]) -> None:
    nodes = list(nodes)
    del graph.node[:]
    graph.node.extend(nodes)
