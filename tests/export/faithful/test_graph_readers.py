"""Files read into neutral graphs: what plain libraries wrote comes back, and damaged bytes end in a sentence."""

import random

import numpy as np
import onnx
import pytest
from ai_edge_litert import schema_py_generated as schema
from flatbuffers import Builder
from onnx import TensorProto, helper, numpy_helper

from fer_edge.export.formats import find_format
from fer_edge.runtime.errors import BundleError


@pytest.fixture
def onnx_file(tmp_path):
    weights = np.arange(8, dtype=np.float32).reshape(2, 1, 2, 2)
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["x", "w"], ["y"], "first", strides=[2, 1], auto_pad="VALID"),
            helper.make_node("Clip", ["y", "", "six"], ["z"]),
        ],
        "network",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, 4, "w"])],
        [helper.make_tensor_value_info("z", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(weights, "w"), numpy_helper.from_array(np.float16(6), "six")],
    )
    onnx.save(helper.make_model(graph), tmp_path / "network.onnx")
    return tmp_path / "network.onnx"


def test_onnx(onnx_file):
    graph = find_format("onnx").read_graph(onnx_file)
    conv, clip = graph.nodes
    assert (conv.operator, conv.inputs, conv.outputs, conv.name) == ("Conv", ("x", "w"), ("y",), "first")
    assert conv.options == {"strides": (2, 1), "auto_pad": b"VALID"}
    assert clip.inputs == ("y", "", "six")
    assert (graph.inputs, graph.outputs) == (("x",), ("z",))
    assert graph.tensors["x"].shape == (1, 1, 4, -1)
    assert graph.tensors["x"].constant is None
    assert graph.tensors["w"].constant.tolist() == [[[[0, 1], [2, 3]]], [[[4, 5], [6, 7]]]]
    assert graph.tensors["six"].dtype == "float16"
    assert graph.producers()["y"] is conv
    assert graph.readers()["y"] == [(clip, 0)]


def tflite_bytes():
    """FULLY_CONNECTED with int8 weights of two rows; the activations have one name."""
    model, graph = schema.ModelT(), schema.SubGraphT()
    model.version = 3
    model.buffers = [schema.BufferT() for _ in range(2)]
    model.buffers[1].data = np.array([1, 2, 3, 255, 254, 253], np.uint8)
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.FULLY_CONNECTED
    model.operatorCodes = [code]
    rows = (("x", [1, 3], 0, [0.5], [-7]), ("w", [2, 3], 1, [0.25, 2.0], [0, 0]), ("x", [1, 2], 0, [], []))
    graph.tensors = []
    for name, shape, buffer, scale, zero in rows:
        tensor = schema.TensorT()
        tensor.name, tensor.shape, tensor.buffer, tensor.type = name, shape, buffer, schema.TensorType.INT8
        tensor.quantization = schema.QuantizationParametersT()
        tensor.quantization.scale, tensor.quantization.zeroPoint = scale, zero
        graph.tensors.append(tensor)
    operator = schema.OperatorT()
    operator.inputs, operator.outputs = [0, 1, -1], [2]
    operator.builtinOptionsType = schema.BuiltinOptions.FullyConnectedOptions
    operator.builtinOptions = schema.FullyConnectedOptionsT()
    operator.builtinOptions.fusedActivationFunction = schema.ActivationFunctionType.RELU6
    graph.operators, graph.inputs, graph.outputs = [operator], [0], [2]
    model.subgraphs = [graph]
    builder = Builder(0)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def test_tflite(tmp_path):
    path = tmp_path / "network.tflite"
    path.write_bytes(tflite_bytes())
    graph = find_format("tflite").read_graph(path)
    (node,) = graph.nodes
    assert (node.operator, node.inputs, node.outputs) == ("FULLY_CONNECTED", ("x", "w", ""), ("x#2",))
    assert node.options["fusedActivationFunction"] == schema.ActivationFunctionType.RELU6
    assert (graph.inputs, graph.outputs) == (("x",), ("x#2",))
    weights = graph.tensors["w"]
    assert weights.constant.tolist() == [[1, 2, 3], [-1, -2, -3]]
    assert weights.quantization.scale.tolist() == [0.25, 2]
    assert weights.quantization.axis == 0
    assert graph.tensors["x"].quantization.zero_point.tolist() == [-7]
    assert graph.tensors["x#2"].quantization is None


@pytest.mark.parametrize("name", ["tflite", "onnx"])
def test_damaged_bytes_end_in_a_sentence(name, tmp_path, onnx_file):
    whole = tflite_bytes() if name == "tflite" else onnx_file.read_bytes()
    random.seed(0)
    path = tmp_path / f"damaged.{name}"
    for _ in range(400):
        data = bytearray(whole[: random.choice((len(whole), random.randrange(len(whole))))])
        for _ in range(random.randrange(1, 4)):
            if data:
                data[random.randrange(len(data))] = random.choice((0, 1, 127, 128, 255))
        path.write_bytes(data)
        message = refusal(name, path)
        assert message == "" or ("damaged" in message and "\n" not in message)


def refusal(name, path):
    """The sentence of the reader; empty where it reads the file."""
    try:
        find_format(name).read_graph(path)
    except BundleError as error:
        return str(error)
    return ""
