"""Layers of TFLite files: right ones round and do nothing else, and a planted fault is found in the layer where it is."""

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from fer_edge.export.formats.tflite.flatbuffer import TFLite

PRECISIONS = ["fp32", "fp16", "w8", "dynamic", "int8"]


@pytest.mark.parametrize("precision", PRECISIONS)
def test_a_right_file_passes_in_every_layer(made, precision):
    found = made(f"tflite-{precision}").compare()
    assert found.verdict == "pass", found.reason
    assert found.unaligned == ()
    assert len(found.layers) == 25


@pytest.mark.parametrize("name", ["tflite-int8-qio", "tflite-int8-image-qio", "tflite-w8-image"])
def test_other_interfaces_pass_too(made, name):
    found = made(name).compare()
    assert found.verdict == "pass", found.reason
    assert found.unaligned == ()


def test_layers_have_the_names_of_the_original(made, original):
    modules = dict(original[0].named_modules())
    layers = made("tflite-int8").compare().layers
    assert [layer.module for layer in layers[:3]] == ["stem.0", "body.0.depthwise.0", "body.0.pointwise.0"]
    assert {layer.module for layer in layers} <= set(modules)


def test_an_int8_layer_has_the_noise_of_its_step_and_no_more(made):
    found = made("tflite-int8").compare()
    assert all(layer.excess_db < 0.5 for layer in found.layers)
    assert all(layer.snr_db > layer.floor_db for layer in found.layers)


def operator(file, place):
    return file.graph.operators[place]


def constant(file, place, which):
    """Writable values of an operator's constant."""
    tensor = file.graph.tensors[int(operator(file, place).inputs[which])]
    dtype = {schema.TensorType.INT8: np.int8, schema.TensorType.INT32: np.int32}[tensor.type]
    buffer = file.model.buffers[tensor.buffer]
    values = np.array(np.asarray(buffer.data, np.uint8)).view(dtype).reshape(tensor.shape)
    buffer.data = values.reshape(-1).view(np.uint8)
    return values


def drop_activation(file):
    operator(file, 5).builtinOptions.fusedActivationFunction = 0


def add_activation(file):
    operator(file, 7).builtinOptions.fusedActivationFunction = schema.ActivationFunctionType.RELU


def permute(file):
    weights, bias = constant(file, 5, 1), constant(file, 5, 2)
    weights[[3, 9]], bias[[3, 9]] = weights[[9, 3]], bias[[9, 3]]
    for which in (1, 2):
        quantization = file.graph.tensors[int(operator(file, 5).inputs[which])].quantization
        quantization.scale = np.array(quantization.scale)
        quantization.scale[[3, 9]] = quantization.scale[[9, 3]]


def one_weight(file):
    weights = constant(file, 5, 1)
    place = np.unravel_index(np.argmax(np.abs(weights)), weights.shape)
    weights[place] = 0


def bias_sign(file):
    bias = constant(file, 3, 2)
    bias[:] = -bias


FAULTS = {
    # In w8: an int8 tensor whose range begins at 0 needs no activation.
    "dropped activation": (drop_activation, "body.0.pointwise.0", {"activation"}),
    "added activation": (add_activation, "body.2.pointwise.0", {"activation"}),
    "permuted channels": (permute, "body.1.pointwise.0", {"layout"}),
    "one weight": (one_weight, "body.1.pointwise.0", {"weight"}),
    "sign of a bias": (bias_sign, "body.0.pointwise.0", {"weight"}),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found_in_its_layer(made, tmp_path, fault):
    change, module, kinds = FAULTS[fault]
    right = made("tflite-w8" if change is drop_activation else "tflite-int8")
    path = tmp_path / "wrong.tflite"
    file = TFLite.read(right.path.read_bytes())
    change(file)
    path.write_bytes(file.write())
    found = right.compare(path)
    assert found.verdict == "fail"
    assert found.weakest.module == module, found.reason
    assert found.weakest.kind.word in kinds, found.reason
    assert module in found.reason
