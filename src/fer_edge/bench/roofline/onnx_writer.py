"""ONNX messages, written: a matrix product, so that onnxruntime's own kernels can be timed without a model at hand.

Field numbers: onnx.proto (see :mod:`fer_edge.bench.roofline.onnx_graph`; TypeProto.tensor_type 1, Tensor.elem_type 1,
Tensor.shape 2, TensorShapeProto.dim 1, Dimension.dim_value 1; ModelProto.ir_version 1, opset_import 8). The wire format:
"Encoding", Protocol Buffers documentation.
"""

from __future__ import annotations

FLOAT, UINT8, INT8, INT32 = 1, 2, 3, 6
"""``TensorProto.DataType``."""
_OPSET = 13
_IR_VERSION = 8


def gemm_model(operator: str, left: int, right: int, output: int, size: int) -> bytes:
    """``y = operator(a, b)`` for two square matrices.

    Args:
        operator: ``MatMul`` or ``MatMulInteger``.
        left: data type of ``a``.
        right: of ``b``.
        output: of ``y``.
        size: rows and columns.
    """
    node = block(1, b"a") + block(1, b"b") + block(2, b"y") + block(4, operator.encode())
    ends = (
        block(11, _end(b"a", left, size))
        + block(11, _end(b"b", right, size))
        + block(12, _end(b"y", output, size))
    )
    graph = block(1, node) + block(2, b"gemm") + ends
    return integer(1, _IR_VERSION) + block(7, graph) + block(8, integer(2, _OPSET))


def _end(name: bytes, kind: int, size: int) -> bytes:
    shape = block(1, integer(1, size)) * 2
    return block(1, name) + block(2, block(1, integer(1, kind) + block(2, shape)))


def block(number: int, content: bytes) -> bytes:
    """A length-delimited field, serialized."""
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def integer(number: int, value: int) -> bytes:
    """An integer field, serialized."""
    return _varint(number << 3) + _varint(value)


def _varint(value: int) -> bytes:
    """A non-negative integer, seven bits a byte, the low ones first."""
    found = b""
    while value > 127:
        found += bytes([value & 127 | 128])
        value >>= 7
    return found + bytes([value])
