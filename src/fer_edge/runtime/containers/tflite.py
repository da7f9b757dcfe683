"""TFLite: the metadata buffer ``fer_edge_contract``, found by walking the flatbuffer.

Fields (schema.fbs of TensorFlow Lite): Model.buffers 4, Model.metadata 6; Metadata.name 0, Metadata.buffer 1;
Buffer.data 0, Buffer.offset 1, Buffer.size 2.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from fer_edge.runtime.containers.limits import KEY, LARGEST_CONTRACT, ContainerError

_MOST_ENTRIES = 10_000


def read(path: Path) -> list[bytes]:
    """Every contract that the file holds; one is right."""
    with path.open("rb") as file:
        walk = _Flatbuffer(file, path.stat().st_size)
        if walk.bytes_at(4, 4) != b"TFL3":
            raise ContainerError("it does not begin like a TFLite file")
        model = walk.follow(0)
        found = []
        for entry in walk.vector(model, 6):
            if walk.string(entry, 0) == KEY.encode():
                number = walk.scalar(entry, 1, 4)
                found.append(walk.buffer(walk.element(model, 4, number)))
        return found


class _Flatbuffer:
    """Bounded reads of tables, vectors and strings; every offset is checked against the file."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._size = size

    def bytes_at(self, offset: int, length: int) -> bytes:
        if offset < 0 or length < 0 or offset + length > self._size:
            raise ContainerError(f"an offset at byte {offset} leads out of it")
        self._file.seek(offset)
        data = self._file.read(length)
        if len(data) != length:
            raise ContainerError("it ends too early")
        return data

    def _unsigned(self, offset: int, length: int) -> int:
        return int.from_bytes(self.bytes_at(offset, length), "little")

    def follow(self, offset: int) -> int:
        """The position that the offset stored at ``offset`` leads to."""
        return offset + self._unsigned(offset, 4)

    def _field(self, table: int, number: int) -> int | None:
        """Position of a table's field, None if it is absent."""
        vtable = table - int.from_bytes(self.bytes_at(table, 4), "little", signed=True)
        slot = 4 + 2 * number
        if slot + 2 > self._unsigned(vtable, 2):
            return None
        offset = self._unsigned(vtable + slot, 2)
        return table + offset if offset else None

    def scalar(self, table: int, number: int, length: int) -> int:
        field = self._field(table, number)
        return 0 if field is None else self._unsigned(field, length)

    def _list(self, table: int, number: int) -> tuple[int, int]:
        """Position of the first element and their count."""
        field = self._field(table, number)
        if field is None:
            return 0, 0
        start = self.follow(field)
        return start + 4, self._unsigned(start, 4)

    def vector(self, table: int, number: int) -> Iterator[int]:
        """The tables of a vector of tables."""
        start, count = self._list(table, number)
        if count > _MOST_ENTRIES:
            raise ContainerError(f"it has {count} metadata entries; allowed: {_MOST_ENTRIES}")
        for index in range(count):
            yield self.follow(start + 4 * index)

    def element(self, table: int, number: int, index: int) -> int:
        start, count = self._list(table, number)
        if index >= count:
            raise ContainerError(f"its contract is said to be in buffer {index} of {count}")
        return self.follow(start + 4 * index)

    def string(self, table: int, number: int) -> bytes:
        start, count = self._list(table, number)
        return self.bytes_at(start, count) if count <= len(KEY) else b""

    def buffer(self, table: int) -> bytes:
        """A buffer's bytes; large files keep them behind the flatbuffer, at an offset."""
        start, count = self._list(table, 0)
        if not count:
            start, count = self.scalar(table, 1, 8), self.scalar(table, 2, 8)
        if count > LARGEST_CONTRACT:
            raise ContainerError(f"its contract has {count} bytes; allowed: {LARGEST_CONTRACT}")
        return self.bytes_at(start, count)
