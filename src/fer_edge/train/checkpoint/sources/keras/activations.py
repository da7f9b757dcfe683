"""Activations by the names that layers and ``Activation`` use."""

from __future__ import annotations

from typing import Any

from fer_edge.train.checkpoint.sources.keras.layer import KerasLayer
from fer_edge.train.checkpoint.sources.translation import Value

PLAIN = {
    "relu": "relu",
    "relu6": "relu6",
    "sigmoid": "sigmoid",
    "tanh": "tanh",
    "softplus": "softplus",
    "softsign": "softsign",
    "selu": "selu",
    "swish": "silu",
    "silu": "silu",
    "mish": "mish",
    "hard_swish": "hard_swish",
    "hard_silu": "hard_swish",
    "exponential": "exp",
}
WITH_PARAMETERS: dict[str, tuple[str, dict[str, Any]]] = {
    "hard_sigmoid": ("linear_sigmoid", {"slope": 0.2, "offset": 0.5}),
    "elu": ("elu", {"slope": 1.0}),
    "leaky_relu": ("leaky_relu", {"slope": 0.2}),
    "gelu": ("gelu", {"form": "none"}),
}
"""With what Keras takes where nothing is said."""


def name_of(activation: Any) -> str:
    """The name in a configuration, which may be a record around it."""
    if isinstance(activation, dict):
        inner = activation.get("config", activation.get("class_name"))
        return str(inner if isinstance(inner, str) else activation.get("class_name", "")).lower()
    return "linear" if activation is None else str(activation)


def activate(layer: KerasLayer, value: Value, activation: Any, suffix: str = "_activation") -> Value:
    """The value behind an activation.

    Raises:
        Unsupported: an activation of somebody's own.
    """
    name = name_of(activation)
    if name == "linear":
        return value
    if name in ("softmax", "log_softmax"):
        return softmax(layer, value, -1, suffix, logarithm=name == "log_softmax")
    if name in PLAIN:
        return layer.add(PLAIN[name], value, None, suffix)
    if name == "hard_sigmoid" and layer.version >= 3:  # a sixth of x and a half, and a fifth before
        return layer.add("hard_sigmoid", value, None, suffix)
    if name in WITH_PARAMETERS:
        kind, parameters = WITH_PARAMETERS[name]
        return layer.add(kind, value, None, suffix, **parameters)
    raise layer.refuse(f"with the activation {name[:60]!r}")


def softmax(
    layer: KerasLayer, value: Value, axis: int, suffix: str = "", *, logarithm: bool = False
) -> Value:
    """A softmax over the labels."""
    rank = len(value.shape)
    place = axis % rank
    if rank == 4:  # features lie last in Keras and second here
        place = {0: 0, 1: 2, 2: 3, 3: 1}[place]
    return layer.add("softmax", value, None, suffix, axis=place, logarithm=logarithm)
