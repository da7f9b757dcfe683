"""What a network does with one input, operator by operator, and which of its values depend on that input.

The network runs as it is, below PyTorch's own composition (``aten`` operators); nothing is traced, so nothing that a
tracer leaves out or takes for a constant is lost.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map_only
from torch.utils.weak import WeakIdKeyDictionary


@dataclass(eq=False)
class Value:
    """One tensor at one time.

    Attributes:
        shape: of the tensor.
        depends: whether it was computed from the input.
        constant: the tensor, where it was not.
        parents: the constants that such a tensor was computed from; none: it is the network's own.
        uses: how many operators read it.
    """

    shape: tuple[int, ...]
    depends: bool
    constant: Tensor | None = None
    parents: tuple[Value, ...] = ()
    uses: int = 0


@dataclass(frozen=True)
class Call:
    """One operator that depends on the input.

    Attributes:
        name: as ``aten::convolution``; in-place forms under the plain name.
        arguments: in the operator's order, defaults included, with ``Value`` for tensors.
        result: its first tensor.
    """

    name: str
    arguments: tuple[Any, ...]
    result: Value


@dataclass(frozen=True)
class Place:
    """A line of somebody's Python code."""

    file: str
    line: int


@dataclass
class Record:
    """Everything that was seen.

    Attributes:
        calls: in order.
        read: where Python read a number that depends on the input.
    """

    calls: list[Call] = field(default_factory=list)
    read: list[Place] = field(default_factory=list)


def record(module: nn.Module, example: Tensor) -> Record:
    """Run a module in ``eval()`` mode on one input, (1, C, H, W) float32, without gradients."""
    from fer_edge.export.tracing import slow_attention

    recorder = _Recorder(example)
    with torch.no_grad(), slow_attention(), _Readers(recorder), recorder:
        answer = module(example)
    for tensor in [answer] if isinstance(answer, Tensor) else []:
        recorder.value(tensor).uses += 1
    return recorder.found


class _Recorder(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Sees every operator; keeps constants and forgets activations as the network does."""

    def __init__(self, example: Tensor) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.found = Record()
        self._values: Any = WeakIdKeyDictionary()
        self._values[example] = Value(tuple(example.shape), depends=True)

    def value(self, tensor: Tensor) -> Value:
        """What a tensor stands for; one that was never seen is the network's own."""
        if tensor not in self._values:
            self._values[tensor] = Value(tuple(tensor.shape), depends=False, constant=tensor)
        found: Value = self._values[tensor]
        return found

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        arguments = tree_map_only(Tensor, self.value, _arguments(func, args, kwargs or {}))
        values = list(_values(arguments))
        depends = any(value.depends for value in values)
        if depends and func._schema.name == "aten::_local_scalar_dense":
            self.found.read += _place()
        outputs = [item for item in _flat(result) if isinstance(item, Tensor)]
        for tensor in outputs:
            constant = None if depends else tensor
            self._values[tensor] = Value(tuple(tensor.shape), depends, constant, tuple(values))
        if depends:
            for value in values:
                value.uses += 1
            if outputs:
                name = func._schema.name.rstrip("_")
                self.found.calls.append(Call(name, arguments, self._values[outputs[0]]))
        return result


class _Readers(TorchFunctionMode):
    """Sees what takes numbers out of a tensor without any operator."""

    def __init__(self, recorder: _Recorder) -> None:
        super().__init__()
        self.recorder = recorder

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        if func in _READING and self.recorder.value(args[0]).depends:
            self.recorder.found.read += _place()
        return func(*args, **(kwargs or {}))


_READING = frozenset({Tensor.tolist, Tensor.numpy, Tensor.__array__})


def _arguments(func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[Any, ...]:
    """All arguments in the order of the schema."""
    rest = func._schema.arguments[len(args) :]
    return (*args, *(kwargs.get(item.name, item.default_value) for item in rest))


def _values(arguments: Any) -> Iterator[Value]:
    return (item for item in _flat(arguments) if isinstance(item, Value))


def _flat(item: Any) -> Iterator[Any]:
    if isinstance(item, list | tuple):
        for part in item:
            yield from _flat(part)
    else:
        yield item


def _place() -> list[Place]:
    """The innermost line outside of PyTorch and this module."""
    frame = sys._getframe(1)
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        if name != __name__ and name.split(".")[0] != "torch":
            return [Place(frame.f_code.co_filename, frame.f_lineno)]
        frame = frame.f_back  # type: ignore[assignment]
    return []
