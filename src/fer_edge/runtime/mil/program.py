"""``model.mlmodel``: the protobuf of a Core ML program, read field by field with the bounds of ``containers.wire``.

Source of the field numbers: ``Model.proto``, ``FeatureTypes.proto`` and ``MIL.proto`` in coremltools' repository.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from fer_edge.runtime.containers import wire
from fer_edge.runtime.containers.limits import ContainerError
from fer_edge.runtime.mil.blob import Blobs, unpack
from fer_edge.runtime.mil.types import LARGEST_TENSOR, Scalar, ValueType, scalar_numbered

LARGEST_PROGRAM = 1 << 28
"""Bytes; weights lie beside the program."""
LONGEST_TEXT = 1 << 16
DEEPEST = 8
"""Blocks inside blocks, and lists inside lists."""
MOST_OPERATIONS = 100_000
_ANY = range(1, 1 << 29)
_KINDS = (0, 1, 2, 5)
_VALUE_KINDS = {1: "tensor", 2: "list", 3: "tuple", 4: "dictionary", 5: "state"}
_IMMEDIATE = {1: ("<f4", 4), 6: ("<f8", 8)}
"""Lists of floats and doubles in a ``TensorValue``."""

Literal = NDArray[Any] | str | list[Any]
"""A constant: numbers as an array, one text, or a list."""


@dataclass(frozen=True, slots=True)
class Value:
    """A constant of the program with its declared type."""

    type: ValueType
    content: Literal


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation.

    Attributes:
        type: the operator's name.
        name: of its first output, for messages.
        arguments: by parameter, in order: names of values, or constants. Attributes stand here as well: iOS 16 has there what
            iOS 18 has as arguments.
        outputs: names and declared types.
        blocks: how many blocks it holds, such as the body of a loop.
    """

    type: str
    name: str
    arguments: dict[str, list[str | Value]]
    outputs: list[tuple[str, ValueType]]
    blocks: int = 0


@dataclass(frozen=True, slots=True)
class Feature:
    """An input or output of the model.

    Attributes:
        name: of the feature.
        kind: ``image``, ``array``, ``dictionary``, ``string`` or ``other``.
        color: of an image: ``gray``, ``RGB`` or ``BGR``.
        shape: of an array, or height and width of an image; empty: not said.
        dtype: of an array, in MIL's words.
    """

    name: str
    kind: str
    color: str = ""
    shape: tuple[int, ...] = ()
    dtype: str = ""


@dataclass(frozen=True, slots=True)
class Program:
    """One function of a model.

    Attributes:
        version: of the specification; 6 is iOS 15, 7 iOS 16, 8 iOS 17, 9 iOS 18.
        opset: such as ``CoreML7``.
        inputs: names and declared types.
        outputs: names.
        operations: in order.
        features_in: the model's interface.
        features_out: the same behind.
    """

    version: int
    opset: str
    inputs: list[tuple[str, ValueType]]
    outputs: list[str]
    operations: list[Operation]
    features_in: list[Feature] = field(default_factory=list)
    features_out: list[Feature] = field(default_factory=list)


def read_program(path: Path) -> Program:
    """Read the default function of a model.

    Args:
        path: of the protobuf file; its constants lie in the folder ``weights`` beside it.

    Raises:
        ContainerError: the bytes are no ML program, are beyond a bound, or contradict each other.
    """
    size = path.stat().st_size
    if size > LARGEST_PROGRAM:
        raise ContainerError(f"its program has {size} bytes; allowed: {LARGEST_PROGRAM}")
    return _Reader(io.BytesIO(path.read_bytes()), Blobs(path.parent)).program((0, size))


