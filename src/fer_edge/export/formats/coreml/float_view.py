"""The float network of a Core ML program: casts and quantized activations only store, and compressed weights are constants."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.faithful.graph import OF_HALF, Graph, Node, Quantization
from fer_edge.export.faithful.view import INTEGERS, Constant, Edge, Grid, Step, View

FLOATS = ("fp16", "fp32")


def view(graph: Graph) -> View:
    """The float network that a program stands for.

    Args:
        graph: of any precision.
    """
    found = View(graph.inputs)
    roots: dict[str, str] = {}
    grids: dict[str, Grid] = {}
    for name, tensor in graph.tensors.items():
        if tensor.constant is not None:
            found.constants[name] = Constant(tensor.constant)
    for node in graph.nodes:
        if node.operator == "cast" and node.options.get("dtype") in FLOATS:
            roots[node.outputs[0]] = roots.get(node.inputs[0], node.inputs[0])
        elif not _decompressed(node, found) and not _quantized(node, found, roots, grids):
            edges = tuple(Edge(roots.get(name, name), grids.get(name)) for name in node.inputs)
            found.steps.append(Step(node.operator, edges, node.outputs, node.options))
    found.outputs = tuple(roots.get(name, name) for name in graph.outputs)
    return found


def _quantized(node: Node, found: View, roots: dict[str, str], grids: dict[str, Grid]) -> bool:
    """Note the grid of an activation; a ``dequantize`` of other numbers than its ``quantize`` stays an operator."""
    if node.operator not in ("quantize", "dequantize"):
        return False
    given = dict(zip(node.options["parameters"], node.inputs, strict=True))
    source, scale = given["input"], found.constants.get(given["scale"])
    before = grids.get(source)
    dtype = before.dtype if before else str(node.options.get("output_dtype"))
    if scale is None or scale.stored.size != 1 or dtype not in INTEGERS:
        return False
    zero = _integers(node.options.get("zero_point", 0))
    grid = Grid(dtype, Quantization(scale.stored.reshape(-1).astype(np.float32), zero))
    if (
        zero.size != 1
        or (before is not None) == (node.operator == "quantize")
        or not (before or grid).same(grid)
    ):
        return False
    root = str(roots.get(source, source))
    roots[node.outputs[0]], grids[node.outputs[0]] = root, grid
    found.put_on(root, grid)
    return True


def _integers(option: Any) -> NDArray[np.int64]:
    """A constant of whole numbers as the graph's reader hands it over: a number, or shape and numbers."""
    return np.asarray(option[1] if isinstance(option, tuple) else option, np.int64).reshape(-1)


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
    rounding = OF_HALF if scale.dtype == np.float16 else 0.0
    quantization = Quantization(factors, zeros, axis % data.ndim if factors.size > 1 else 0, rounding)
    found.constants[node.outputs[0]] = Constant(data, Grid(str(data.dtype), quantization))
    return True
