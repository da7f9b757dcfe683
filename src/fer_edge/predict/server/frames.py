"""The pipe between the server and a worker process: a line of JSON and a body, each with its length before it.

    8 bytes, little-endian: length of the line    8 bytes: length of the body    line    body

JSON and bytes alone: nothing that arrives can name code to run.
"""

from __future__ import annotations

import asyncio
import json
import struct
from typing import Any, BinaryIO

_LENGTHS = struct.Struct("<QQ")


def pack(line: dict[str, Any], body: bytes | memoryview = b"") -> list[bytes | memoryview]:
    """The pieces to write."""
    text = json.dumps(line).encode("ascii")
    return [_LENGTHS.pack(len(text), len(body)) + text, body]


async def read_frame(reader: asyncio.StreamReader) -> tuple[dict[str, Any], bytes]:
    """The next frame.

    Raises:
        asyncio.IncompleteReadError: the other side ended.
    """
    lengths = _LENGTHS.unpack(await reader.readexactly(_LENGTHS.size))
    line = json.loads(await reader.readexactly(lengths[0]))
    return line, await reader.readexactly(lengths[1])


def read_blocking(file: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    """The next frame in a worker; None: the server ended."""
    head = file.read(_LENGTHS.size)
    if len(head) < _LENGTHS.size:
        return None
    lengths = _LENGTHS.unpack(head)
    text, body = file.read(lengths[0]), file.read(lengths[1])
    if len(text) < lengths[0] or len(body) < lengths[1]:
        return None
    return json.loads(text), body
