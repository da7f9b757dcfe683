"""The float network of a TFLite file: QUANTIZE and DEQUANTIZE only store."""

from __future__ import annotations

from fer_edge.export.faithful.graph import Graph
from fer_edge.export.faithful.view import INTEGERS, Constant, Edge, Grid, Step, View

STORING = ("QUANTIZE", "DEQUANTIZE")


def view(graph: Graph) -> View:
    """The float network that a file's graph stands for.

    Args:
        graph: of any precision.
    """
    found = View(graph.inputs)
    roots: dict[str, str] = {}
    for name, tensor in graph.tensors.items():
        if tensor.constant is not None:
            found.constants[name] = Constant.of(tensor)
    for name in graph.inputs:
        _note_grid(found, graph, name, name)
    for node in graph.nodes:
        if node.operator in STORING:
            source, result = node.inputs[0], node.outputs[0]
            roots[result] = roots.get(source, source)
        else:
            edges = tuple(_edge(graph, roots, name) for name in node.inputs)
            found.steps.append(Step(node.operator, edges, node.outputs, node.options))
        for name in node.outputs:
            _note_grid(found, graph, name, roots.get(name, name))
    found.outputs = tuple(roots.get(name, name) for name in graph.outputs)
    return found


def _note_grid(found: View, graph: Graph, name: str, root: str) -> None:
    grid = _grid(graph, name)
    if grid is not None and root not in found.constants:
        found.put_on(root, grid)


def _edge(graph: Graph, roots: dict[str, str], name: str) -> Edge:
    return Edge(roots.get(name, name), _grid(graph, name)) if name else Edge("")


def _grid(graph: Graph, name: str) -> Grid | None:
    tensor = graph.tensors.get(name)
    if tensor is None or tensor.quantization is None or tensor.dtype not in INTEGERS:
        return None
    return Grid(tensor.dtype, tensor.quantization)
