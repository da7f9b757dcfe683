"""uint8 ends for the image interface of int8 files.

Before the graph: DEQUANTIZE with scale 1 and zero point 0, which gives back the 256 values exactly. Behind it: QUANTIZE
from int8 to uint8 with the same scale and a zero point 128 higher, which only moves the numbers.
"""

from __future__ import annotations

from typing import Any

from fer_edge.export.formats.tflite.flatbuffer import TFLite

_SHIFT = 128


def make_ends_uint8(file: TFLite) -> None:
    """Give a file with float32 picture input and int8 output uint8 ends, in place."""
    from ai_edge_litert.schema_py_generated import BuiltinOperator

    graph = file.graph
    old_input, old_output = int(graph.inputs[0]), int(graph.outputs[0])
    new_input = _add_tensor(file, old_input, scale=1.0, zero_point=0)
    quantization = graph.tensors[old_output].quantization
    scale, zero_point = float(quantization.scale[0]), int(quantization.zeroPoint[0])
    new_output = _add_tensor(file, old_output, scale, zero_point + _SHIFT)
    first = _operator(file, BuiltinOperator.DEQUANTIZE, new_input, old_input)
    last = _operator(file, BuiltinOperator.QUANTIZE, old_output, new_output)
    graph.operators = [first, *graph.operators, last]
    graph.inputs, graph.outputs = [new_input], [new_output]
    for signature in file.model.signatureDefs:
        signature.inputs[0].tensorIndex = new_input
        signature.outputs[0].tensorIndex = new_output


def _add_tensor(file: TFLite, like: int, scale: float, zero_point: int) -> int:
    """A uint8 tensor of the same shape, whose name the old one hands over."""
    from ai_edge_litert import schema_py_generated as schema

    old = file.graph.tensors[like]
    tensor = schema.TensorT()
    tensor.shape, tensor.type, tensor.buffer = old.shape, schema.TensorType.UINT8, 0
    tensor.hasRank = old.hasRank
    tensor.name, old.name = old.name, old.name + b"_inner"
    tensor.quantization = schema.QuantizationParametersT()
    tensor.quantization.scale, tensor.quantization.zeroPoint = [scale], [zero_point]
    file.graph.tensors.append(tensor)
    return len(file.graph.tensors) - 1


def _operator(file: TFLite, builtin: int, source: int, result: int) -> Any:
    from ai_edge_litert import schema_py_generated as schema

    operator = schema.OperatorT()
    operator.opcodeIndex = _operator_code(file, builtin)
    operator.inputs, operator.outputs = [source], [result]
    return operator


def _operator_code(file: TFLite, builtin: int) -> int:
    """The index of version 2 of an operator (the first one that knows int8) among the file's codes."""
    from ai_edge_litert import schema_py_generated as schema

    codes = file.model.operatorCodes
    for index, code in enumerate(codes):
        if code.builtinCode == builtin and code.version >= 2:
            return index
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = builtin
    code.version = 2
    codes.append(code)
    return len(codes) - 1
