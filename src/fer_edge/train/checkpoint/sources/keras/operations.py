"""Operations on tensors that stand in a network without a layer, such as ``x + 3.0``: classes of Keras 3, lambdas of Keras 2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fer_edge.train.checkpoint.sources.keras.layer import KerasLayer
from fer_edge.train.checkpoint.sources.translation import Value

FUNCTIONS = {
    "Add": "add",
    "Subtract": "subtract",
    "Multiply": "multiply",
    "TrueDivide": "divide",
    "Divide": "divide",
    "math.add": "add",
    "__operators__.add": "add",
    "math.subtract": "subtract",
    "math.multiply": "multiply",
    "math.truediv": "divide",
    "math.divide": "divide",
}
"""Classes of ``keras.ops`` and functions of ``TFOpLambda``."""


def operation_of(entry: Mapping[str, Any]) -> str | None:
    """The operation of an entry of the configuration; None for a layer."""
    if entry.get("class_name") == "TFOpLambda":
        return str(entry.get("config", {}).get("function", ""))
    module = str(entry.get("module") or "")
    return str(entry.get("class_name")) if module.startswith(("keras.src.ops", "keras.ops")) else None


def operate(layer: KerasLayer, operation: str, numbers: Sequence[float | None]) -> Value:
    """Two tensors, or a tensor and a number.

    Raises:
        Unsupported: another operation.
    """
    function = FUNCTIONS.get(operation)
    given = [*numbers, *[None] * (len(layer.inputs) - numbers.count(None))]
    if function is None or len(given) != 2:
        raise layer.refuse(f"({operation})" if operation != layer.kind else "as an operation")
    if None not in given or len(layer.inputs) > 1:
        return layer.add(function, list(layer.inputs))
    value = next(one for one in given if one is not None)
    first = given[0] is not None and function not in ("add", "multiply")
    return layer.add("scalar", layer.x, function=function, value=value, first=first)
