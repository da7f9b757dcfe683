"""The description of an imported network: its steps in order, as JSON that stands in a checkpoint's metadata and a manifest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

IMAGE = "image"
"""Name of the network's input: (N, C, H, W) float32."""
MOST_STEPS = 20_000
NAME_CHARACTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")


@dataclass(frozen=True)
class Step:
    """One layer with its place in the graph.

    Attributes:
        name: of its output, and of the module that computes it.
        layer: of ``LAYERS``.
        inputs: names of earlier steps, or ``IMAGE``.
        parameters: of the layer.
    """

    name: str
    layer: str
    inputs: tuple[str, ...]
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Description:
    """A network's steps; the last one gives the answer."""

    steps: tuple[Step, ...]

    def to_json(self) -> list[list[Any]]:
        """As lists: name, layer, inputs, parameters of each step."""
        return [[one.name, one.layer, list(one.inputs), _plain(one.parameters)] for one in self.steps]

    @classmethod
    def parse(cls, document: Any) -> Description:
        """The inverse of ``to_json``; the document may be anybody's.

        Raises:
            ValueError: it is no description; says what is wrong.
        """
        if not isinstance(document, list) or not 0 < len(document) <= MOST_STEPS:
            raise ValueError(f"a network must be a list of at most {MOST_STEPS} steps")
        known, steps = {IMAGE}, []
        for entry in document:
            step = _step(entry)
            unknown = [name for name in step.inputs if name not in known]
            if unknown or step.name in known:
                raise ValueError(f"step {step.name!r} takes {unknown[:3]} or comes twice")
            known.add(step.name)
            steps.append(step)
        return cls(tuple(steps))


def _plain(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in parameters.items()}


def _step(entry: Any) -> Step:
    if not isinstance(entry, list) or len(entry) != 4:
        raise ValueError("a step must be name, layer, inputs and parameters")
    name, layer, inputs, parameters = entry
    words = isinstance(name, str) and isinstance(layer, str) and isinstance(parameters, dict)
    if not words or not isinstance(inputs, list) or not all(isinstance(one, str) for one in inputs):
        raise ValueError("a step must be name, layer, inputs and parameters")
    if not name or len(name) > 200 or not NAME_CHARACTERS.issuperset(name):
        raise ValueError(f"{name[:40]!r} is no name of a step")
    return Step(name, layer, tuple(inputs), parameters)
