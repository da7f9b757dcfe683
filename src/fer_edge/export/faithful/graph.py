"""The neutral graph that the file of every format is read into."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_NODES = 100_000
"""Operators of one file; twenty times what the largest network that phones run has."""
OF_HALF = 3 * 2.0**-11
"""Relative; what float16 may move a weight by that was stored in it before it was quantized, with a scale in it: its own rounding, the
scale's and the quotient's."""


@dataclass(frozen=True, slots=True)
class Quantization:
    """Affine: value = scale x (stored - zero point).

    Attributes:
        scale: (n,) float32; n is 1 for a whole tensor, else the size of ``axis``.
        zero_point: (n,) int64.
        axis: of the scales, where n is above 1; 0 otherwise.
        rounding: relative; what values may have been moved by beside half a step.
    """

    scale: NDArray[np.float32]
    zero_point: NDArray[np.int64]
    axis: int = 0
    rounding: float = 0.0


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor.

    Attributes:
        name: unique in its graph.
        shape: -1 for a size that is not fixed.
        dtype: numpy's word (``float32``, ``float16``, ``int8``, ``uint8``, ``int32`` ...); empty: not said.
        constant: the stored numbers in ``shape``, not dequantized; None: computed at run time.
        quantization: as the tensor itself carries it (TFLite). ONNX has operators for that.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    constant: NDArray[Any] | None = None
    quantization: Quantization | None = None


@dataclass(frozen=True, slots=True)
class Node:
    """One operator.

    Attributes:
        operator: the format's word, ``CONV_2D`` or ``Conv``.
        inputs: names of tensors in the operator's order; empty for one that is left out.
        outputs: likewise.
        options: by the format's own words; defaults are left as the file has them.
        name: the file's own; empty where it has none.
    """

    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    options: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""


@dataclass(frozen=True, slots=True)
class Graph:
    """One network.

    Attributes:
        nodes: in the file's order, in which they can be computed.
        tensors: by name; in TFLite in the order of the file's indices.
        inputs: names of what the caller gives.
        outputs: names of what the caller gets.
    """

    nodes: tuple[Node, ...]
    tensors: Mapping[str, Tensor]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    def producers(self) -> dict[str, Node]:
        """Tensor -> the operator that makes it."""
        return {name: node for node in self.nodes for name in node.outputs if name}

    def readers(self) -> dict[str, list[tuple[Node, int]]]:
        """Tensor -> the operators that read it, with the number of their input."""
        found: dict[str, list[tuple[Node, int]]] = {}
        for node in self.nodes:
            for place, name in enumerate(node.inputs):
                if name:
                    found.setdefault(name, []).append((node, place))
        return found
