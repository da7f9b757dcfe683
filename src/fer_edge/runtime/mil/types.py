"""Types of MIL values, and the numbers that ``MIL.proto`` and ``weight.bin`` have for them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fer_edge.runtime.containers.limits import ContainerError

LARGEST_TENSOR = 1 << 28
"""Elements of one tensor: eight times the largest weight of a network that phones run."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """One data type.

    Attributes:
        name: in MIL's words.
        number: of ``DataType`` in MIL.proto.
        bits: that an element has in a file.
        numpy: what holds it here; None: text.
        record: number in the headers of ``weight.bin``; 0: it does not lie there.
    """

    name: str
    number: int
    bits: int
    numpy: type[np.generic] | None
    record: int = 0

    @property
    def is_float(self) -> bool:
        """True for floating-point numbers."""
        return self.name.startswith("fp")


SCALARS: tuple[Scalar, ...] = (
    Scalar("bool", 1, 8, np.bool_),
    Scalar("string", 2, 0, None),
    Scalar("fp16", 10, 16, np.float16, 1),
    Scalar("fp32", 11, 32, np.float32, 2),
    Scalar("fp64", 12, 64, np.float64),
    Scalar("int8", 21, 8, np.int8, 4),
    Scalar("int16", 22, 16, np.int16, 6),
    Scalar("int32", 23, 32, np.int32, 14),
    Scalar("int64", 24, 64, np.int64),
    Scalar("int4", 25, 4, np.int8, 8),
    Scalar("uint8", 31, 8, np.uint8, 3),
    Scalar("uint16", 32, 16, np.uint16, 7),
    Scalar("uint32", 33, 32, np.uint32, 15),
    Scalar("uint64", 34, 64, np.uint64),
    Scalar("uint4", 35, 4, np.uint8, 11),
    Scalar("uint2", 36, 2, np.uint8, 10),
    Scalar("uint1", 37, 1, np.uint8, 9),
    Scalar("uint6", 38, 6, np.uint8, 13),
    Scalar("uint3", 39, 3, np.uint8, 12),
)
"""Source: ``enum DataType`` of MIL.proto and ``enum class BlobDataType`` of MILBlob, both in coremltools' repository."""
_BY_NUMBER = {scalar.number: scalar for scalar in SCALARS}


def scalar_numbered(number: int) -> Scalar:
    """The data type of a number in MIL.proto.

    Raises:
        ContainerError: it is none that is known here, such as an 8-bit float.
    """
    if number not in _BY_NUMBER:
        raise ContainerError(f"data type {number}, which is not known here")
    return _BY_NUMBER[number]


@dataclass(frozen=True, slots=True)
class ValueType:
    """The declared type of a value.

    Attributes:
        kind: ``tensor``, ``list``, ``tuple``, ``dictionary`` or ``state``.
        scalar: of a tensor's elements, or of a list's.
        shape: of a tensor; None stands for a size that is not fixed.
    """

    kind: str
    scalar: Scalar | None = None
    shape: tuple[int | None, ...] = ()

    def __str__(self) -> str:
        if self.kind != "tensor" or self.scalar is None:
            return self.kind
        return f"{self.scalar.name} [{', '.join('?' if size is None else str(size) for size in self.shape)}]"
