"""The graph of a model as counting needs it, the same for every format.

Each format's reader turns its file into a :class:`Graph`; :mod:`fer_edge.bench.roofline.counts` adds it up.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum


class GraphError(Exception):
    """The file cannot be counted; the message is a clause that follows the file's name."""


class Role(Enum):
    """The use that an operator makes of memory."""

    CONVOLUTION = "convolution"
    """Multiplies and adds, filters with the output channels first; also a dense layer."""
    TRANSPOSED = "transposed"
    """A transposed convolution, filters with the input channels first."""
    PRODUCT = "product"
    """A matrix product."""
    MOVE = "move"
    """Reads its inputs and writes its output: pooling, concatenation, residual additions."""
    POINTWISE = "pointwise"
    """Element by element. With one activation among its inputs it is taken as fused with what comes before it, as every
    engine does with activation functions, scales and biases; with two it moves them."""
    CONVERT = "convert"
    """Changes the number format (quantize, dequantize, cast): fused, and its narrower side is what moves."""
    VIEW = "view"
    """Moves nothing: reshape, flatten, squeeze."""
    OPAQUE = "opaque"
    """Holds multiplications that are not counted: recurrent layers, control flow, custom operators."""

    @property
    def computes(self) -> bool:
        """True where it multiplies and adds, which is counted."""
        return self in (Role.CONVOLUTION, Role.TRANSPOSED, Role.PRODUCT)


@dataclass(frozen=True, slots=True)
class GraphTensor:
    """One tensor.

    Attributes:
        shape: of one inference (batch 1).
        bits: of one element, as stored: 32, 16, 8, 4.
        stored: whether its values lie in the file.
    """

    shape: tuple[int, ...]
    bits: int
    stored: bool = False

    @property
    def elements(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)

    @property
    def bytes(self) -> int:
        """Of all elements, rounded up."""
        return (self.elements * self.bits + 7) // 8


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator.

    Attributes:
        name: the format's own word, such as ``CONV_2D`` or ``QLinearConv``.
        role: what it does to memory.
        inputs: names of tensors; where the role computes the activation first, then the weights.
        outputs: names of tensors.
        macs: multiplications with an addition, of one inference.
    """

    name: str
    role: Role
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    macs: int = 0


@dataclass(frozen=True, slots=True)
class Graph:
    """A model.

    Attributes:
        tensors: by name.
        operators: in an order in which they can run.
    """

    tensors: dict[str, GraphTensor]
    operators: tuple[Operator, ...]


def list_roles(names: Mapping[Role, Sequence[str]]) -> dict[str, Role]:
    """Operator -> role. Operators that a format's table does not name move their inputs and outputs."""
    return {name: role for role, operators in names.items() for name in operators}


def count_macs(role: Role, given: Sequence[int], weights: Sequence[int], output: Sequence[int]) -> int:
    """Multiplications with an addition of one operator; 0 where its role does not compute.

    Args:
        role: says the rule and the layout of the weights.
        given: shape of the activation; of a product (..., m, k), transposed or not, a vector standing for a matrix of one
            row or column.
        weights: shape of (outputs, ...) or, transposed, (inputs, ...); with groups the rest is one group's.
        output: shape, any layout.
    """
    if role is Role.CONVOLUTION:  # each output element takes one filter's weights
        return math.prod(output) * math.prod(weights[1:])
    if role is Role.TRANSPOSED:  # each input element meets one filter's weights
        return math.prod(given) * math.prod(weights[1:])
    if role is not Role.PRODUCT:
        return 0
    if len(given) < 2 or len(output) < 2:
        return math.prod(output) * given[-1] if given else 0
    return math.prod(output) * given[-1] * given[-2] // (output[-2] or 1)
