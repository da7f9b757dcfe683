"""The float network of a Core ML program: casts only store, and compressed weights are constants."""

from __future__ import annotations

from fer_edge.export.faithful.graph import Graph, Node, Quantization
from fer_edge.export.faithful.view import INTEGERS, Constant, Edge, Grid, Step, View

FLOATS = ("fp16", "fp32")


def view(graph: Graph) -> View:
    """The float network that a program stands for.

    Args:
        graph: of any precision.
    """
    found = View(graph.inputs)
    roots: dict[str, str] = {}
    for name, tensor in graph.tensors.items():
        if tensor.constant is not None:
            found.constants[name] = Constant(tensor.constant)
    for node in graph.nodes:
        if node.operator == "cast" and node.options.get("dtype") in FLOATS:
            roots[node.outputs[0]] = roots.get(node.inputs[0], node.inputs[0])
        elif not _decompressed(node, found):
            edges = tuple(Edge(roots.get(name, name)) for name in node.inputs)
            found.steps.append(Step(node.operator, edges, node.outputs, node.options))
    found.outputs = tuple(roots.get(name, name) for name in graph.outputs)
    return found


def _decompressed(node: Node, found: View) -> bool:
    """Note a weight of ``constexpr_affine_dequantize``; others stay operators that do not belong."""
    if node.operator != "constexpr_affine_dequantize":
        return False
    held = {
        name: found.constants[value].stored
        for name, value in zip(node.options["parameters"], node.inputs, strict=True)
        if value in found.constants
    }
    data, scale, zero = (held.get(name) for name in ("quantized_data", "scale", "zero_point"))
    if data is None or scale is None or zero is None or str(data.dtype) not in INTEGERS:
        return False
    axis = int(held["axis"]) if "axis" in held else 0
    zeros = zero.reshape(-1).astype("int64")
    factors = scale.reshape(-1).astype("float32")
    if zeros.size not in (1, factors.size) or not -data.ndim <= axis < data.ndim:
        return False
    if zeros.size < factors.size:
        zeros = zeros.repeat(factors.size)
    quantization = Quantization(factors, zeros, axis % data.ndim if factors.size > 1 else 0)
    found.constants[node.outputs[0]] = Constant(data, Grid(str(data.dtype), quantization))
    return True
