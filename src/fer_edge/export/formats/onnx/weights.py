"""Smaller weights, float arithmetic: fp16, w8, and ``dynamic``, which quantizes the activations of matrix products.

| precision | Conv weights       | Gemm, MatMul weights | activations                                    |
|-----------|--------------------|----------------------|------------------------------------------------|
| fp16      | float16, Cast      | float16, Cast        | float32                                        |
| w8        | int8, Cast * scale | int8, Cast * scale   | float32                                        |
| dynamic   | int8, Cast * scale | int8                 | float32; uint8 at run time in Gemm and MatMul  |

``dynamic`` leaves convolutions in float arithmetic: onnxruntime's ConvInteger takes two to three times as long as Conv.
onnxruntime folds Cast and Mul over constants when it opens the file, so fp16 and w8 run at the speed of fp32. It does
not fold DequantizeLinear: the same weights behind that operator are unpacked anew for each picture, which took 1.3
(ResNet-18) to 2.6 times (MobileNetV3) as long as fp32. Biases, and whatever else is no weight of a product (the gray
and normalization factors of the image interface), stay float32.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.formats.finite import refuse_nonfinite
from fer_edge.export.formats.onnx.graph import uses
from fer_edge.runtime.errors import ExportError

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, TensorProto

PRODUCTS = ("Conv", "ConvTranspose", "Gemm", "MatMul")
MATRIX_PRODUCTS = ("Gemm", "MatMul")
INT8_LIMIT = 127


def to_fp16(model: ModelProto) -> None:
    """Store the weights of products as float16 behind a Cast; input, output and arithmetic stay float32.

    Raises:
        ExportError: a weight is beyond float16's range (65504).
    """
    from onnx import TensorProto, helper, numpy_helper

    casts = []
    for tensor, _ in _weights(model):
        with np.errstate(over="ignore"):
            half = numpy_helper.to_array(tensor).astype(np.float16)
        refuse_nonfinite(f"{tensor.name} as float16", half)
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(half, f"{name}.fp16"))
        casts.append(
            helper.make_node("Cast", [f"{name}.fp16"], [name], name=f"{name}.cast", to=TensorProto.FLOAT)
        )
    _prepend(model, casts)


def to_w8(model: ModelProto, *, products: tuple[str, ...] = PRODUCTS) -> None:
    """Store the weights of the given products as int8 with one scale for each output channel.

    ``scale = max|w| / 127`` over the channel, ``q = round half even(w / scale)``, zero point 0.
    """
    from onnx import TensorProto, helper, numpy_helper

    nodes = []
    for tensor, (node, position) in _weights(model):
        if node.op_type not in products:
            continue
        values, axis = numpy_helper.to_array(tensor), _channel_axis(node, position, len(tensor.dims))
        quantized, scale = quantize_channels(values, axis)
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(quantized, f"{name}.int8"))
        model.graph.initializer.append(numpy_helper.from_array(scale, f"{name}.scale"))
        nodes += [
            helper.make_node(
                "Cast", [f"{name}.int8"], [f"{name}.steps"], name=f"{name}.cast", to=TensorProto.FLOAT
            ),
            helper.make_node("Mul", [f"{name}.steps", f"{name}.scale"], [name], name=f"{name}.scaled"),
        ]
    _prepend(model, nodes)


def quantize_channels(values: NDArray[np.float32], axis: int) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Symmetric int8, one scale for each index along ``axis``.

    Returns:
        int8 of the same shape, values -127..127; float32 scales of the same rank, 1 long on every other axis,
        above 0 also for a channel of zeros.
    """
    others = tuple(i for i in range(values.ndim) if i != axis)
    largest = np.abs(values).max(axis=others, keepdims=True)
    scale = np.where(largest > 0, largest / INT8_LIMIT, 1).astype(np.float32)
    # A channel of denormals would get the scale 0.
    scale = np.maximum(scale, np.finfo(np.float32).tiny)
    steps = np.rint(values.astype(np.float64) / scale.astype(np.float64))
    return np.clip(steps, -INT8_LIMIT, INT8_LIMIT).astype(np.int8), scale


def to_dynamic(model: ModelProto) -> ModelProto:
    """Quantize Gemm and MatMul with activations measured at run time; store the other weights as in ``w8``.

    Raises:
        ExportError: the model has no weighted product.
    """
    from onnxruntime.quantization import QuantType
    from onnxruntime.quantization.onnx_quantizer import ONNXQuantizer
    from onnxruntime.quantization.quant_utils import QuantizationMode

    if not _weights(model):
        raise ExportError("dynamic quantization found no Conv, Gemm or MatMul with constant weights")
    del model.graph.value_info[
        :
    ]  # the exporter's shapes contradict what the quantizer infers after its rewrite
    quantizer = ONNXQuantizer(
        model, False, False, QuantizationMode.IntegerOps, False, QuantType.QInt8, QuantType.QUInt8,
        None, None, [], list(MATRIX_PRODUCTS), {"MatMulConstBOnly": True},
    )  # fmt: skip
    quantizer.quantize_model()
    quantized: ModelProto = quantizer.model.model
    to_w8(quantized, products=("Conv", "ConvTranspose"))
    return quantized


def _weights(model: ModelProto) -> list[tuple[TensorProto, tuple[NodeProto, int]]]:
    """Constant float32 operands of products, and one place where each is used; biases are not among them."""
    from onnx import TensorProto

    readers = uses(model.graph.node)
    found = []
    for tensor in model.graph.initializer:
        use = readers.get(tensor.name, [])
        if tensor.data_type == TensorProto.FLOAT and use and all(_is_weight(*place) for place in use):
            found.append((tensor, use[0]))
    return found


def _is_weight(node: NodeProto, position: int) -> bool:
    return node.op_type in PRODUCTS and (position == 1 or (position == 0 and node.op_type in MATRIX_PRODUCTS))


def _channel_axis(node: NodeProto, position: int, rank: int) -> int:
    """The output channel: 0 of a Conv, 1 of a ConvTranspose, of matrix products what the result's rows do not sum."""
    if node.op_type == "Conv":
        return 0
    if node.op_type == "ConvTranspose":
        return 1
    if node.op_type == "MatMul":
        return rank - 1 if position == 1 else max(rank - 2, 0)
    transposed = any(a.name == ("transB" if position == 1 else "transA") and a.i for a in node.attribute)
    return int(transposed == (position == 0)) if rank == 2 else 0


def _prepend(model: ModelProto, nodes: list[NodeProto]) -> None:
    rest = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend([*nodes, *rest])
