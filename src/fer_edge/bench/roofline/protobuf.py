"""Protobuf's wire format in memory: what the runtime's bounded walker, which reads contracts only, does not need.

Source: "Encoding", Protocol Buffers documentation.
"""

from __future__ import annotations

from collections.abc import Iterator

from fer_edge.bench.roofline.graph import GraphError


def fields(message: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Every field with its number; an integer's or a fixed field's value is its bytes.

    Raises:
        GraphError: the bytes are no message.
    """
    position = 0
    while position < len(message):
        tag, position = _varint(message, position)
        start, kind = position, tag & 7
        if kind == 0:
            _, end = _varint(message, position)
        elif kind == 2:
            length, start = _varint(message, position)
            end = start + length
        elif kind in (1, 5):
            end = position + (8 if kind == 1 else 4)
        else:
            raise GraphError(f"it is no protobuf message (wire type {kind})")
        if end > len(message):
            raise GraphError("it ends too early")
        yield tag >> 3, message[start:end]
        position = end


def numbers(message: memoryview, number: int) -> list[int]:
    """The integers of a field, repeated or packed."""
    found = []
    for other, part in fields(message):
        position = 0
        while other == number and position < len(part):
            value, position = _varint(part, position)
            found.append(value)
    return found


def text(message: memoryview, number: int) -> list[str]:
    """The texts of a field; one empty text where it is absent."""
    found = [str(part, "utf-8", "replace") for other, part in fields(message) if other == number]
    return found or [""]


def block(number: int, content: bytes) -> bytes:
    """A length-delimited field, serialized."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def integer(number: int, value: int) -> bytes:
    """An integer field, serialized."""
    return varint(number << 3) + varint(value)


def varint(value: int) -> bytes:
    """A non-negative integer, seven bits a byte, the low ones first."""
    found = b""
    while value > 127:
        found += bytes([value & 127 | 128])
        value >>= 7
    return found + bytes([value])


def _varint(message: memoryview, position: int) -> tuple[int, int]:
    value = 0
    for count, byte in enumerate(message[position : position + 10]):
        value |= (byte & 127) << (7 * count)
        if byte < 128:
            return value, position + count + 1
    raise GraphError("it is no protobuf message (an integer without end)")
