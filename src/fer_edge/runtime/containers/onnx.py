"""ONNX: ``metadata_props["fer_edge_contract"]`` of the ModelProto (field 14 in onnx.proto).

A tensor may point to another file (``TensorProto.external_data``), which the engine would read although no hash covers
it. An artifact is one file, so such a model is refused here, before the engine sees it.
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from fer_edge.runtime.containers import wire
from fer_edge.runtime.containers.limits import KEY, ContainerError

_PARTS: dict[str, dict[int, str]] = {
    "model": {7: "graph", 25: "function"},
    "graph": {1: "node", 5: "tensor", 15: "sparse tensor"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {
        5: "tensor",
        6: "graph",
        10: "tensor",
        11: "graph",
        22: "sparse tensor",
        23: "sparse tensor",
    },
    "sparse tensor": {1: "tensor", 2: "tensor"},
    "tensor": {13: "external data"},
}
"""By message, the fields of onnx.proto that lead to tensors."""
_DEEPEST = 64


def read(path: Path) -> list[bytes]:
    """Every contract that the file holds; one is right."""
    with path.open("rb") as file:
        whole = (0, path.stat().st_size)
        refuse_external_data(file, whole)
        return list(wire.entries(file, whole, 14, KEY.encode()))


def refuse_external_data(file: BinaryIO, whole: wire.Span) -> None:
    """Refuse a model that has data in other files.

    Raises:
        ContainerError: it has, or the bytes are no model.
    """
    _refuse_external_data(file, whole, "model", 0)


def _refuse_external_data(file: BinaryIO, span: wire.Span, kind: str, depth: int) -> None:
    if depth > _DEEPEST:
        raise ContainerError(f"its graphs are nested more than {_DEEPEST} messages deep")
    for number, part in wire.fields(file, span, _PARTS[kind]):
        inside = _PARTS[kind][number]
        if inside == "external data":
            raise ContainerError("a tensor of it lies in another file; allowed: all data in one file")
        _refuse_external_data(file, part, inside, depth + 1)
