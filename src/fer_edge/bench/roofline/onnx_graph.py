"""ONNX: nodes and stored tensors from the protobuf, shapes from one run with every tensor made an output.

Field numbers: onnx.proto (ModelProto.graph 7; GraphProto.node 1, initializer 5, input 11, output 12; NodeProto.input 1,
output 2, op_type 4, domain 7; TensorProto.dims 1, data_type 2, name 8; ValueInfoProto.name 1). Two serialized messages
one after another are one merged message ("Encoding", Protocol Buffers documentation), so outputs are added by appending.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from fer_edge.bench.roofline.graph import (
    Graph,
    GraphError,
    Operator,
    Role,
    Tensor,
    convolution_macs,
    product_macs,
    transposed_macs,
)
from fer_edge.bench.roofline.protobuf import block, fields, numbers, text
from fer_edge.runtime.contract import Contract
from fer_edge.runtime.extras import require

_ROLES: dict[Role, tuple[str, ...]] = {
    Role.COMPUTE: (
        "Conv", "FusedConv", "ConvInteger", "QLinearConv", "ConvTranspose", "Gemm", "MatMul", "MatMulInteger",
        "QLinearMatMul", "FusedMatMul", "QGemm",
    ),
    Role.POINTWISE: (
        "Add", "Sub", "Mul", "Div", "Relu", "Clip", "Sigmoid", "HardSigmoid", "HardSwish", "LeakyRelu", "PRelu", "Elu",
        "Selu", "Tanh", "Gelu", "Erf", "Mish", "Sqrt", "Exp", "Neg", "Abs", "Floor", "Pow", "Max", "Min",
        "BatchNormalization", "QuickGelu", "Swish", "Softplus",
    ),
    Role.CONVERT: ("QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear", "Cast", "CastLike"),
    Role.VIEW: ("Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity", "Dropout", "Shape"),
    Role.OPAQUE: (
        "LSTM", "GRU", "RNN", "Einsum", "DeformConv", "Attention", "If", "Loop", "Scan", "SequenceMap",
        "MultiHeadAttention", "MatMulNBits",
    ),
}  # fmt: skip
"""Operators that are none of these move their inputs and outputs."""
_ROLE = {name: role for role, names in _ROLES.items() for name in names}
_WEIGHTS = {"QLinearConv": (0, 3), "QLinearMatMul": (0, 3), "QGemm": (0, 3)}
"""Where activation and weights stand among the inputs, if not first and second."""
_BITS = {
    1: 32,
    2: 8,
    3: 8,
    4: 16,
    5: 16,
    6: 32,
    7: 64,
    9: 8,
    10: 16,
    11: 64,
    12: 32,
    13: 64,
    16: 16,
    21: 4,
    22: 4,
} | dict.fromkeys((17, 18, 19, 20), 8)
"""``TensorProto.DataType`` to bits of an element."""
_STANDARD = (b"", b"ai.onnx", b"com.microsoft")
_ERRORS_ONLY = 3


def read(path: Path, contract: Contract) -> Graph:
    """The graph of an ``.onnx`` file; it runs once, on zeros.

    Args:
        path: of the file.
        contract: gives the input's shape and dtype.

    Raises:
        GraphError: it has no graph.
        MissingExtra: onnxruntime is not installed.
    """
    data = path.read_bytes()
    graph = [part for number, part in fields(memoryview(data)) if number == 7]
    if len(graph) != 1:
        raise GraphError(f"it holds {len(graph)} graphs; allowed: one")
    tensors = dict(_initializers(graph[0]))
    nodes = [_node(bytes(part)) for number, part in fields(graph[0]) if number == 1]
    tensors |= _seen(data, graph[0], [name for node in nodes for name in node["outputs"]], contract)
    return Graph(tensors, tuple(_operator(node, tensors) for node in nodes))


def _initializers(graph: memoryview) -> Iterator[tuple[str, Tensor]]:
    for number, part in fields(graph):
        if number == 5:
            kind = next(iter(numbers(part, 2)), 0)
            yield text(part, 8)[-1], Tensor(tuple(numbers(part, 1)), _BITS.get(kind, 32), stored=True)


def _node(data: bytes) -> dict[str, Any]:
    found = memoryview(data)
    domain = next((bytes(part) for number, part in fields(found) if number == 7), b"")
    kind = text(found, 4)[-1]
    role = _ROLE.get(kind, Role.MOVE) if domain in _STANDARD else Role.OPAQUE
    # A name that is empty stands for an input that is not given.
    return {
        "kind": kind,
        "role": role,
        "inputs": text(found, 1),
        "outputs": [name for name in text(found, 2) if name],
    }


def _seen(data: bytes, graph: memoryview, names: Iterable[str], contract: Contract) -> dict[str, Tensor]:
    """Shapes and dtypes of all tensors that are computed, and of the input, as one run has them."""
    runtime = require("onnxruntime", "onnx")
    outputs = {text(part, 1)[-1] for number, part in fields(graph) if number == 12}
    added = b"".join(block(12, block(1, name.encode())) for name in names if name not in outputs)
    options = runtime.SessionOptions()
    options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = _ERRORS_ONLY
    options.intra_op_num_threads = 1
    session = runtime.InferenceSession(data + block(7, added), options, providers=["CPUExecutionProvider"])
    given = np.zeros(contract.input.shape, contract.input.dtype)
    arrays = session.run(None, {contract.input.name: given})
    found = {end.name: array for end, array in zip(session.get_outputs(), arrays, strict=True)}
    found[contract.input.name] = given
    return {name: Tensor(tuple(array.shape), 8 * array.dtype.itemsize) for name, array in found.items()}


def _operator(node: dict[str, Any], tensors: dict[str, Tensor]) -> Operator:
    kind, role, inputs = node["kind"], node["role"], list(node["inputs"])
    macs = 0
    if role is Role.COMPUTE:
        first, second = _WEIGHTS.get(kind, (0, 1))
        inputs = [
            inputs[first],
            inputs[second],
            *(name for at, name in enumerate(inputs) if at not in (first, second)),
        ]
        macs = _macs(
            kind, tensors[inputs[0]].shape, tensors[inputs[1]].shape, tensors[node["outputs"][0]].shape
        )
    return Operator(kind, role, tuple(name for name in inputs if name), tuple(node["outputs"]), macs)


def _macs(kind: str, given: tuple[int, ...], weights: tuple[int, ...], output: tuple[int, ...]) -> int:
    if kind == "ConvTranspose":
        return transposed_macs(given, weights)
    return convolution_macs(output, weights) if "Conv" in kind else product_macs(given, output)
