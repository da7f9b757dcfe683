"""Reads every constant of a Core ML program from the package's files, not through the converter that wrote them.

``Data/com.apple.CoreML/model.mlmodel`` is a protobuf message; large values lie in ``weights/weight.bin`` as 64-byte records
(little-endian: u32 0xDEADBEEF, u32 type, u64 size in bytes, u64 offset, u64 padding bits), each followed by its bytes
at that offset. Compressed weights are operators named ``constexpr_*``; they are decompressed here by their
definition in float64.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.faithful.graph import OF_HALF
from fer_edge.export.faithful.original.matching import StoredWeight
from fer_edge.export.formats.coreml.package import PROGRAM, WEIGHTS
from fer_edge.runtime.errors import BundleError

RECORD = struct.Struct("<IIQQQ")
SENTINEL = 0xDEADBEEF
_TYPES: dict[int, type[np.generic]] = {
    10: np.float16, 11: np.float32, 12: np.float64, 21: np.int8, 22: np.int16, 23: np.int32, 24: np.int64,
    31: np.uint8, 32: np.uint16, 33: np.uint32, 34: np.uint64,
}  # fmt: skip
"""MIL's data types that hold numbers of whole bytes."""


def read_constants(package: Path) -> list[StoredWeight]:
    """Every floating-point constant of ``main()``, in program order, with its uses.

    Raises:
        BundleError: the package's files are missing or contradict each other, or use a compression that is not
            known here.
    """
    operations = list(_operations(package))
    blob = _Blob(package / WEIGHTS)
    uses = _uses(operations)
    found = []
    for operation in operations:
        decode = _DECODERS.get(operation.type)
        if decode is None:
            if operation.type.startswith("constexpr_"):
                raise BundleError(f"{package.name}: compression {operation.type!r} is not known here")
            continue
        name = operation.outputs[0].name
        if operation.outputs[0].type.WhichOneof("type") != "tensorType":
            continue
        decoded = decode({key: blob.value(value) for key, value in operation.attributes.items()})
        if decoded is not None:
            values, step, stored, rounding = decoded
            found.append(StoredWeight(name, values, step, stored, tuple(uses.get(name, ())), rounding))
    return found


def _operations(package: Path) -> Iterator[Any]:
    from coremltools.proto.Model_pb2 import Model
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    model = Model()
    try:
        model.ParseFromString((package / PROGRAM).read_bytes())
    except (OSError, DecodeError) as error:
        raise BundleError(f"{package.name} is not a readable Core ML package: {error}") from error
    if model.WhichOneof("Type") != "mlProgram" or "main" not in model.mlProgram.functions:
        raise BundleError(f"{package.name} holds no program with a function main()")
    function = model.mlProgram.functions["main"]
    yield from _nested(function.block_specializations[function.opset])


def _nested(block: Any) -> Iterator[Any]:
    """The operators of a block and of the blocks inside them: a loop's body holds weights too."""
    for operation in block.operations:
        yield operation
        for inner in operation.blocks:
            yield from _nested(inner)


def _uses(operations: list[Any]) -> dict[str, list[tuple[str, str]]]:
    uses: dict[str, list[tuple[str, str]]] = {}
    for operation in operations:
        for parameter, argument in operation.inputs.items():
            for binding in argument.arguments:
                uses.setdefault(binding.name, []).append((operation.type, parameter))
    return {name: sorted(places) for name, places in uses.items()}


class _Blob:
    """``weight.bin`` and the values that refer to it."""

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self.data = path.read_bytes() if path.exists() else b""

    def value(self, value: Any) -> NDArray[Any] | None:
        """A protobuf value as an array; None for strings, booleans and other non-numbers."""
        kind = value.type.WhichOneof("type")
        if kind != "tensorType" or value.type.tensorType.dataType not in _TYPES:
            return None
        tensor = value.type.tensorType
        dtype = np.dtype(_TYPES[tensor.dataType]).newbyteorder("<")
        shape = tuple(dimension.constant.size for dimension in tensor.dimensions)
        if value.WhichOneof("value") == "blobFileValue":
            flat = np.frombuffer(self.record(value.blobFileValue.offset), dtype)
        else:
            flat = _immediate(value.immediateValue.tensor, dtype)
        if flat.size != math.prod(shape):
            raise BundleError(f"{self.name}: a constant of shape {list(shape)} has {flat.size} values")
        return flat.reshape(shape)

    def record(self, offset: int) -> bytes:
        """The bytes of the record whose header lies at ``offset``."""
        if offset + RECORD.size > len(self.data):
            raise BundleError(
                f"{self.name}: a record at byte {offset} lies outside of {len(self.data)} bytes"
            )
        sentinel, _, size, start, _ = RECORD.unpack_from(self.data, offset)
        if sentinel != SENTINEL or start + size > len(self.data):
            raise BundleError(f"{self.name}: the record at byte {offset} is damaged")
        return self.data[start : start + size]


def _immediate(tensor: Any, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Values written into the message itself; types without a list of their own come as bytes."""
    kind = tensor.WhichOneof("value")
    if kind == "bytes":
        return np.frombuffer(tensor.bytes.values, dtype)
    return np.asarray(getattr(tensor, kind).values if kind else [], dtype)


_Decoded = tuple[NDArray[np.float64], NDArray[np.float64], np.dtype[Any], float] | None
_Values = dict[str, NDArray[Any] | None]


def _const(values: _Values) -> _Decoded:
    value = values.get("val")
    if value is None or value.dtype.kind != "f":
        return None
    return value.astype(np.float64), np.zeros(()), value.dtype, 0.0


def _affine(values: _Values) -> _Decoded:
    """``scale * (quantized - zero_point)`` along ``axis``."""
    quantized, scale, zero, axis = (values[key] for key in ("quantized_data", "scale", "zero_point", "axis"))
    assert quantized is not None
    assert scale is not None
    assert zero is not None
    assert axis is not None
    shape = [1] * quantized.ndim
    if scale.ndim or zero.ndim:
        shape[int(axis)] = -1
    step = scale.astype(np.float64).reshape(shape)
    return (
        step * (quantized.astype(np.float64) - zero.astype(np.float64).reshape(shape)),
        step,
        quantized.dtype,
        OF_HALF if scale.dtype == np.float16 else 0.0,
    )


_DECODERS: dict[str, Callable[[_Values], _Decoded]] = {
    "const": _const,
    "constexpr_affine_dequantize": _affine,
}
"""What the exporter writes. Another compression adds a function here."""
