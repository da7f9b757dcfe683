"""A real artifact small enough to work out by hand: ONNX, 8x8 gray, the answer depends on the mean brightness alone."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from fer_edge.runtime.contract import CameraSpec, Contract, InputSpec, Normalization, OutputSpec, Quantization

LABELS = ("neutral", "happiness", "surprise")
SLOPE = np.array([[6.0, 0.0, -3.0]], np.float32)
OFFSET = np.array([[-3.0, 0.0, 1.0]], np.float32)


def brightness_model(path, *, mirror=False, weights=None):
    """probabilities = softmax(SLOPE * mean(input) + OFFSET); ``weights`` (8, 8) replaces the plain mean."""
    contract = Contract.build(
        model="brightness",
        labels=LABELS,
        input=InputSpec("image", "tensor", 8, 8, 1, "NCHW", "float32"),
        camera=CameraSpec(1, 0.0, mirror),
        normalization=Normalization((0.0,), (1.0,)),
        quantization=Quantization(None, None),
        output=OutputSpec("probabilities", "probabilities"),
    )
    mean = np.full((8, 8), 1 / 64, np.float32) if weights is None else weights.astype(np.float32)
    constants = {
        "mean": mean.reshape(64, 1),
        "slope": SLOPE,
        "offset": OFFSET,
        "flat": np.array([1, 64], np.int64),
    }
    nodes = [
        helper.make_node("Reshape", ["image", "flat"], ["row"]),
        helper.make_node("MatMul", ["row", "mean"], ["brightness"]),
        helper.make_node("MatMul", ["brightness", "slope"], ["sloped"]),
        helper.make_node("Add", ["sloped", "offset"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
    ]
    graph = helper.make_graph(
        nodes,
        "brightness",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 1, 8, 8])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [1, 3])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, {"fer_edge_contract": contract.text})
    onnx.save(model, path)
    path.with_name(path.name + ".contract.json").write_bytes(contract.text.encode())


@pytest.fixture(scope="session")
def artifact(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "brightness-fp32.onnx"
    brightness_model(path)
    return path


@pytest.fixture(scope="session")
def sided_artifact(tmp_path_factory):
    """Looks at the left half of the face only, and its contract mirrors the picture."""
    weights = np.zeros((8, 8))
    weights[:, :4] = 1 / 32
    path = tmp_path_factory.mktemp("sided") / "brightness-fp32.onnx"
    brightness_model(path, mirror=True, weights=weights)
    return path
