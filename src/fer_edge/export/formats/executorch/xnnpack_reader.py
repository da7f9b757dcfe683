"""What ExecuTorch hands to XNNPACK, read without it: a header, a flatbuffer of operators and values, and constants by name.

Header (``XNNHeader`` of ExecuTorch): ``XH00`` at byte 4, then the places of flatbuffer and constants. The file is untrusted:
every offset is checked.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.faithful.graph import Node, Quantization, Tensor
from fer_edge.export.formats.executorch.xnnpack_schema import DTYPES, OPERATORS
from fer_edge.runtime.containers.flatbuffer import Flatbuffer
from fer_edge.runtime.containers.limits import ContainerError

_NONE = 2**32 - 1
_ELSEWHERE = 2**64 - 1
_PER_CHANNEL, _PER_TENSOR = 1, 2
_QUANTIZED = 2
_EXTERNAL = 3
"""Flags of a value that comes from outside or goes there."""


class UnknownPartError(ContainerError):
    """A file may be right, but is not read whole here."""


class Payload:
    """One delegate's network.

    Args:
        data: the payload.
        named: a constant by its key.
        prefix: begins the name of every value of its own.
        outside: names of the program's values, by external number.

    Attributes:
        quantizations: of the program's values, by name: only a delegate says by what scale it reads or writes one.
    """

    def __init__(
        self, data: bytes, named: Callable[[str], bytes], prefix: str, outside: tuple[str, ...]
    ) -> None:
        if data[4:8] != b"XH00":
            raise ContainerError("a delegate's data does not begin like XNNPACK's")
        start, size, constants = (int.from_bytes(data[at : at + 4], "little") for at in (10, 14, 18))
        self._walk = Flatbuffer(io.BytesIO(data[start : start + size]), len(data[start : start + size]))
        self._graph = self._walk.follow(0)
        self._constants = data[constants:]
        self._named, self._prefix, self._outside = named, prefix, outside
        self._names: dict[int, str] = {_NONE: ""}
        self.quantizations: dict[str, Quantization] = {}

    def read(self) -> tuple[list[Node], list[Tensor]]:
        """Operators in order, and values that belong to the delegate alone."""
        tensors = [self._value(table) for table in self._walk.vector(self._graph, 2)]
        nodes = [self._node(table) for table in self._walk.vector(self._graph, 1)]
        return nodes, [tensor for tensor in tensors if tensor is not None]

    def _value(self, table: int) -> Tensor | None:
        walk = self._walk
        value = walk.table(table, 1)
        quantized = walk.scalar(table, 0, 1) == _QUANTIZED
        own = walk.table(value, 0) if quantized else value
        number, external, flags = (walk.scalar(own, place, 4) for place in (6, 4, 5))
        if external != _NONE and flags & _EXTERNAL:
            if external >= len(self._outside):
                raise ContainerError("a delegate reads a value that it is not given")
            self._names[number] = self._outside[external]
            if quantized:
                self.quantizations[self._outside[external]] = self._quantization(value)
            return None
        dtype, buffer = DTYPES.get(walk.scalar(own, 0, 2), ""), walk.scalar(own, 3, 4)
        name = self._names[number] = f"{self._prefix}.{'constant' if buffer else ''}{number}"
        shape = tuple(walk.numbers(own, 2, np.dtype("<u4")).tolist())
        quantization = self._quantization(value) if quantized else None
        constant = self._constant(buffer, dtype).reshape(shape) if buffer else None
        return Tensor(name, shape, dtype, constant, quantization)

    def _quantization(self, value: int) -> Quantization:
        walk = self._walk
        kind, table = walk.scalar(value, 1, 1), walk.table(value, 2)
        if kind == _PER_TENSOR:
            zero = np.asarray([walk.scalar(table, 1, 4)], np.uint32).view(np.int32).astype(np.int64)
            return Quantization(np.asarray([walk.float32(table, 0)], np.float32), zero)
        if kind != _PER_CHANNEL:
            raise UnknownPartError("a value that is quantized in another way than fer-edge does")
        buffer = walk.scalar(table, 2, 4)
        scale = self._constant(buffer, "float32") if buffer else walk.numbers(table, 0, np.dtype("<f4"))
        # The buffer may be padded; how many belong to it is said beside.
        scale = scale[: walk.scalar(table, 3, 4)] if buffer else scale
        if not scale.size:
            raise ContainerError("a value has no scale")
        axis = walk.scalar(table, 1, 4) if scale.size > 1 else 0
        return Quantization(scale, np.zeros(scale.size, np.int64), axis)

    def _constant(self, index: int, dtype: str) -> NDArray[Any]:
        walk = self._walk
        table = walk.element(self._graph, 8, index)
        offset, size = (walk.scalar(table, place, 8) for place in (0, 1))
        data = self._named(walk.text(table, 2)) if offset == _ELSEWHERE else self._constants[offset:][:size]
        if not dtype:
            raise UnknownPartError("a constant of a type that fer-edge does not write")
        if len(data) < size:
            raise ContainerError("a constant is too short")
        return np.frombuffer(data[:size], dtype)

    def _node(self, table: int) -> Node:
        walk = self._walk
        kind = walk.scalar(table, 0, 1)
        if not 1 <= kind <= len(OPERATORS):
            raise UnknownPartError(f"an operator of XNNPACK, number {kind}, that this version does not know")
        word, members = OPERATORS[kind - 1]
        own = walk.table(table, 1)
        inputs, outputs, options = list[str](), list[str](), dict[str, Any]()
        for place, member in enumerate(members.split()):
            name = member.lstrip("<>[~")
            if member[0] in "<>":
                (inputs if member[0] == "<" else outputs).append(self._name(walk.scalar(own, place, 4)))
            elif member[0] == "[":
                options[name] = tuple(walk.numbers(own, place, np.dtype("<u4")).tolist())
            else:
                options[name] = walk.float32(own, place) if member[0] == "~" else walk.scalar(own, place, 4)
        if word.startswith("Concatenate"):
            inputs = inputs[: int(word[-1])]
        if walk.field(table, 3) is not None:
            limits = walk.table(table, 3)
            options["output_min"], options["output_max"] = (walk.float32(limits, place) for place in (0, 1))
        return Node(word, tuple(inputs), tuple(outputs), options)

    def _name(self, number: int) -> str:
        if number not in self._names:
            raise ContainerError("a delegate's operator reads a value that is not there")
        return self._names[number]
