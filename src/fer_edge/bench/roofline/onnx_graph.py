"""ONNX: nodes and stored tensors from the protobuf, shapes from one run with every tensor made an output.

Field numbers: onnx.proto (ModelProto.graph 7; GraphProto.node 1, initializer 5, input 11, output 12; NodeProto.input 1,
output 2, op_type 4, domain 7; TensorProto.dims 1, data_type 2, name 8; ValueInfoProto.name 1). Two serialized messages
one after another are one merged message ("Encoding", Protocol Buffers documentation), so outputs are added by appending.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from fer_edge.bench.roofline.graph import (
    Graph,
    GraphError,
    GraphTensor,
    Operator,
    Role,
    count_macs,
    list_roles,
)
from fer_edge.bench.roofline.onnx_writer import block
from fer_edge.runtime.containers.limits import ContainerError
from fer_edge.runtime.containers.wire import Span, blocks, integers
from fer_edge.runtime.contract import Contract
from fer_edge.runtime.extras import require

_ROLES = list_roles({
    Role.CONVOLUTION: ("Conv", "FusedConv", "ConvInteger", "QLinearConv"),
    Role.TRANSPOSED: ("ConvTranspose",),
    Role.PRODUCT: ("Gemm", "MatMul", "MatMulInteger", "QLinearMatMul", "FusedMatMul", "QGemm"),
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
})  # fmt: skip
_WEIGHTS = dict.fromkeys(("QLinearConv", "QLinearMatMul", "QGemm"), (0, 3))
"""The positions of activation and weights among the inputs, if not first and second."""
_BITS = {
    1: 32, 2: 8, 3: 8, 4: 16, 5: 16, 6: 32, 7: 64, 9: 8, 10: 16, 11: 64, 12: 32, 13: 64, 16: 16, 17: 8, 18: 8, 19: 8, 20: 8,
    21: 4, 22: 4,
}  # fmt: skip
"""``TensorProto.DataType`` to bits of an element."""
_STANDARD = ("", "ai.onnx", "com.microsoft")
_ERRORS_ONLY = 3


@dataclass(frozen=True, slots=True)
class Node:
    """One node; an input whose name is empty is not given."""

    kind: str
    domain: str
    inputs: list[str]
    outputs: list[str]


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
    file = io.BytesIO(data)
    try:
        graphs = list(blocks(file, (0, len(data)), 7))
        if len(graphs) != 1:
            raise GraphError(f"it holds {len(graphs)} graphs; allowed: one")
        tensors = dict(_initializers(file, graphs[0]))
        nodes = [_node(file, span) for span in blocks(file, graphs[0], 1)]
        outputs = {_text(file, span, 1) for span in blocks(file, graphs[0], 12)}
    except ContainerError as error:
        raise GraphError(f"it is no protobuf message ({error})") from None
    tensors |= _run(data, [name for node in nodes for name in node.outputs if name not in outputs], contract)
    return Graph(tensors, tuple(_operator(node, tensors) for node in nodes))


def _initializers(file: BinaryIO, graph: Span) -> Iterator[tuple[str, GraphTensor]]:
    for span in blocks(file, graph, 5):
        kind = next(integers(file, span, 2), 0)
        yield (
            _text(file, span, 8),
            GraphTensor(tuple(integers(file, span, 1)), _BITS.get(kind, 32), stored=True),
        )


def _node(file: BinaryIO, span: Span) -> Node:
    outputs = [name for name in _texts(file, span, 2) if name]
    return Node(_text(file, span, 4), _text(file, span, 7), _texts(file, span, 1), outputs)


def _texts(file: BinaryIO, span: Span, number: int) -> list[str]:
    found = []
    for start, length in blocks(file, span, number):
        file.seek(start)
        found.append(str(file.read(length), "utf-8", "replace"))
    return found


def _text(file: BinaryIO, span: Span, number: int) -> str:
    return ["", *_texts(file, span, number)][-1]


def _run(data: bytes, names: Iterable[str], contract: Contract) -> dict[str, GraphTensor]:
    """Shapes and dtypes of the outputs, of the tensors of these names and of the input, as one run has them."""
    runtime = require("onnxruntime", "onnx")
    added = b"".join(block(12, block(1, name.encode())) for name in names)
    options = runtime.SessionOptions()
    options.graph_optimization_level = runtime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = _ERRORS_ONLY
    options.intra_op_num_threads = 1
    session = runtime.InferenceSession(data + block(7, added), options, providers=["CPUExecutionProvider"])
    given = np.zeros(contract.input.shape, contract.input.dtype)
    arrays = session.run(None, {contract.input.name: given})
    found = {end.name: array for end, array in zip(session.get_outputs(), arrays, strict=True)}
    found[contract.input.name] = given
    return {name: GraphTensor(tuple(array.shape), 8 * array.dtype.itemsize) for name, array in found.items()}


def _operator(node: Node, tensors: dict[str, GraphTensor]) -> Operator:
    role = _ROLES.get(node.kind, Role.MOVE) if node.domain in _STANDARD else Role.OPAQUE
    inputs, macs = node.inputs, 0
    if role.computes:
        places = _WEIGHTS.get(node.kind, (0, 1))
        inputs = [inputs[at] for at in places] + [name for at, name in enumerate(inputs) if at not in places]
        macs = count_macs(role, *(tensors[name].shape for name in (*inputs[:2], node.outputs[0])))
    return Operator(node.kind, role, tuple(filter(None, inputs)), tuple(node.outputs), macs)