class _Reader:
    def __init__(self, file: BinaryIO, blobs: Blobs) -> None:
        self._file = file
        self._blobs = blobs
        self._operations = 0

    # What every message needs.

    def _fields(self, span: wire.Span) -> dict[int, list[wire.Span]]:
        found: dict[int, list[wire.Span]] = {}
        for number, place in wire.fields(self._file, span, _ANY, _KINDS):
            found.setdefault(number, []).append(place)
        return found

    def _text(self, span: wire.Span) -> str:
        if span[1] > LONGEST_TEXT:
            raise ContainerError(f"a text of {span[1]} bytes; allowed: {LONGEST_TEXT}")
        try:
            return self._bytes(span).decode()
        except UnicodeDecodeError:
            raise ContainerError("a text that is not UTF-8") from None

    def _bytes(self, span: wire.Span) -> bytes:
        self._file.seek(span[0])
        return self._file.read(span[1])

    def _last_text(self, spans: list[wire.Span] | None) -> str:
        return self._text(spans[-1]) if spans else ""

    def _integer(self, spans: list[wire.Span] | None) -> int:
        if not spans:
            return 0
        place, value = spans[-1][0], 0
        for count, byte in enumerate(self._bytes(spans[-1])):
            value |= (byte & 127) << (7 * count)
        if place < 0 or value >= 1 << 64:
            raise ContainerError(f"an integer of more than 64 bits at byte {place}")
        return value

    def _integers(self, spans: list[wire.Span] | None, bits: int) -> NDArray[Any]:
        """Signed integers, single or packed."""
        found: list[int] = []
        for span in spans or ():
            value = shift = 0
            for byte in self._bytes(span):
                value |= (byte & 127) << shift
                shift += 7
                if byte < 128:
                    found.append(value)
                    value = shift = 0
            if shift:
                raise ContainerError(f"an integer that is cut off at byte {sum(span)}")
        wide = np.array([value & ((1 << 64) - 1) for value in found], np.uint64).view(np.int64)
        return wide.astype(np.int32) if bits == 32 else wide

    def _map(self, spans: list[wire.Span] | None) -> dict[str, wire.Span]:
        found = {}
        for span in spans or ():
            entry = self._fields(span)
            found[self._last_text(entry.get(1))] = entry[2][-1] if 2 in entry else (0, 0)
        return found

    # The model.

    def program(self, span: wire.Span) -> Program:
        model = self._fields(span)
        if 502 not in model:
            raise ContainerError("it is no ML program")
        described = self._fields(model[2][-1]) if 2 in model else {}
        functions = self._map(self._fields(model[502][-1]).get(2))
        name = self._last_text(described.get(21)) or "main"
        if name not in functions:
            raise ContainerError(f"it has no function {ascii(name)[:60]}")
        function = self._fields(functions[name])
        opset = self._last_text(function.get(2))
        blocks = self._map(function.get(3))
        if opset not in blocks:
            raise ContainerError(f"its function has no block for {ascii(opset)[:40]}")
        block = self._fields(blocks[opset])
        # Of several functions each describes its own interface.
        for described_function in described.get(20, ()):
            own = self._fields(described_function)
            if self._last_text(own.get(1)) == name:
                described = {1: own.get(2, []), 10: own.get(3, [])}
        return Program(
            self._integer(model.get(1)),
            opset,
            [self._named(item) for item in function.get(1, ())],
            [self._text(item) for item in block.get(2, ())],
            list(self._block(block)),
            [self._feature(item) for item in described.get(1, ())],
            [self._feature(item) for item in described.get(10, ())],
        )

    def _feature(self, span: wire.Span) -> Feature:
        entry = self._fields(span)
        name, kinds = self._last_text(entry.get(1)), self._fields(entry[3][-1]) if 3 in entry else {}
        if 4 in kinds:
            image = self._fields(kinds[4][-1])
            colors = {10: "gray", 20: "RGB", 30: "BGR", 40: "gray"}
            color = colors.get(self._integer(image.get(3)), "")
            return Feature(name, "image", color, (self._integer(image.get(2)), self._integer(image.get(1))))
        if 5 in kinds:
            array = self._fields(kinds[5][-1])
            words = {65568: "fp32", 65600: "fp64", 131104: "int32", 131080: "int8", 65552: "fp16"}
            shape = tuple(int(size) for size in self._integers(array.get(1), 64))
            return Feature(name, "array", "", shape, words.get(self._integer(array.get(2)), ""))
        return Feature(name, "string" if 3 in kinds else "dictionary" if 6 in kinds else "other")

    def _block(self, block: dict[int, list[wire.Span]]) -> Iterator[Operation]:
        for span in block.get(3, ()):
            self._operations += 1
            if self._operations > MOST_OPERATIONS:
                raise ContainerError(f"more than {MOST_OPERATIONS} operations")
            yield self._operation(span)

    def _operation(self, span: wire.Span) -> Operation:
        entry = self._fields(span)
        outputs = [self._named(item) for item in entry.get(3, ())]
        arguments: dict[str, list[str | Value]] = {
            key: [self._value(place, 0)] for key, place in self._map(entry.get(5)).items() if key != "name"
        }
        for key, place in self._map(entry.get(2)).items():
            arguments[key] = [self._binding(item) for item in self._fields(place).get(1, ())]
        name = outputs[0][0] if outputs else ""
        return Operation(self._last_text(entry.get(1)), name, arguments, outputs, len(entry.get(4, ())))

    def _binding(self, span: wire.Span) -> str | Value:
        entry = self._fields(span)
        return self._value(entry[2][-1], 0) if 2 in entry else self._last_text(entry.get(1))

    def _named(self, span: wire.Span) -> tuple[str, ValueType]:
        entry = self._fields(span)
        return self._last_text(entry.get(1)), self._type(entry[2][-1]) if 2 in entry else ValueType("tuple")

    def _type(self, span: wire.Span) -> ValueType:
        entry = self._fields(span)
        kind = next((word for number, word in _VALUE_KINDS.items() if number in entry), "tuple")
        if kind == "tensor":
            return self._tensor_type(entry[1][-1])
        return ValueType(kind)

    def _tensor_type(self, span: wire.Span) -> ValueType:
        entry = self._fields(span)
        scalar = scalar_numbered(self._integer(entry.get(1)))
        shape = tuple(self._dimension(item) for item in entry.get(3, ()))
        if math.prod(size or 1 for size in shape) > LARGEST_TENSOR:
            raise ContainerError(f"a tensor of shape {list(shape)[:10]}; allowed: {LARGEST_TENSOR} elements")
        return ValueType("tensor", scalar, shape)

    def _dimension(self, span: wire.Span) -> int | None:
        entry = self._fields(span)
        return self._integer(self._fields(entry[1][-1]).get(1)) if 1 in entry else None

    # Constants.

    def _value(self, span: wire.Span, depth: int) -> Value:
        entry = self._fields(span)
        if depth > DEEPEST:
            raise ContainerError(f"lists nested more than {DEEPEST} deep")
        declared = self._type(entry[2][-1]) if 2 in entry else ValueType("tuple")
        if 5 in entry:
            return Value(declared, self._stored(declared, self._fields(entry[5][-1])))
        inner = self._fields(entry[3][-1]) if 3 in entry else {}
        if declared.kind == "tensor":
            return Value(declared, self._tensor(declared, self._fields(inner[1][-1]) if 1 in inner else {}))
        items = self._fields(inner[3][-1]).get(1, ()) if 3 in inner else ()
        return Value(declared, [self._value(item, depth + 1).content for item in items])

    def _stored(self, declared: ValueType, entry: dict[int, list[wire.Span]]) -> Literal:
        scalar, shape = _fixed(declared)
        if scalar.numpy is None:
            raise ContainerError("text among the weights")
        return self._blobs.read(self._last_text(entry.get(1)), self._integer(entry.get(2)), scalar, shape)

    def _tensor(self, declared: ValueType, entry: dict[int, list[wire.Span]]) -> Literal:
        scalar, shape = _fixed(declared)
        number = next(iter(entry), 0)
        content = self._fields(entry[number][-1]).get(1, []) if entry else []
        if scalar.numpy is None:
            texts = [self._text(item) for item in content]
            if len(texts) != math.prod(shape):
                raise ContainerError(f"{len(texts)} texts where {list(shape)} is declared")
            return texts if shape else texts[0]
        flat = self._numbers(scalar, number, content, math.prod(shape))
        if flat.size != math.prod(shape):
            raise ContainerError(f"a constant of shape {list(shape)} with {flat.size} values")
        return flat.astype(scalar.numpy).reshape(shape)

    def _numbers(self, scalar: Scalar, number: int, content: list[wire.Span], count: int) -> NDArray[Any]:
        if number in _IMMEDIATE:
            form, size = _IMMEDIATE[number]
            data = b"".join(self._bytes(span) for span in content)
            return np.frombuffer(data[: len(data) // size * size], form)
        if number == 7:
            data = b"".join(self._bytes(span) for span in content)
            if len(data) != -(-count * scalar.bits // 8):
                raise ContainerError(f"{len(data)} bytes for {count} values of {scalar.name}")
            return unpack(np.frombuffer(data, np.uint8), scalar, count)
        return self._integers(content, 64 if number == 5 else 32)


def _fixed(declared: ValueType) -> tuple[Scalar, tuple[int, ...]]:
    shape = tuple(size for size in declared.shape if size is not None)
    if declared.scalar is None or len(shape) != len(declared.shape):
        raise ContainerError(f"a constant of type {declared}; allowed: a tensor of fixed shape")
    return declared.scalar, shape
