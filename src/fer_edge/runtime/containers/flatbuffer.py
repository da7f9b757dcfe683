"""Bounded reads of a flatbuffer in a file: what the readers of TFLite and ExecuTorch share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from fer_edge.runtime.containers.limits import KEY, LARGEST_CONTRACT, ContainerError

_MOST_ENTRIES = 10_000


class Flatbuffer:
    """Bounded reads of tables, vectors and strings; every offset is checked against the file."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._size = size

    def bytes_at(self, offset: int, length: int) -> bytes:
        """Bytes of the file."""
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

    def field(self, table: int, number: int) -> int | None:
        """Position of a table's field, None if it is absent."""
        vtable = table - int.from_bytes(self.bytes_at(table, 4), "little", signed=True)
        slot = 4 + 2 * number
        if slot + 2 > self._unsigned(vtable, 2):
            return None
        offset = self._unsigned(vtable + slot, 2)
        return table + offset if offset else None

    def scalar(self, table: int, number: int, length: int) -> int:
        """An unsigned number, 0 if the field is absent."""
        field = self.field(table, number)
        return 0 if field is None else self._unsigned(field, length)

    def items(self, table: int, number: int) -> tuple[int, int]:
        """Position of a vector's first element and their count."""
        field = self.field(table, number)
        if field is None:
            return 0, 0
        start = self.follow(field)
        return start + 4, self._unsigned(start, 4)

    def vector(self, table: int, number: int) -> Iterator[int]:
        """The tables of a vector of tables."""
        start, count = self.items(table, number)
        if count > _MOST_ENTRIES:
            raise ContainerError(f"it has {count} entries of a kind; allowed: {_MOST_ENTRIES}")
        for index in range(count):
            yield self.follow(start + 4 * index)

    def element(self, table: int, number: int, index: int) -> int:
        """One table of a vector of tables."""
        start, count = self.items(table, number)
        if index >= count:
            raise ContainerError(f"its contract is said to be in entry {index} of {count}")
        return self.follow(start + 4 * index)

    def integer(self, table: int, number: int, index: int) -> int:
        """One element of a vector of 32-bit numbers."""
        start, count = self.items(table, number)
        if index >= count:
            raise ContainerError(f"it has {count} entries where number {index} of them is asked for")
        return self._unsigned(start + 4 * index, 4)

    def table(self, table: int, number: int) -> int:
        """The table that a field leads to."""
        field = self.field(table, number)
        if field is None:
            raise ContainerError("a part of it is missing")
        return self.follow(field)

    def float32(self, table: int, number: int) -> float:
        """A float32, 0 if the field is absent."""
        field = self.field(table, number)
        return 0.0 if field is None else float(np.frombuffer(self.bytes_at(field, 4), "<f4")[0])

    def numbers(self, table: int, number: int, dtype: np.dtype[Any]) -> NDArray[Any]:
        """A vector of numbers."""
        start, count = self.items(table, number)
        return np.frombuffer(self.bytes_at(start, count * dtype.itemsize), dtype)

    def text(self, table: int, number: int) -> str:
        """A string; empty if it is absent."""
        start, count = self.items(table, number)
        return self.bytes_at(start, count).decode("utf-8", "replace")

    def key(self, table: int, number: int) -> bytes:
        """A string that may be the contract's key; empty if it is longer."""
        start, count = self.items(table, number)
        return self.bytes_at(start, count) if count <= len(KEY) else b""

    def contract(self, start: int, count: int) -> bytes:
        """The bytes of a contract."""
        if count > LARGEST_CONTRACT:
            raise ContainerError(f"its contract has {count} bytes; allowed: {LARGEST_CONTRACT}")
        return self.bytes_at(start, count)
