"""The float network of an ExecuTorch file: what quantizes or dequantizes only stores, and a clamp stands for itself."""

from __future__ import annotations

import numpy as np

from fer_edge.export.faithful.graph import Graph, Node
from fer_edge.export.faithful.view import INTEGERS, Constant, Edge, Grid, Step, View

STORING = (
    "Convert",
    "quantized_decomposed::quantize_per_tensor",
    "quantized_decomposed::dequantize_per_tensor",
)
CLIP = "Clip"
MOVING = "StaticTranspose"
"""int8 files turn the axes of a value once for each operator that reads it, float files once for all."""


def view(graph: Graph) -> View:
    """The float network that a file's graph stands for.

    Args:
        graph: of any precision.
    """
    found = View(graph.inputs)
    roots: dict[str, str] = {}
    turned: dict[str, str] = {}
    for name, tensor in graph.tensors.items():
        if tensor.constant is not None:
            found.constants[name] = Constant.of(tensor)
    for node in graph.nodes:
        if node.operator in STORING:
            roots[node.outputs[0]] = roots.get(node.inputs[0], node.inputs[0])
        else:
            edges = tuple(
                Edge(roots.get(name, name), _grid(graph, name)) if name else Edge("") for name in node.inputs
            )
            steps = _steps(found, node, edges)
            same = _first_of_same(turned, steps) if node.operator == MOVING else None
            if same is None:
                found.steps += steps
            else:
                roots[node.outputs[0]] = same
        for name in node.outputs:
            grid = _grid(graph, name)
            if grid is not None:
                found.put_on(roots.get(name, name), grid)
    found.outputs = tuple(roots.get(name, name) for name in graph.outputs)
    return found


def _first_of_same(turned: dict[str, str], steps: list[Step]) -> str | None:
    """What an equal step before made of the same value; None: it is the first, and is kept in mind."""
    (step,) = steps
    (result,) = step.outputs
    first = turned.setdefault(repr((step.inputs[0].name, sorted(step.options.items()))), result)
    return None if first == result else first


def _steps(found: View, node: Node, edges: tuple[Edge, ...]) -> list[Step]:
    """The operator, and what it cuts off as an operator of its own: float files fuse more of them than int8 ones."""
    options = dict(node.options)
    bounds = options.pop("output_min", -np.inf), options.pop("output_max", np.inf)
    if bounds == (-np.inf, np.inf):
        return [Step(node.operator, edges, node.outputs, options)]
    (result,) = node.outputs
    ends = []
    for word, bound in zip(("least", "most"), bounds, strict=True):
        found.constants[f"{result}.{word}"] = Constant(np.asarray(bound, np.float32))
        ends.append(Edge(f"{result}.{word}"))
    if node.operator == "Clamp":
        return [Step(CLIP, (*edges, *ends), node.outputs)]
    whole = f"{result}.whole"
    return [
        Step(node.operator, edges, (whole,), options),
        Step(CLIP, (Edge(whole), *ends), node.outputs),
    ]


def _grid(graph: Graph, name: str) -> Grid | None:
    tensor = graph.tensors.get(name)
    if tensor is None or tensor.quantization is None or tensor.dtype not in INTEGERS:
        return None
    return Grid(tensor.dtype, tensor.quantization)
