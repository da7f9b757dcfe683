"""TFLite: the metadata buffer ``fer_edge_contract``, found by walking the flatbuffer.

Fields (schema.fbs of TensorFlow Lite): Model.buffers 4, Model.metadata 6; Metadata.name 0, Metadata.buffer 1;
Buffer.data 0, Buffer.offset 1, Buffer.size 2.
"""

from __future__ import annotations

from pathlib import Path

from fer_edge.runtime.containers.flatbuffer import Flatbuffer
from fer_edge.runtime.containers.limits import KEY, ContainerError


def read(path: Path) -> list[bytes]:
    """Every contract that the file holds; one is right."""
    return read_metadata(path, KEY.encode())


def read_metadata(path: Path, name: bytes) -> list[bytes]:
    """Every metadata buffer of a name, which is no longer than the contract's.

    Raises:
        ContainerError: it is no TFLite file, it is damaged, or a buffer is larger than a contract may be.
    """
    with path.open("rb") as file:
        walk = Flatbuffer(file, path.stat().st_size)
        if walk.bytes_at(4, 4) != b"TFL3":
            raise ContainerError("it does not begin like a TFLite file")
        model = walk.follow(0)
        return [
            _buffer(walk, walk.element(model, 4, walk.scalar(entry, 1, 4)))
            for entry in walk.vector(model, 6)
            if walk.key(entry, 0) == name
        ]


def _buffer(walk: Flatbuffer, table: int) -> bytes:
    """A buffer's bytes; large files keep them behind the flatbuffer, at an offset."""
    start, count = walk.items(table, 0)
    if not count:
        start, count = walk.scalar(table, 1, 8), walk.scalar(table, 2, 8)
    return walk.contract(start, count)
