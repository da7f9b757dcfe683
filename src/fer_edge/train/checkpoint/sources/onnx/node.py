"""One node with its operands: tensors on their way, or arrays that are known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from fer_edge.train.checkpoint.sources.translation import Array, GraphBuilder, Unsupported, Value

Operand = Value | Array | None
"""None: an optional input that was left out."""


@dataclass(frozen=True)
class Node:
    """A node of the graph.

    Attributes:
        operator: its type.
        name: its own, or that of its first output.
        operands: in order.
        attributes: by name.
        outputs: how many it has.
        opset: version of the standard operators.
        graph: takes the steps.
    """

    operator: str
    name: str
    operands: tuple[Operand, ...]
    attributes: dict[str, Any]
    outputs: int
    opset: int
    graph: GraphBuilder

    def refuse(self, why: str) -> Unsupported:
        """The error to raise where this use of the operator has no translation."""
        return Unsupported(f"{self.operator} {why}")

    def add(
        self, layer: str, inputs: Any, weights: dict[str, Array] | None = None, /, **parameters: Any
    ) -> Value:
        """One more step, called as this node."""
        return self.graph.add(layer, inputs, self.name, weights, **parameters)

    def value(self, index: int = 0) -> Value:
        """An operand as a tensor; one that is known becomes a constant of the graph."""
        operand = self.operands[index] if index < len(self.operands) else None
        if operand is None:
            raise self.refuse(f"without input {index}")
        return (
            operand if isinstance(operand, Value) else self.graph.constant(operand, f"{self.name}_constant")
        )

    def values(self) -> list[Value]:
        """All operands as tensors."""
        return [self.value(index) for index in range(len(self.operands))]

    def array(self, index: int) -> Array:
        """An operand that must be known."""
        found = self.known(index)
        if found is None:
            raise self.refuse(f"whose input {index} is not a constant")
        return found

    def known(self, index: int) -> Array | None:
        """An operand that may be left out but, if it is there, must be known."""
        operand = self.operands[index] if index < len(self.operands) else None
        if isinstance(operand, Value):
            raise self.refuse(f"whose input {index} depends on the picture")
        return operand

    def whole(self, name: str, default: int) -> int:
        """An attribute that is a whole number."""
        return int(self.attributes.get(name, default))

    def wholes(self, name: str, index: int | None = None) -> list[int] | None:
        """Whole numbers of an attribute, which became input ``index`` in a later version; None: not there."""
        if name in self.attributes:
            return [int(entry) for entry in self.attributes[name]]
        found = self.known(index) if index is not None else None
        return None if found is None else [int(entry) for entry in np.asarray(found).reshape(-1)]

    def number(self, name: str, default: float) -> float:
        """An attribute that is a number."""
        return float(self.attributes.get(name, default))

    def word(self, name: str, default: str) -> str:
        """An attribute that is a word."""
        found = self.attributes.get(name, default)
        return found.decode("utf-8", "replace") if isinstance(found, bytes) else str(found)

    def axes(self, rank: int, index: int | None = 1) -> list[int] | None:
        """``axes``, as attribute or input, none of them negative."""
        found = self.wholes("axes", index)
        return None if found is None else [axis % rank for axis in found]
