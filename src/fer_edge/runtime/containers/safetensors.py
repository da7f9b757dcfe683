"""safetensors: ``__metadata__["fer_edge_contract"]`` of the JSON header."""

from __future__ import annotations

import json
from pathlib import Path

from fer_edge.runtime.containers.limits import KEY, ContainerError
from fer_edge.runtime.errors import ContractError
from fer_edge.runtime.schema import decode

_LARGEST_HEADER = 32 << 20


def read(path: Path) -> list[bytes]:
    """The contract, if the header has one."""
    value = metadata(path).get(KEY)
    return [] if value is None else [value.encode("utf-8", "surrogatepass")]


def metadata(path: Path) -> dict[str, str]:
    """The header's ``__metadata__``.

    Raises:
        ContainerError: the file is not of this format.
        ContractError: its header is not strict JSON.
    """
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 2 <= length <= min(_LARGEST_HEADER, path.stat().st_size - 8):
            raise ContainerError(f"its header claims {length} bytes")
        header = decode(file.read(length), "safetensors header", ContractError, _LARGEST_HEADER)
    found = header.get("__metadata__", {}) if isinstance(header, dict) else None
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise ContainerError(f"its metadata is {json.dumps(found)[:40]}, not text by name")
    return found
