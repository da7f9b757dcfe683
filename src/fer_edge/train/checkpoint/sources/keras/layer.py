"""One layer of a Keras network where it is called, with its configuration and weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from fer_edge.train.checkpoint.sources.translation import Array, GraphBuilder, Unsupported, Value


@dataclass(frozen=True)
class KerasLayer:
    """A call of a layer.

    Attributes:
        kind: its class in Keras.
        name: its own.
        config: its arguments.
        weights: by their own names (``kernel``), or by place (``0``) where the file has no names.
        inputs: pictures and features as (N, C, H, W), whatever the file's own order; all else as it is.
        graph: takes the steps.
        archive: whether the weights go by place.
        version: of Keras that wrote the file.
    """

    kind: str
    name: str
    config: Mapping[str, Any]
    weights: Mapping[str, Array]
    inputs: tuple[Value, ...]
    graph: GraphBuilder
    archive: bool
    version: int

    @property
    def x(self) -> Value:
        """The one input.

        Raises:
            Unsupported: there are several.
        """
        if len(self.inputs) != 1:
            raise self.refuse(f"with {len(self.inputs)} inputs")
        return self.inputs[0]

    def refuse(self, why: str) -> Unsupported:
        """The error to raise where this use of the layer has no translation."""
        return Unsupported(f"{self.kind} {why}")

    def add(
        self,
        layer: str,
        inputs: Any,
        weights: dict[str, Array] | None = None,
        suffix: str = "",
        /,
        **parameters: Any,
    ) -> Value:
        """One more step, called as this layer."""
        return self.graph.add(layer, inputs, f"{self.name}{suffix}", weights, **parameters)

    def weight(self, name: str, place: int) -> Array:
        """A tensor of this layer.

        Args:
            name: in Keras.
            place: among the layer's tensors, where they go by place.
        """
        key = str(place) if self.archive else name
        if key not in self.weights:
            raise self.refuse(f"without its {name}: the file lacks weights")
        return np.asarray(self.weights[key], np.float32)

    def pair(self, name: str, default: Any = 1) -> list[int]:
        """An argument that is one whole number or two."""
        value = self.config.get(name, default)
        pair = [value, value] if isinstance(value, int) else list(value or [])
        if len(pair) != 2 or not all(isinstance(entry, int) for entry in pair):
            raise self.refuse(f"whose {name} is {value!r}")
        return pair

    def flag(self, name: str, *, default: bool) -> bool:
        """An argument that is true or false."""
        return bool(self.config.get(name, default))

    def number(self, name: str, default: float) -> float:
        """An argument that is a number."""
        value = self.config.get(name, default)
        if isinstance(value, dict):  # Keras 3 writes arrays as records
            value = value.get("config", {}).get("value", default)
        return float(default if value is None else value)
