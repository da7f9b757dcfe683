"""Files of other frameworks through the door that all checkpoints take, in the child; and descriptions that are hostile."""

import json

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
torch = pytest.importorskip("torch")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from fer_edge.runtime.errors import CheckpointError  # noqa: E402
from fer_edge.train.checkpoint.checkpoint import read_checkpoint  # noqa: E402
from fer_edge.train.models import resolve  # noqa: E402


def small():
    weight = np.arange(24, dtype=np.float32).reshape(8, 3, 1, 1)
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["x", "w"], ["h"], name="stem/conv"),
            helper.make_node("GlobalAveragePool", ["h"], ["p"]),
            helper.make_node("Flatten", ["p"], ["y"]),
        ],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ("n", 3, 8, 8))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(weight, "w")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def test_a_graph_becomes_a_checkpoint_of_our_own_architecture(tmp_path):
    path = tmp_path / "a.onnx"
    path.write_bytes(small().SerializeToString())
    found = read_checkpoint(path)
    assert found.arch == "imported"
    assert found.source.input == (3, 8, 8)
    network = resolve("imported", num_classes=8, arch_args=found.arch_args)
    network.load_state_dict(found.state)
    image = torch.rand(2, 3, 8, 8)
    expected = (image.mean((2, 3)) @ torch.arange(24.0).reshape(8, 3).T).numpy()
    np.testing.assert_allclose(network(image).detach().numpy(), expected, rtol=1e-5)
    assert "stem_conv.weight" in found.state


def test_a_keras_network_is_read_wherever_torch_keeps_its_caches(tmp_path, monkeypatch):
    """Commands set the folder; whoever calls from Python has not, and the child may write nowhere."""
    h5py = pytest.importorskip("h5py")
    monkeypatch.delenv("TORCHINDUCTOR_CACHE_DIR", raising=False)
    pool = {"name": "p", "batch_input_shape": [None, 8, 8, 1], "pool_size": [2, 2], "padding": "same"}
    layers = [
        ("MaxPooling2D", pool),
        ("Flatten", {"name": "f"}),
        ("Dense", {"name": "d", "units": 3, "use_bias": False}),
    ]
    config = [{"class_name": kind, "config": one} for kind, one in layers]
    with h5py.File(tmp_path / "a.h5", "w") as written:
        written.attrs["model_config"] = json.dumps({"class_name": "Sequential", "config": config})
        written["model_weights/d/d/kernel:0"] = np.ones((16, 3), np.float32)
    found = read_checkpoint(tmp_path / "a.h5")
    assert found.source.input == (1, 8, 8)
    assert found.source.layout == "NHWC"


@pytest.mark.parametrize("name", ["a.onnx", "a.bin"])
def test_a_damaged_graph_is_one_sentence(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(small().SerializeToString()[:-60])
    with pytest.raises(CheckpointError, match=rf"{name}.* is refused"):
        read_checkpoint(path)


STEP = ["a", "relu", ["image"], {}]
BAD = {
    "no list": {},
    "nothing": [],
    "code": [["a", "__import__", ["image"], {}]],
    "unknown input": [["a", "relu", ["b"], {}]],
    "twice": [STEP, STEP],
    "a name with dots": [["a.b", "relu", ["image"], {}]],
    "a name of torch's": [["forward", "relu", ["image"], {}]],
    "parameters": [["a", "relu", ["image"], {"inplace": True}]],
    "no number": [["a", "elu", ["image"], {"slope": "1"}]],
    "infinite": [["a", "elu", ["image"], {"slope": float("inf")}]],
    "huge": [["a", "linear", ["image"], {"inputs": 1 << 24, "outputs": 1 << 24, "bias": False}]],
    "too few inputs": [["a", "add", ["image"], {}]],
}


@pytest.mark.parametrize("name", BAD)
def test_a_description_is_looked_at_before_it_is_built(name):
    with pytest.raises(CheckpointError, match="not described as it should be"):
        resolve("imported", num_classes=2, arch_args={"steps": BAD[name]})


def test_layers_are_listed_once():
    from fer_edge.train.models.imported import elementwise, shapes, weighted, windows
    from fer_edge.train.models.imported.layers import LAYERS

    parts = (weighted.WEIGHTED, elementwise.ELEMENTWISE, windows.WINDOWS, shapes.SHAPES)
    assert len(LAYERS) == sum(map(len, parts))
    assert json.dumps(sorted(LAYERS))
