"""Nodes that do not depend on the picture, computed by onnx's own reference: constants, and arithmetic with shapes."""

from __future__ import annotations

from typing import Any

import numpy as np

from fer_edge.runtime.errors import CheckpointError
from fer_edge.train.checkpoint.sources.translation import Array

LARGEST = 1 << 28
"""Numbers of one result."""
RANDOM = (
    "RandomNormal",
    "RandomNormalLike",
    "RandomUniform",
    "RandomUniformLike",
    "Multinomial",
    "Bernoulli",
)
SHAPES = ("ConstantOfShape", "Range", "Size")
"""Operators that are translated nowhere but computed here: they take shapes, which are known."""


def fold(node: Any, operands: dict[str, Array], opset: int) -> list[Array]:
    """The outputs of a node whose inputs are all known.

    Args:
        node: the ``NodeProto``.
        operands: arrays by name.
        opset: version of the standard operators.

    Raises:
        CheckpointError: it is random, or makes more numbers than a network needs.
    """
    from onnx.reference import ReferenceEvaluator

    if node.op_type in RANDOM:
        raise CheckpointError(f"{node.op_type} ({node.name}) gives other numbers each time")
    shape = next(
        (operands[name] for name in node.input if node.op_type in ("ConstantOfShape", "Expand", "Tile")), None
    )
    if node.op_type == "ConstantOfShape" and shape is not None and np.prod(shape.astype(float)) > LARGEST:
        raise CheckpointError(f"{node.op_type} ({node.name}) makes more numbers than networks have")
    found = ReferenceEvaluator(node, opsets={"": opset}).run(None, operands)
    return [np.asarray(one) for one in found]
