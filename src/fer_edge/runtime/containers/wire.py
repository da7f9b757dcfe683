"""A walk over protobuf's wire format that reads only what it is asked for.

What protobuf's own parsers cut, skip or read otherwise is refused: a tag of more than 32 bits (they drop the upper ones, and
the field is another one then), field 0, groups, lengths of more than 31 bits.

Source: "Encoding", Protocol Buffers documentation; ``parse_context.h`` of its C++ library.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import BinaryIO

from fer_edge.runtime.containers.limits import LARGEST_CONTRACT, ContainerError

_MOST_FIELDS = 200_000
_TAG_BYTES = 5
"""The most that protobuf reads of a tag or a length."""
Span = tuple[int, int]
"""Offset and length in the file."""


def blocks(file: BinaryIO, span: Span, number: int) -> Iterator[Span]:
    """The length-delimited fields ``number`` of the message at ``span``; errors as in :func:`fields`."""
    for _, block in fields(file, span, (number,)):
        yield block


def integers(file: BinaryIO, span: Span, number: int) -> Iterator[int]:
    """The integers of field ``number``, each by itself or packed; errors as in :func:`fields`."""
    for _, (start, length) in fields(file, span, (number,), (0, 2)):
        position, end = start, start + length
        while position < end:
            value, position = _varint(file, position, end)
            yield value


def fields(
    file: BinaryIO, span: Span, numbers: Container[int], kinds: Container[int] = (2,)
) -> Iterator[tuple[int, Span]]:
    """The fields of the message at ``span`` that have one of these numbers, with their number.

    Args:
        file: holds the message.
        span: of the message.
        numbers: of the fields.
        kinds: wire types: 0 integers, 2 length-delimited.

    Raises:
        ContainerError: the bytes are not a message.
    """
    position, end = span[0], span[0] + span[1]
    for _ in range(_MOST_FIELDS):
        if position >= end:
            return
        tag, position = _varint(file, position, end, _TAG_BYTES)
        if not 8 <= tag < 1 << 32:
            raise ContainerError(f"a field number at byte {position} that protobuf does not have")
        length, position = _extent(file, tag & 7, position, end)
        if tag & 7 in kinds and tag >> 3 in numbers:
            yield tag >> 3, (position, length)
        position += length
    raise ContainerError(f"more than {_MOST_FIELDS} fields in one message")


def text(file: BinaryIO, span: Span) -> bytes:
    """The bytes at ``span``, if they are no more than a contract may have."""
    offset, length = span
    if length > LARGEST_CONTRACT:
        raise ContainerError(f"a metadata value of {length} bytes; allowed: {LARGEST_CONTRACT}")
    file.seek(offset)
    return file.read(length)


def entries(file: BinaryIO, span: Span, number: int, wanted: bytes) -> Iterator[bytes]:
    """Values of ``wanted`` in a list of key (1) and value (2) pairs, field ``number`` of the message at ``span``."""
    for pair in blocks(file, span, number):
        keys = list(blocks(file, pair, 1))
        if keys and keys[-1][1] == len(wanted) and text(file, keys[-1]) == wanted:
            values = list(blocks(file, pair, 2))
            yield text(file, values[-1]) if values else b""


def _extent(file: BinaryIO, kind: int, position: int, end: int) -> Span:
    """Length of a field's value and where it begins."""
    if kind == 0:
        _, after = _varint(file, position, end)
        return after - position, position
    if kind == 2:
        length, position = _varint(file, position, end, _TAG_BYTES)
    elif kind in (1, 5):
        length = 8 if kind == 1 else 4
    else:
        raise ContainerError(f"wire type {kind} at byte {position}")
    if length > min(end - position, (1 << 31) - 1):
        raise ContainerError(f"a field of {length} bytes at byte {position} runs over the end")
    return length, position


def _varint(file: BinaryIO, position: int, end: int, most: int = 10) -> Span:
    file.seek(position)
    data = file.read(min(most, end - position))
    value = 0
    for count, byte in enumerate(data):
        value |= (byte & 127) << (7 * count)
        if byte < 128:
            return value, position + count + 1
    raise ContainerError(f"an integer at byte {position} that is longer than protobuf's, or cut off")
