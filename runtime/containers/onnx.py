"""ONNX: ``metadata_props["fer_edge_contract"]`` of the ModelProto (field 14 in onnx.proto)."""

from __future__ import annotations

from pathlib import Path

from fer_edge.runtime.containers import wire
from fer_edge.runtime.containers.limits import KEY


def read(path: Path) -> list[bytes]:
    """Every contract that the file holds; one is right."""
    with path.open("rb") as file:
        return list(wire.entries(file, (0, path.stat().st_size), 14, KEY.encode()))
