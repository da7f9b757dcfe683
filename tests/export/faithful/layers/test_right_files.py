"""Right files of every format pass in every layer, and no layer of theirs is missed."""

import pytest

FILES = [
    "onnx-fp32",
    "onnx-fp16",
    "onnx-w8",
    "onnx-dynamic",
    "onnx-int8",
    "onnx-int8-image",
    "torchscript-fp32",
    "coreml-fp32",
    "coreml-fp16",
    "coreml-w8-image",
    "coreml-fp16-image",
    "coreml-int8",
    "coreml-int8-image",
]


@pytest.mark.parametrize("name", FILES)
def test_a_right_file_passes_in_every_layer(made, name):
    found = made(name).compare()
    assert found.verdict == "pass", found.reason
    assert len(found.layers) >= 25
    # What an exporter names anew when it folds constants, and the product in a matrix product that is rounded when it runs.
    assert len(found.unaligned) <= 3
    assert all(layer.module for layer in found.layers)
