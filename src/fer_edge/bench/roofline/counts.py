"""Multiplications and bytes of a model, added up over its operators.

Conventions, so that one network gives the same count in every format:

- One MAC is one multiplication with its addition (two operations in vendors' "FLOPS"). Convolutions and matrix products
  count; pooling, activations and normalization do not (the rule of ``torch.utils.flop_counter``).
- A weight is read once an inference, as it is stored in the file. An engine that unpacks it when it loads reads more.
- An activation is written once and read once by each operator that takes it, at its narrowest: between a quantize and
  its dequantize it is int8. Views, conversions, activation functions, scales and biases move nothing of their own.

So the bytes are what must move at the least: a floor for the time, not a forecast.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fer_edge.bench.roofline.graph import Graph, GraphTensor, Operator, Role

_FUSED = (Role.CONVERT, Role.VIEW, Role.POINTWISE)
_NARROW = 8


@dataclass(frozen=True, slots=True)
class Counts:
    """Of one inference.

    Attributes:
        macs: multiplications with an addition.
        int8_macs: those of them on 8-bit weights and 8-bit activations.
        weight_bytes: stored values that are read, each once.
        activation_bytes: activations read and written.
        uncounted: names of operators with multiplications that are not in ``macs``, sorted; empty: the count is whole.
    """

    macs: int
    int8_macs: int
    weight_bytes: int
    activation_bytes: int
    uncounted: tuple[str, ...] = ()


def count(graph: Graph) -> Counts:
    """Add up a model."""
    sums = _Sums(graph)
    for operator in graph.operators:
        sums.add(operator)
    return Counts(
        macs=sum(operator.macs for operator in graph.operators),
        int8_macs=sum(operator.macs for operator in graph.operators if sums.is_int8(operator)),
        weight_bytes=sum(graph.tensors[name].bytes for name in sums.weights),
        activation_bytes=sum(sums.bytes_of(name) for name in sums.moved),
        uncounted=tuple(sorted({op.name for op in graph.operators if op.role is Role.OPAQUE})),
    )


class _Sums:
    """Follows tensors through what is fused; knows which are computed from stored values alone."""

    def __init__(self, graph: Graph) -> None:
        self._tensors = graph.tensors
        self._stored = {name: {name} for name, tensor in graph.tensors.items() if tensor.stored}
        self._group: dict[str, str] = {}
        self._narrowest: dict[str, int] = {}
        self._bits: dict[str, int] = {}
        self.weights: set[str] = set()
        self.moved: list[str] = []

    def add(self, operator: Operator) -> None:
        """Account for one operator; those before it were added already."""
        leaves = [self._stored[name] for name in operator.inputs if name in self._stored]
        active = [name for name in operator.inputs if name in self._tensors and name not in self._stored]
        if not active:  # constants, and what every engine folds when it loads
            self._stored |= {name: set().union(*leaves) for name in operator.outputs}
            return
        if operator.role not in (Role.CONVERT, Role.VIEW):  # there the rest is scales and shapes
            self.weights |= set().union(*leaves)
        if self._is_fused(operator, active):
            for name in operator.outputs:
                self._join(name, active[0])
            return
        self.moved += dict.fromkeys(self._root(name) for name in active)
        self.moved += [self._root(name) for name in operator.outputs if name in self._tensors]

    def is_int8(self, operator: Operator) -> bool:
        """True for a computing operator that multiplies 8-bit weights with 8-bit activations, quantized before or inside it."""
        if not operator.role.computes or len(operator.inputs) < 2:
            return False
        given, weights = operator.inputs[:2]
        if self._tensors[weights].bits <= _NARROW:
            return True
        leaves = [self._tensors[name] for name in self._stored.get(weights, ())]
        narrow = leaves and max(leaves, key=lambda leaf: leaf.elements).bits <= _NARROW
        return bool(narrow) and self._bits.get(self._root(given), 32) <= _NARROW

    def bytes_of(self, root: str) -> int:
        """Bytes of a group of tensors that are one: of its narrowest form."""
        return self._narrowest.get(root, self._tensors[root].bytes)

    def _is_fused(self, operator: Operator, active: Iterable[str]) -> bool:
        if operator.role not in _FUSED:
            return False
        whole = {self._root(name) for name in active if self._tensors[name].elements > 1}
        return operator.role is not Role.POINTWISE or len(whole) <= 1

    def _root(self, name: str) -> str:
        while name in self._group:
            name = self._group[name]
        return name

    def _join(self, name: str, other: str) -> None:
        root = self._root(other)
        if name not in self._tensors or self._root(name) == root:
            return
        self._group[name] = root
        found: GraphTensor = self._tensors[name]
        if found.elements == self._tensors[root].elements:
            self._narrowest[root] = min(self.bytes_of(root), found.bytes)
            self._bits[root] = min(self._bits.get(root, self._tensors[root].bits), found.bits)
