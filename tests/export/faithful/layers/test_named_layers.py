"""Thirty planted faults: nearly each is found, and the layer that is named is the one that has it."""

import numpy as np
import onnx
from onnx import numpy_helper

from fer_edge.export.formats.tflite.flatbuffer import TFLite

PRODUCTS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")


def writable(file, tensor, dtype):
    buffer = file.model.buffers[tensor.buffer]
    values = np.array(np.asarray(buffer.data, np.uint8)).view(dtype)
    buffer.data = values.view(np.uint8)
    return values.reshape(tensor.shape)


def wider_scale(file, weights, bias):
    weights.quantization.scale = np.array(weights.quantization.scale) * np.float32(1.1)


def zeroed_channel(file, weights, bias):
    values = writable(file, weights, np.int8)
    axis = weights.quantization.quantizedDimension
    np.moveaxis(values, axis, 0)[1] = 0


def shifted_bias(file, weights, bias):
    writable(file, bias, np.int32)[2] += 4000


TFLITE = (wider_scale, zeroed_channel, shifted_bias)


def test_faults_in_tflite_are_named(made, tmp_path):
    right = made("tflite-int8")
    modules = [layer.module for layer in right.compare().layers if layer.operator in PRODUCTS]
    missed = []
    for number in range(0, 18, 3):
        for fault in TFLITE:
            file = TFLite.read(right.path.read_bytes())
            products = [one for one in file.graph.operators if len(one.inputs) == 3]
            weights, bias = (file.graph.tensors[int(products[number].inputs[place])] for place in (1, 2))
            fault(file, weights, bias)
            path = tmp_path / "wrong.tflite"
            path.write_bytes(file.write())
            found = right.compare(path)
            if found.verdict != "fail" or found.weakest.module != modules[number]:
                missed.append((fault.__name__, modules[number], found.reason))
    assert len(missed) <= 1, missed


def test_faults_in_onnx_are_named(made, tmp_path):
    right = made("onnx-int8")
    missed = []
    for suffix, change in (("_quantized", 20), ("_scale", 1.1)):
        for module in ("body.0.depthwise.0", "body.2.pointwise.0", "body.5.depthwise.0", "classifier"):
            model = onnx.load(right.path)
            name = f"module.{module}.weight{suffix}"
            tensor = next(item for item in model.graph.initializer if item.name == name)
            values = numpy_helper.to_array(tensor).copy()
            if suffix == "_scale":
                values = (values * change).astype(values.dtype)
            else:
                flat = values.reshape(-1)
                flat[3] = flat[3] + change if flat[3] < 0 else flat[3] - change
            tensor.CopyFrom(numpy_helper.from_array(values, name))
            path = tmp_path / "wrong.onnx"
            onnx.save(model, path)
            found = right.compare(path)
            if (
                found.verdict != "fail"
                or found.weakest.module != module
                or found.weakest.kind.word != "weight"
            ):
                missed.append((name, found.reason))
    assert missed == []


def test_swapped_branches_are_named(made, tmp_path):
    right = made("onnx-int8")
    model = onnx.load(right.path)
    products = [node for node in model.graph.node if node.op_type == "Conv"]
    # The second half of a block reads what the first half read.
    products[12].input[0], before = products[11].input[0], products[12].input[0]
    assert before != products[12].input[0]
    path = tmp_path / "wrong.onnx"
    onnx.save(model, path)
    found = right.compare(path)
    assert found.verdict == "fail"
    assert found.weakest.module == "body.5.pointwise.0", found.reason


def test_an_activation_that_a_float_file_lacks_is_named_itself_and_not_the_layer_behind_it(made, tmp_path):
    right = made("onnx-fp32")
    model = onnx.load(right.path)
    clips = [node for node in model.graph.node if node.op_type == "Clip"]
    lost = clips[5]
    for node in model.graph.node:
        node.input[:] = [lost.input[0] if name == lost.output[0] else name for name in node.input]
    model.graph.node.remove(lost)
    path = tmp_path / "wrong.onnx"
    onnx.save(model, path)
    found = right.compare(path)
    assert found.verdict == "fail"
    assert found.weakest.module == "body.2.between", found.reason
    assert found.weakest.kind.word == "activation"
    assert "body.2.between, which the original has in between" in found.reason
