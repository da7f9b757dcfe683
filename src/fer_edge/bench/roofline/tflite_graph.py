"""TFLite: the flatbuffer, read with the schema that ai-edge-litert ships. Shapes are in the file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from fer_edge.bench.roofline.graph import (
    Graph,
    GraphError,
    GraphTensor,
    Operator,
    Role,
    count_macs,
    list_roles,
)
from fer_edge.runtime.contract import Contract
from fer_edge.runtime.extras import require

_ROLES = list_roles({
    Role.CONVOLUTION: ("CONV_2D", "CONV_3D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"),
    Role.TRANSPOSED: ("TRANSPOSE_CONV",),
    Role.PRODUCT: ("BATCH_MATMUL",),
    Role.POINTWISE: (
        "ADD", "SUB", "MUL", "DIV", "MAXIMUM", "MINIMUM", "RELU", "RELU6", "RELU_0_TO_1", "RELU_N1_TO_1", "PRELU",
        "LEAKY_RELU", "LOGISTIC", "TANH", "ELU", "HARD_SWISH", "GELU", "NEG", "ABS", "SQRT", "RSQRT", "EXP", "FLOOR",
    ),
    Role.CONVERT: ("QUANTIZE", "DEQUANTIZE", "CAST"),
    Role.VIEW: ("RESHAPE", "SQUEEZE", "EXPAND_DIMS", "SHAPE"),
    Role.OPAQUE: (
        "LSTM", "RNN", "SVDF", "UNIDIRECTIONAL_SEQUENCE_LSTM", "UNIDIRECTIONAL_SEQUENCE_RNN", "CUSTOM", "WHILE", "IF",
        "BIDIRECTIONAL_SEQUENCE_LSTM", "BIDIRECTIONAL_SEQUENCE_RNN", "CALL", "CALL_ONCE", "STABLEHLO_COMPOSITE",
        "CONV_3D_TRANSPOSE", "STABLEHLO_DOT_GENERAL", "STABLEHLO_CONVOLUTION", "STABLEHLO_CUSTOM_CALL",
    ),
})  # fmt: skip
_FILTERS = {"DEPTHWISE_CONV_2D": (0, 1, 2), "TRANSPOSE_CONV": (3, 0, 1, 2), "CONV_3D": (4, 0, 1, 2, 3)}
"""Axes of the filters as counting takes them. Stored are (1, height, width, channels), (outputs, height, width, inputs),
(depth, height, width, inputs, outputs); the others have the outputs first."""
_IN_MODEL = 1
"""``Buffer.offset`` above this: the data lie behind the flatbuffer."""


def read(path: Path, contract: Contract) -> Graph:  # noqa: ARG001 - every reader's signature
    """The first subgraph of a ``.tflite`` file.

    Raises:
        GraphError: it has shapes that are not fixed.
        MissingExtra: ai-edge-litert is not installed.
    """
    schema = require("ai_edge_litert.schema_py_generated", "tflite")
    model = schema.Model.GetRootAs(path.read_bytes(), 0)
    subgraph = model.Subgraphs(0)
    tensors = {
        str(index): _tensor(schema, model, subgraph.Tensors(index))
        for index in range(subgraph.TensorsLength())
    }
    names = {value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}
    codes = [model.OperatorCodes(index) for index in range(model.OperatorCodesLength())]
    words = [names.get(max(code.BuiltinCode(), code.DeprecatedBuiltinCode()), "CUSTOM") for code in codes]
    found = [subgraph.Operators(index) for index in range(subgraph.OperatorsLength())]
    return Graph(tensors, tuple(_operator(words[entry.OpcodeIndex()], entry, tensors) for entry in found))


def _tensor(schema: Any, model: Any, entry: Any) -> GraphTensor:
    shape = tuple(entry.Shape(index) for index in range(entry.ShapeLength()))
    if any(size < 0 for size in shape):
        raise GraphError("a tensor of it has no fixed shape")
    words = {value: name for name, value in vars(schema.TensorType).items() if isinstance(value, int)}
    digits = re.search(r"[0-9]+$", words.get(entry.Type(), ""))
    buffer = model.Buffers(entry.Buffer())
    stored = bool(buffer.DataLength()) or buffer.Offset() > _IN_MODEL
    return GraphTensor(shape, int(digits.group()) if digits else 8, stored)


def _operator(name: str, entry: Any, tensors: dict[str, GraphTensor]) -> Operator:
    inputs = tuple(
        str(entry.Inputs(index)) for index in range(entry.InputsLength()) if entry.Inputs(index) >= 0
    )
    outputs = tuple(str(entry.Outputs(index)) for index in range(entry.OutputsLength()))
    if name == "TRANSPOSE_CONV":  # (shape of the output, filters, input)
        inputs = (inputs[2], inputs[1], *inputs[3:])
    role = _ROLES.get(name, Role.MOVE)
    macs = 0
    if role.computes:
        given, filters, output = (tensors[index].shape for index in (*inputs[:2], outputs[0]))
        macs = count_macs(
            role, given, [filters[axis] for axis in _FILTERS.get(name, range(len(filters)))], output
        )
    return Operator(name, role, inputs, outputs, macs)
