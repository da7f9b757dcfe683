"""What counting needs to know of a model, the same for every format.

Each format's reader turns its file into a :class:`Graph`; :mod:`fer_edge.bench.roofline.counts` adds it up.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum


class GraphError(Exception):
    """The file cannot be counted; the message is a clause that follows the file's name."""


class Role(Enum):
    """What an operator does to memory."""

    COMPUTE = "compute"
    """Multiplies and adds: convolutions and matrix products."""
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


@dataclass(frozen=True, slots=True)
class Tensor:
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
        """How many."""
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
        inputs: names of tensors; for ``COMPUTE`` the activation first, then the weights.
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

    tensors: dict[str, Tensor]
    operators: tuple[Operator, ...]


def convolution_macs(output: Sequence[int], filters: Sequence[int]) -> int:
    """Of a convolution whose filters are (outputs, ...): each output element takes one filter's weights.

    Args:
        output: shape, any layout.
        filters: shape with the output channels first; with groups, the rest is one group's.
    """
    return math.prod(output) * math.prod(filters[1:])


def transposed_macs(given: Sequence[int], filters: Sequence[int]) -> int:
    """Of a transposed convolution whose filters are (inputs, ...): each input element meets one filter's weights."""
    return math.prod(given) * math.prod(filters[1:])


def product_macs(left: Sequence[int], output: Sequence[int]) -> int:
    """Of a matrix product (..., m, k) x (..., k, n) = (..., m, n), the left side transposed or not.

    A vector on either side stands for a matrix of one row or column.
    """
    if len(left) < 2 or len(output) < 2:
        return math.prod(output) * left[-1] if left else 0
    rows = output[-2] or 1
    return math.prod(output) * left[-1] * left[-2] // rows
