"""``weights/weight.bin``: records of 64 bytes, each naming the bytes of one constant.

A record (little-endian): u32 0xDEADBEEF, u32 data type, u64 size in bytes, u64 offset of the data, u64 padding bits. Values of less
than a byte are packed from the least significant bit on.

Source: ``MILBlob/Blob/StorageFormat.hpp`` in coremltools' repository.
"""

from __future__ import annotations

import math
import struct
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.runtime.containers.limits import ContainerError
from fer_edge.runtime.mil.types import Scalar

RECORD = struct.Struct("<IIQQQ")
SENTINEL = 0xDEADBEEF
_ROOT = "@model_path"


class Blobs:
    """The files of weights beside a program; each is mapped when a constant asks for it.

    Args:
        folder: that ``@model_path`` stands for, the one of the program.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, NDArray[np.uint8]] = {}

    def read(self, name: str, offset: int, scalar: Scalar, shape: tuple[int, ...]) -> NDArray[Any]:
        """A constant.

        Args:
            name: of the file, as the program has it.
            offset: of its record.
            scalar: as declared.
            shape: as declared.

        Raises:
            ContainerError: no such file, or the record is damaged or of another type or size than declared.
        """
        data = self._file(name)
        if offset + RECORD.size > data.size:
            raise ContainerError(
                f"a constant at byte {offset} of {name}, which has {data.size}; it was cut off"
            )
        sentinel, kind, size, start, padding = RECORD.unpack(
            bytes(
                data[offset : offset + RECORD.size]
            )  # a header has 64 bytes, the last 32 of them are not used
        )
        count = math.prod(shape)
        if sentinel != SENTINEL or start + size > data.size:
            raise ContainerError(f"the record at byte {offset} of {name} is damaged")
        if kind != scalar.record:
            raise ContainerError(
                f"the record at byte {offset} of {name} has data type {kind}; the program says {scalar.name} ({scalar.record})"
            )
        if size != -(-count * scalar.bits // 8) or (
            scalar.bits < 8 and padding != size * 8 - count * scalar.bits
        ):
            raise ContainerError(
                f"the record at byte {offset} of {name} has {size} bytes; {scalar.name} {list(shape)} takes "
                f"{-(-count * scalar.bits // 8)}"
            )
        return unpack(data[start : start + size], scalar, count).reshape(shape)

    def _file(self, name: str) -> NDArray[np.uint8]:
        if name not in self._files:
            path = self._folder.joinpath(*_parts(name))
            if not path.is_file() or path.is_symlink():
                raise ContainerError(f"the program names {ascii(name)[:80]}, and there is no such file")
            self._files[name] = (
                np.memmap(path, np.uint8, "r") if path.stat().st_size else np.zeros(0, np.uint8)
            )
        return self._files[name]


def _parts(name: str) -> tuple[str, ...]:
    parts = PurePosixPath(name).parts
    if len(parts) < 2 or parts[0] != _ROOT or ".." in parts or "\\" in name or "\0" in name:
        raise ContainerError(f"the program names {ascii(name)[:80]}; allowed: files below {_ROOT}")
    return parts[1:]


def unpack(data: NDArray[np.uint8], scalar: Scalar, count: int) -> NDArray[Any]:
    """Values of packed bytes, (count,).

    Args:
        data: (bytes,) uint8.
        scalar: of the values.
        count: how many there are.
    """
    assert scalar.numpy is not None
    if scalar.bits >= 8:
        whole: NDArray[Any] = data.view(np.dtype(scalar.numpy).newbyteorder("<"))
        return whole
    bits = np.unpackbits(data, count=count * scalar.bits, bitorder="little").reshape(count, scalar.bits)
    values: NDArray[np.uint8] = np.packbits(bits, axis=1, bitorder="little").reshape(-1)
    if scalar.name.startswith("int"):  # two's complement
        half = 1 << (scalar.bits - 1)
        return ((values.astype(np.int8) ^ half) - half).astype(np.int8)
    return values
