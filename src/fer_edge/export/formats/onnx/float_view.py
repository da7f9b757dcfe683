"""The float network of an ONNX file, whose storing and quantizing operators are folded.

| in the file                                              | in the float network                               |
|----------------------------------------------------------|----------------------------------------------------|
| Cast of a constant                                       | the constant, stored as it is                      |
| Mul(Cast(int8 constant), scale), DequantizeLinear of one | the constant with its scale                        |
| QuantizeLinear, DequantizeLinear of the same numbers     | nothing; the grid is noted                         |
| DequantizeLinear with another zero point                 | Add of the difference (the shifted hard-swish)     |
| Clip of bytes                                            | Clip of what they stand for                        |
| DynamicQuantizeLinear, MatMulInteger, Cast, Mul, Mul     | MatMul                                             |

Everything else stays as it is, so that what does not belong there is found.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.faithful.graph import Graph, Node, Quantization
from fer_edge.export.faithful.view import INTEGERS, Constant, Edge, Grid, Step, View

FLOATS = {1: "float32", 10: "float16", 11: "float64"}
"""Numbers of ``TensorProto.DataType`` for a Cast that only changes how a number is stored."""


def view(graph: Graph) -> View:
    """The float network that a file's graph stands for.

    Args:
        graph: of any precision.
    """
    return _Viewer(graph).view()


class _Viewer:
    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._found = View(graph.inputs)
        self._roots: dict[str, str] = {}
        self._stored: dict[str, Grid] = {}
        """Integer tensor -> what its numbers stand for."""
        self._casts: set[str] = set()
        """Constants whose integers were cast to float and still wait for their scale."""
        self._dynamic: dict[str, tuple[str, int]] = {}
        """Output of a DynamicQuantizeLinear -> the value, and which of the three it is."""
        self._products: dict[str, tuple[str, str]] = {}
        """Sum of integers -> value and integer constant."""
        self._scales: dict[str, tuple[str, str]] = {}
        """Product of two scales -> value and scale constant."""

    def view(self) -> View:
        for name, tensor in self._graph.tensors.items():
            if tensor.constant is not None:
                self._found.constants[name] = Constant(tensor.constant)
        rules: dict[str, Callable[[Node], bool]] = {
            "Cast": self._cast,
            "Mul": self._multiply,
            "QuantizeLinear": self._quantize,
            "DequantizeLinear": self._dequantize,
            "DynamicQuantizeLinear": self._quantize_at_run_time,
            "MatMulInteger": self._sum_integers,
            "Clip": self._clip,
        }
        for node in self._graph.nodes:
            rule = rules.get(node.operator)
            if rule is None or not rule(node):
                self._keep(node)
        self._found.outputs = tuple(self._root(name) for name in self._graph.outputs)
        return self._found

    def _root(self, name: str) -> str:
        return self._roots.get(name, name)

    def _edge(self, name: str) -> Edge:
        return Edge(self._root(name), self._stored.get(name)) if name else Edge("")

    def _keep(self, node: Node) -> None:
        edges = tuple(self._edge(name) for name in node.inputs)
        self._found.steps.append(Step(node.operator, edges, node.outputs, node.options))

    def _constant(self, node: Node, place: int) -> Constant | None:
        if place >= len(node.inputs) or not node.inputs[place]:
            return None
        return self._found.constants.get(self._root(node.inputs[place]))

    def _cast(self, node: Node) -> bool:
        source, result = node.inputs[0], node.outputs[0]
        if source in self._products:
            self._products[result] = self._products[source]
            return True
        constant = self._constant(node, 0)
        if constant is None or node.options.get("to") not in FLOATS or constant.grid is not None:
            return False
        self._roots[result] = self._root(source)
        if constant.stored.dtype.kind in "iu":
            self._casts.add(result)
        return True

    def _multiply(self, node: Node) -> bool:
        return self._scale_constant(node) or self._scale_dynamic(node) or self._scale_product(node)

    def _scale_constant(self, node: Node) -> bool:
        for steps, other in (node.inputs, node.inputs[::-1]):
            scale = self._found.constants.get(other)
            if steps not in self._casts or scale is None:
                continue
            constant = self._found.constants[self._root(steps)]
            quantization = _per_channel(scale.stored, constant.stored.ndim)
            if quantization is None or str(constant.stored.dtype) not in INTEGERS:
                return False
            grid = Grid(str(constant.stored.dtype), quantization)
            self._found.constants[node.outputs[0]] = Constant(constant.stored, grid)
            return True
        return False

    def _scale_dynamic(self, node: Node) -> bool:
        for own, other in (node.inputs, node.inputs[::-1]):
            value, place = self._dynamic.get(own, ("", 0))
            if place == 1 and other in self._found.constants:
                self._scales[node.outputs[0]] = value, other
                return True
        return False

    def _scale_product(self, node: Node) -> bool:
        for own, other in (node.inputs, node.inputs[::-1]):
            if own not in self._products or other not in self._scales:
                continue
            (value, weight), (same, scale) = self._products[own], self._scales[other]
            if value != same:
                return False
            name = f"{weight} of {node.outputs[0]}"
            constant = self._found.constants[weight]
            axis = constant.stored.ndim - 1
            zero = constant.grid.quantization.zero_point if constant.grid else np.zeros(1, np.int64)
            factors = self._found.constants[scale].stored.astype(np.float32).reshape(-1)
            quantization = Quantization(factors, np.broadcast_to(zero, factors.shape), axis)
            self._found.constants[name] = Constant(
                constant.stored, Grid(str(constant.stored.dtype), quantization)
            )
            self._found.steps.append(Step("MatMul", (Edge(value), Edge(name)), node.outputs))
            return True
        return False

    def _quantize(self, node: Node) -> bool:
        grid = self._grid(node)
        if grid is None:
            return False
        source, result = self._root(node.inputs[0]), node.outputs[0]
        self._roots[result] = source
        self._stored[result] = grid
        if source not in self._found.constants:
            self._found.put_on(source, grid)
        return True

    def _dequantize(self, node: Node) -> bool:
        grid, source, result = self._grid(node), node.inputs[0], node.outputs[0]
        if grid is None:
            return False
        constant = self._constant(node, 0)
        if constant is not None and source not in self._stored:
            self._found.constants[result] = Constant(constant.stored, grid)
            return True
        stored = self._stored.get(source)
        if stored is None:
            return False
        if stored.same(grid):
            self._roots[result] = self._root(source)
            self._stored[result] = grid
            return True
        return self._shift(node, stored, grid)

    def _shift(self, node: Node, stored: Grid, read: Grid) -> bool:
        """The same bytes read with another zero point: an addition."""
        result = node.outputs[0]
        if stored.scale != read.scale or stored.dtype != read.dtype:
            return False
        by = (stored.zero_point - read.zero_point) * stored.scale
        self._found.constants[f"{result} shift"] = Constant(np.asarray(by, np.float32))
        edges = self._edge(node.inputs[0]), Edge(f"{result} shift")
        self._found.steps.append(Step("Add", edges, node.outputs))
        return True

    def _grid(self, node: Node) -> Grid | None:
        """Scale and zero point of a QuantizeLinear or DequantizeLinear; None where they are computed."""
        scale, zero = self._constant(node, 1), self._constant(node, 2)
        if scale is None or (zero is None and len(node.inputs) > 2 and node.inputs[2]):
            return None
        factors = scale.stored.astype(np.float32).reshape(-1)
        zeros = np.zeros(1, np.int64) if zero is None else zero.stored.reshape(-1).astype(np.int64)
        dtype = str(zero.stored.dtype) if zero is not None else self._dtype(node)
        if dtype not in INTEGERS or zeros.size not in (1, factors.size) or scale.stored.ndim > 1:
            return None
        zeros = np.broadcast_to(zeros, factors.shape).copy()
        axis = int(node.options.get("axis", 1)) if factors.size > 1 else 0
        return Grid(dtype, Quantization(factors, zeros, axis))

    def _dtype(self, node: Node) -> str:
        """What a quantization without a zero point stores: uint8, or what its constant is."""
        constant = self._constant(node, 0)
        if node.operator == "DequantizeLinear" and constant is not None:
            return str(constant.stored.dtype)
        return "uint8"

    def _quantize_at_run_time(self, node: Node) -> bool:
        for place, name in enumerate(node.outputs):
            self._dynamic[name] = self._root(node.inputs[0]), place
        return True

    def _sum_integers(self, node: Node) -> bool:
        value, place = self._dynamic.get(node.inputs[0], ("", 1))
        zero = self._dynamic.get(node.inputs[2]) if len(node.inputs) > 2 else None
        weight = self._constant(node, 1)
        if place != 0 or zero != (value, 2) or weight is None:
            return False
        own = self._constant(node, 3)
        name = f"{node.inputs[1]} of {node.outputs[0]}"
        zeros = np.zeros(1, np.int64) if own is None else own.stored.reshape(-1).astype(np.int64)
        grid = Grid(str(weight.stored.dtype), Quantization(np.ones(1, np.float32), zeros))
        self._found.constants[name] = Constant(weight.stored, grid)
        self._products[node.outputs[0]] = value, name
        return True

    def _clip(self, node: Node) -> bool:
        """A Clip of bytes; its result stands for numbers as its input does."""
        grid = self._stored.get(node.inputs[0])
        bounds = [self._constant(node, place) for place in (1, 2)]
        if grid is None or not any(bound is not None and bound.stored.dtype.kind in "iu" for bound in bounds):
            return False
        result = node.outputs[0]
        edges = [self._edge(node.inputs[0])]
        for place, bound in enumerate(bounds):
            name = f"{result} bound {place}" if bound is not None else ""
            if bound is not None:
                value = (float(bound.stored) - grid.zero_point) * grid.scale
                self._found.constants[name] = Constant(np.asarray(value, np.float32))
            edges.append(Edge(name))
        self._found.steps.append(Step("Clip", tuple(edges), node.outputs))
        self._stored[result] = grid
        return True


def _per_channel(scale: NDArray[Any], rank: int) -> Quantization | None:
    """A factor that broadcasts over all axes but one."""
    factors = scale.astype(np.float32).reshape(-1)
    zeros = np.zeros(factors.size, np.int64)
    if factors.size == 1:
        return Quantization(factors, zeros)
    axes = [place for place, size in enumerate(scale.shape) if size > 1]
    return Quantization(factors, zeros, axes[0] + rank - scale.ndim) if len(axes) == 1 else None
