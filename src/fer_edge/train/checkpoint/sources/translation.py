"""What an importer finds in a file, and the builder that it finds it with."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from fer_edge.runtime.errors import CheckpointError
from fer_edge.train.models.imported.description import IMAGE, MOST_STEPS, Description, Step
from fer_edge.train.models.imported.layers import build_layer

Array = NDArray[Any]
LISTED = 20


@dataclass(frozen=True)
class Translation:
    """A network as our layers.

    Attributes:
        description: its steps.
        tensors: its weights, by the names of the module's state dictionary.
        input: channels, height, width of the picture that goes in.
        layout: of the file's own input, ``NCHW`` or ``NHWC``.
        notes: what was left out or found, a sentence each, without a dot at the end.
        scale: with ``offset``: the file itself computes v * scale + offset of pixels v (0 to 255) first, which was taken out; one
            value a channel, or empty.
        offset: see ``scale``.
        final: ``sigmoid`` where sigmoids at the end were left out; else empty.
    """

    description: Description
    tensors: Mapping[str, Array]
    input: tuple[int, int, int]
    layout: str
    notes: tuple[str, ...] = ()
    scale: tuple[float, ...] = ()
    offset: tuple[float, ...] = ()
    final: str = ""


@dataclass(frozen=True)
class Value:
    """A tensor on its way through the graph; its first edge is the batch of one."""

    name: str
    shape: tuple[int, ...]


class Unsupported(CheckpointError):
    """What has no translation: the operator with its node, for a list of all of them."""


@dataclass
class GraphBuilder:
    """Collects steps; each is computed without numbers at once, so that every shape is known and every fault has a place."""

    input: tuple[int, int, int]
    steps: list[Step] = field(default_factory=list)
    tensors: dict[str, Array] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    _taken: set[str] = field(default_factory=set)

    @property
    def image(self) -> Value:
        """The network's input."""
        return Value(IMAGE, (1, *self.input))

    def add(
        self,
        layer: str,
        inputs: Sequence[Value] | Value,
        name: str = "",
        weights: Mapping[str, Array] | None = None,
        /,
        **parameters: Any,
    ) -> Value:
        """One more step.

        Args:
            layer: of ``LAYERS``.
            inputs: what goes in.
            name: of the file's own node; made into one that a module can have.
            weights: by the module's names (``weight``, ``bias``, ``value``).
            **parameters: of the layer.

        Raises:
            CheckpointError: the layer does not take that.
        """
        given = [inputs] if isinstance(inputs, Value) else list(inputs)
        if len(self.steps) >= MOST_STEPS:
            raise CheckpointError(f"the graph has more than {MOST_STEPS} layers")
        plain = {key: _plain(value) for key, value in parameters.items()}
        step = Step(self._name(name or layer), layer, tuple(one.name for one in given), plain)
        try:
            shape = self._try(step, given, weights or {})
        except (ValueError, RuntimeError, IndexError, TypeError) as error:
            said = " ".join(str(error).split())[:300]
            raise CheckpointError(
                f"{name or layer} ({layer}) cannot take {[one.shape for one in given]}: {said}"
            ) from None
        self.steps.append(step)
        for leaf, array in (weights or {}).items():
            self.tensors[f"{step.name}.{leaf}"] = np.ascontiguousarray(array, np.float32)
        return Value(step.name, shape)

    def constant(self, array: Array, name: str = "constant") -> Value:
        """A tensor of the graph itself."""
        numbers = np.asarray(array, np.float32)
        return self.add("constant", [], name, {"value": numbers}, shape=numbers.shape)

    def permute(self, value: Value, axes: Sequence[int], name: str = "") -> Value:
        """The axes in another order; two such steps in a row become one, and none where nothing changes."""
        before = self.last(value)
        if before is not None and before.layer == "permute":
            inner = before.parameters["axes"]
            source = self.find(before.inputs[0])
            return self.permute(source, [inner[axis] for axis in axes], name)
        if list(axes) == list(range(len(value.shape))):
            return value
        return self.add("permute", value, name, axes=list(axes))

    def last(self, value: Value) -> Step | None:
        """The step that gives a value; None for the picture."""
        return next((step for step in reversed(self.steps) if step.name == value.name), None)

    def from_picture(self, value: Value) -> bool:
        """Whether a value is the picture itself, in whatever order of axes."""
        step = self.last(value)
        return value.name == IMAGE or (
            step is not None and step.layer == "permute" and step.inputs[0] == IMAGE
        )

    def find(self, name: str) -> Value:
        """The value of an earlier step."""
        return Value(name, self._shapes[name]) if name != IMAGE else self.image

    def finish(self, answer: Value) -> tuple[Description, dict[str, Array]]:
        """The steps that the answer needs, with their weights."""
        needed, kept = {answer.name}, []
        for step in reversed(self.steps):
            if step.name in needed:
                needed.update(step.inputs)
                kept.append(step)
        if IMAGE not in needed:
            raise CheckpointError("the answer does not depend on the picture")
        if not kept:
            raise CheckpointError("the graph hands its input through and computes nothing")
        names = {step.name for step in kept}
        tensors = {key: array for key, array in self.tensors.items() if key.rpartition(".")[0] in names}
        return Description(tuple(reversed(kept))), tensors

    def __post_init__(self) -> None:
        self._shapes: dict[str, tuple[int, ...]] = {}

    def _name(self, wanted: str) -> str:
        name = re.sub(r"[^A-Za-z0-9_]+", "_", wanted).strip("_")[-100:] or "step"
        if name[0].isdigit() or hasattr(torch.nn.Module, name) or name in (IMAGE, "training"):
            name = f"layer_{name}"
        found, count = name, 1
        while found in self._taken:
            count += 1
            found = f"{name}_{count}"
        self._taken.add(found)
        return found

    def _try(self, step: Step, given: Sequence[Value], weights: Mapping[str, Array]) -> tuple[int, ...]:
        with torch.device("meta"):
            module = build_layer(step).eval()
            answer = module(*(torch.zeros(one.shape) for one in given))
        wanted = {
            key: tuple(tensor.shape)
            for key, tensor in module.state_dict().items()
            if not key.endswith("num_batches_tracked")
        }
        came = {key: tuple(np.shape(array)) for key, array in weights.items()}
        if wanted != came:
            raise ValueError(f"its weights are {came}, and {wanted} were expected")
        shape = tuple(answer.shape)
        self._shapes[step.name] = shape
        return shape


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return value.item() if isinstance(value, np.generic) else value


def describe_unknown(kind: str, unknown: Iterable[tuple[str, str]], advice: str) -> str:
    """All operators without a translation at once.

    Args:
        kind: what they are called, ``operators`` or ``layers``.
        unknown: operator and node of each.
        advice: the way out.
    """
    nodes: dict[str, list[str]] = {}
    for operator, node in unknown:
        nodes.setdefault(operator, []).append(node)
    said = []
    for operator, names in list(nodes.items())[:LISTED]:
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        said.append(f"{operator[:80]} ({', '.join(name[:80] for name in names[:3])}{more})")
    rest = f" and {len(nodes) - LISTED} more kinds" if len(nodes) > LISTED else ""
    counted = f"{len(nodes)} {kind} have" if len(nodes) > 1 else f"1 {kind.removesuffix('s')} has"
    return f"{counted} no translation: {'; '.join(said)}{rest}; {advice}"
