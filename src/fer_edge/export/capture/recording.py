"""A recording of a network's operators on one input, and of the values that depend on that input.

The network runs as it is, below PyTorch's own composition (``aten`` operators); nothing is traced, so nothing that a
tracer leaves out or takes for a constant is lost.
"""

from __future__ import annotations

import sys
import weakref
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
        moment: number of the operator that made it; 0: it was there before.
    """

    shape: tuple[int, ...]
    depends: bool
    constant: Tensor | None = None
    parents: tuple[Value, ...] = ()
    uses: int = 0
    moment: int = 0


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


@dataclass(frozen=True, eq=False)
class Write:
    """An operator that wrote into a tensor that was there.

    Attributes:
        operator: as ``aten::mul_``.
        place: the line that called it, where there is one.
        target: the tensor.
        moment: number of the operator.
        depends: whether what it wrote was computed from the input.
    """

    operator: str
    place: Place | None
    target: weakref.ref[Tensor]
    moment: int
    depends: bool


@dataclass
class Recording:
    """Everything that was seen.

    Attributes:
        calls: in order.
        read: where Python read a number that depends on the input.
        shared: writes into memory that was read afterwards through another, older tensor, such as the base of a view.
    """

    calls: list[Call] = field(default_factory=list)
    read: list[Place] = field(default_factory=list)
    shared: list[Write] = field(default_factory=list)


def record(module: nn.Module, example: Tensor) -> Recording:
    """Run a module in ``eval()`` mode on one input, (1, C, H, W) float32, without gradients."""
    from fer_edge.export.capture.tracing import slow_attention

    recorder = _Recorder(example)
    with torch.no_grad(), slow_attention(), _Readers(recorder), recorder:
        answer = module(example)
    for tensor in [answer] if isinstance(answer, Tensor) else []:
        recorder.value(tensor).uses += 1
        recorder.look_for_write(tensor)
    return recorder.found


class _Recorder(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Sees every operator; keeps constants and forgets activations as the network does."""

    def __init__(self, example: Tensor) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.found = Recording()
        self._moment = 0
        self._writes: dict[int, Write] = {}
        self._values: Any = WeakIdKeyDictionary()
        self._values[example] = Value(tuple(example.shape), depends=True)

    def value(self, tensor: Tensor) -> Value:
        """The value of a tensor; one that was never seen is the network's own."""
        if tensor not in self._values:
            self._values[tensor] = Value(tuple(tensor.shape), depends=False, constant=tensor)
        found: Value = self._values[tensor]
        return found

    def look_for_write(self, tensor: Tensor) -> None:
        """Note a write that this tensor shows, though it is neither what was written to nor made of that."""
        write, value = self._writes.get(_memory(tensor)), self.value(tensor)
        if write is None or write.target() is tensor or value.moment >= write.moment:
            return
        if write.depends and not value.depends:
            self._values[tensor] = Value(value.shape, depends=True, moment=value.moment)
        if write not in self.found.shared:
            self.found.shared.append(write)

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        given = _arguments(func, args, kwargs or {})
        for tensor in _tensors(given):
            self.look_for_write(tensor)
        for value in (self.value(tensor) for tensor in _written(func, given)):
            # As it was before.
            value.constant = None if value.constant is None else value.constant.clone()
        result = func(*args, **(kwargs or {}))
        self._moment += 1
        arguments = tree_map_only(Tensor, self.value, given)
        outputs, depends = list(_tensors(result)), any(value.depends for value in _values(arguments))
        if depends and func._schema.name == "aten::_local_scalar_dense":
            self.found.read += _place()
        self._note_outputs(outputs, tuple(_values(arguments)), depends)
        for tensor in _written(func, given):
            place = next(iter(_place()), None)
            write = Write(func._schema.name, place, weakref.ref(tensor), self._moment, depends)
            self._writes[_memory(tensor)] = write
        if depends:
            self._note_call(func, arguments, outputs)
        return result

    def _note_outputs(self, outputs: list[Tensor], parents: tuple[Value, ...], depends: bool) -> None:
        for tensor in outputs:
            constant, shape = None if depends else tensor, tuple(tensor.shape)
            self._values[tensor] = Value(shape, depends, constant, parents, moment=self._moment)

    def _note_call(self, func: Any, arguments: tuple[Any, ...], outputs: list[Tensor]) -> None:
        for value in _values(arguments):
            value.uses += 1
        if outputs:
            name = func._schema.name.rstrip("_")
            self.found.calls.append(Call(name, arguments, self._values[outputs[0]]))


class _Readers(TorchFunctionMode):
    """Sees what takes numbers out of a tensor without any operator."""

    def __init__(self, recorder: _Recorder) -> None:
        super().__init__()
        self.recorder = recorder

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        if func in _READING:
            self.recorder.look_for_write(args[0])
            if self.recorder.value(args[0]).depends:
                self.recorder.found.read += _place()
        return func(*args, **(kwargs or {}))


_READING = frozenset({Tensor.tolist, Tensor.numpy, Tensor.__array__})


def _arguments(func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[Any, ...]:
    """All arguments in the order of the schema."""
    rest = func._schema.arguments[len(args) :]
    return (*args, *(kwargs.get(item.name, item.default_value) for item in rest))


def _written(func: Any, given: tuple[Any, ...]) -> Iterator[Tensor]:
    """The tensors among an operator's arguments that it writes to."""
    for described, item in zip(func._schema.arguments, given, strict=True):
        if described.is_write:
            yield from _tensors(item)


def _memory(tensor: Tensor) -> int:
    """The identity of a tensor's memory among those that exist at the time; 0: it has none that others could share."""
    strided = tensor.layout == torch.strided
    return int(tensor.untyped_storage()._cdata) if strided else 0


def _tensors(arguments: Any) -> Iterator[Tensor]:
    return (item for item in _flat(arguments) if isinstance(item, Tensor))


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
