"""ONNX graphs made here, node by node, against onnxruntime: each operator of the table that a small graph can hold."""

import json

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
torch = pytest.importorskip("torch")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from fer_edge.runtime.errors import CheckpointError  # noqa: E402
from fer_edge.train.checkpoint.sources.onnx.translate import translate  # noqa: E402
from fer_edge.train.models.imported.network import build_imported  # noqa: E402

RANDOM = np.random.default_rng(0)


def weights(*shape):
    return RANDOM.normal(size=shape).astype(np.float32)


def made(nodes, constants=(), shape=(1, 3, 8, 8), opset=17, outputs=("y",)):
    graph = helper.make_graph(
        [helper.make_node(*node[:3], name=f"n{i}", **node[3]) for i, node in enumerate(nodes)],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        [numpy_helper.from_array(array, name) for name, array in dict(constants).items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def answers(model, wanted=None):
    """The imported network's and onnxruntime's."""
    data = model.SerializeToString()
    found = translate(data, wanted, None)
    network = build_imported(json.loads(json.dumps(found.description.to_json()))).eval()
    state = network.state_dict()
    state.update({name: torch.from_numpy(array.copy()) for name, array in found.tensors.items()})
    network.load_state_dict(state)
    image = RANDOM.uniform(-1, 1, (1, *found.input)).astype(np.float32)
    with torch.no_grad():
        ours = network(torch.from_numpy(image)).numpy().reshape(-1)
    fed = image
    if found.scale:
        fed = (
            (image - np.reshape(found.offset, (1, -1, 1, 1))) / np.reshape(found.scale, (1, -1, 1, 1))
        ).astype("f")
    fed = fed.transpose(0, 2, 3, 1) if found.layout == "NHWC" else fed
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    theirs = session.run(None, {"x": np.ascontiguousarray(fed)})[0].reshape(-1)
    return ours, theirs, found


END = [("GlobalAveragePool", ["h"], ["p"], {}), ("Flatten", ["p"], ["y"], {})]
ONE = {
    "same padding at stride 2": (
        ("Conv", ["x", "w"], ["h"], {"strides": [2, 2], "auto_pad": "SAME_UPPER"}),
        {"w": weights(4, 3, 3, 3)},
    ),
    "another end": (("Conv", ["x", "w"], ["h"], {"pads": [0, 1, 2, 0]}), {"w": weights(4, 3, 3, 3)}),
    "depthwise, dilated": (
        ("Conv", ["x", "w"], ["h"], {"group": 3, "dilations": [2, 2]}),
        {"w": weights(6, 1, 3, 3)},
    ),
    "max pool, other end": (
        ("MaxPool", ["x"], ["h"], {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [0, 0, 1, 1]}),
        {},
    ),
    "max pool, first end": (
        ("MaxPool", ["x"], ["h"], {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 0, 0]}),
        {},
    ),
    "max pool, ceil": (
        ("MaxPool", ["x"], ["h"], {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1}),
        {},
    ),
    "average, other end": (
        ("AveragePool", ["x"], ["h"], {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [0, 0, 1, 1]}),
        {},
    ),
    "average, counted": (
        ("AveragePool", ["x"], ["h"], {"kernel_shape": [3, 3], "pads": [0, 1, 1, 1], "count_include_pad": 1}),
        {},
    ),
    "lrn": (("LRN", ["x"], ["h"], {"size": 3}), {}),
    "prelu": (("PRelu", ["x", "s"], ["h"], {}), {"s": weights(3, 1, 1)}),
    "hard sigmoid": (("HardSigmoid", ["x"], ["h"], {}), {}),
    "hard swish": (("HardSwish", ["x"], ["h"], {}), {}),
    "clip": (("Clip", ["x", "a", "b"], ["h"], {}), {"a": np.float32(-0.5), "b": np.float32(0.25)}),
    "backwards": (
        ("Slice", ["x", "a", "b", "c", "d"], ["h"], {}),
        {"a": np.array([2]), "b": np.array([-9]), "c": np.array([1]), "d": np.array([-1])},
    ),
    "every other": (
        ("Slice", ["x", "a", "b", "c", "d"], ["h"], {}),
        {"a": np.array([1]), "b": np.array([9]), "c": np.array([2]), "d": np.array([2])},
    ),
    "gather": (("Gather", ["x", "i"], ["h"], {"axis": 1}), {"i": np.array([2, 0, 1])}),
    "pad of NHWC": (("Pad", ["x", "w"], ["h"], {}), {"w": np.array([0, 1, 2, 0, 0, 0, 3, 0])}),
    "pad of channels": (
        ("Pad", ["x", "w", "v"], ["h"], {}),
        {"w": np.array([0, 1, 0, 0, 0, 2, 0, 0]), "v": np.float32(0.5)},
    ),
    "pad": (("Pad", ["x", "w"], ["h"], {"mode": "reflect"}), {"w": np.array([0, 0, 1, 2, 0, 0, 0, 1])}),
    "constant first": (("Sub", ["c", "x"], ["h"], {}), {"c": np.float32(0.5)}),
    "power": (("Pow", ["x", "c"], ["h"], {}), {"c": np.float32(3)}),
    "instance norm": (
        ("InstanceNormalization", ["x", "s", "b"], ["h"], {}),
        {"s": weights(3), "b": weights(3)},
    ),
    "depth to space": (("DepthToSpace", ["x4", "unused"][:1], ["h"], {"blocksize": 2, "mode": "DCR"}), {}),
    "resize": (
        ("Resize", ["r", "", "s"], ["h"], {"mode": "linear", "coordinate_transformation_mode": "half_pixel"}),
        {"s": np.array([1, 1, 2, 2], np.float32)},
    ),
}


def test_nodes_in_another_order_than_they_run():
    """As onnxruntime's float16 converter writes them: what comes last may be what everything waits for."""
    model = made(
        [("Mul", ["c", "two"], ["h"], {}), *END, ("Cast", ["x"], ["c"], {"to": TensorProto.FLOAT})],
        {"two": np.float32(2)},
    )
    ours, theirs, _ = answers(model)
    np.testing.assert_allclose(ours, theirs, atol=1e-6)
    model.graph.node[-1].input[0] = "h"
    with pytest.raises(CheckpointError, match="in a circle"):
        translate(model.SerializeToString(), None, None)


@pytest.mark.parametrize("name", ONE)
def test_an_operator_answers_as_in_onnxruntime(name):
    node, constants = ONE[name]
    before = []
    if "r" in node[1]:
        before = [("Relu", ["x"], ["r"], {})]
    if "x4" in node[1]:
        before = [("Concat", ["x", "x", "x", "x"], ["x4"], {"axis": 1})]
    ours, theirs, _ = answers(made([*before, node, *END], constants))
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


@pytest.mark.parametrize("opset", [7, 9, 11, 13, 17, 21])
def test_old_and_new_versions(opset):
    """Axes are attributes before version 13, and so on."""
    squeeze = (
        ("Squeeze", ["p"], ["s"], {"axes": [2, 3]}) if opset < 13 else ("Squeeze", ["p", "axes"], ["s"], {})
    )
    nodes = [
        ("Conv", ["x", "w", "b"], ["c"], {"pads": [1, 1, 1, 1]}),
        ("BatchNormalization", ["c", "s0", "b0", "m0", "v0"], ["n"], {"epsilon": 1e-3}),
        ("Relu", ["n"], ["r"], {}),
        ("GlobalAveragePool", ["r"], ["p"], {}),
        squeeze,
        ("Gemm", ["s", "d", "e"], ["g"], {"transB": 1, "alpha": 0.5}),
        ("Softmax", ["g"], ["y"], {"axis": 1}),
    ]
    constants = {
        "w": weights(4, 3, 3, 3), "b": weights(4), "s0": weights(4), "b0": weights(4), "m0": weights(4),
        "v0": abs(weights(4)), "d": weights(5, 4), "e": weights(5), "axes": np.array([2, 3]),
    }  # fmt: skip
    ours, theirs, found = answers(made(nodes, constants, opset=opset))
    np.testing.assert_allclose(ours, theirs, atol=1e-5)
    assert found.description.steps[-1].layer == "softmax"


def test_shapes_are_computed_in_front():
    """What torch's script exporter writes around a reshape is gone."""
    nodes = [
        ("Shape", ["x"], ["s"], {}),
        ("Gather", ["s", "zero"], ["n"], {"axis": 0}),
        ("Unsqueeze", ["n", "zeros"], ["u"], {}),
        ("Concat", ["u", "minus"], ["t"], {"axis": 0}),
        ("Reshape", ["x", "t"], ["f"], {}),
        ("MatMul", ["f", "m"], ["g"], {}),
        ("Add", ["g", "b"], ["y"], {}),
    ]
    constants = {
        "zero": np.array(0), "zeros": np.array([0]), "minus": np.array([-1]), "m": weights(192, 5), "b": weights(5),
    }  # fmt: skip
    ours, theirs, found = answers(made(nodes, constants))
    np.testing.assert_allclose(ours, theirs, atol=1e-4)
    assert [step.layer for step in found.description.steps] == ["flatten", "linear"]


def test_nhwc_with_its_own_scale():
    """Pixels in, channels last, scaled by the graph: the scale is told, the transposes are gone."""
    nodes = [
        ("Sub", ["x", "m"], ["a"], {}),
        ("Mul", ["a", "s"], ["b"], {}),
        ("Transpose", ["b"], ["t"], {"perm": [0, 3, 1, 2]}),
        ("Conv", ["t", "w"], ["h"], {}),
        *END,
    ]
    constants = {
        "m": np.array([100, 120, 140], np.float32),
        "s": np.float32(1 / 64),
        "w": weights(4, 3, 3, 3),
    }
    ours, theirs, found = answers(made(nodes, constants, shape=("n", 8, 8, 3)))
    np.testing.assert_allclose(ours, theirs, atol=1e-4)
    assert found.layout == "NHWC"
    np.testing.assert_allclose(found.scale, [1 / 64] * 3)
    np.testing.assert_allclose(found.offset, [-100 / 64, -120 / 64, -140 / 64], rtol=1e-6)
    assert found.description.steps[0].layer == "conv2d"


def test_sigmoids_at_the_end_are_left_out():
    nodes = [*END[:1], ("Flatten", ["p"], ["f"], {}), ("Sigmoid", ["f"], ["y"], {})]
    nodes[0] = ("GlobalAveragePool", ["x"], ["p"], {})
    ours, theirs, found = answers(made(nodes))
    np.testing.assert_allclose(1 / (1 + np.exp(-ours)), theirs, atol=1e-6)
    assert found.final == "sigmoid"
    assert "sigmoids" in found.notes[0]


def refused(model, wanted=None, output=None):
    with pytest.raises(CheckpointError) as caught:
        translate(model if isinstance(model, bytes) else model.SerializeToString(), wanted, output)
    return str(caught.value)


def test_all_unknown_operators_are_named_at_once():
    nodes = [
        ("NonZero", ["x"], ["a"], {}),
        ("Cast", ["a"], ["f"], {"to": 1}),
        ("Einsum", ["x"], ["b"], {"equation": "abcd->a"}),
        ("Det", ["x"], ["h"], {}),
        *END,
    ]
    said = refused(made(nodes))
    assert "NonZero (n0)" in said
    assert "Einsum (n2)" in said
    assert "Det (n3)" in said
    assert "--arch" in said


def test_what_is_no_classifier_of_one_picture():
    assert "no classifier" in refused(made([("Relu", ["x"], ["y"], {})]))
    assert "no picture of four axes" in refused(made([("Relu", ["x"], ["y"], {})], shape=(1, 10)))
    assert "open size" in refused(made([("Relu", ["x"], ["y"], {})], shape=(1, 3, "h", "w")))
    two = made([("Relu", ["x"], ["y"], {}), ("Abs", ["x"], ["z"], {})], outputs=("y", "z"))
    assert "2 outputs (y, z)" in refused(two)
    assert "no output 'q'" in refused(two, output="q")
    model = made([("Add", ["x", "state"], ["y"], {})])
    model.graph.input.append(helper.make_tensor_value_info("state", TensorProto.FLOAT, (1, 16)))
    assert "2 inputs: x (1x3x8x8), state (1x16)" in refused(model)
    assert "--input says 9x8x3" in refused(made([("Relu", ["x"], ["y"], {})]), wanted=(9, 8, 3))


def test_hostile_and_damaged_files():
    model = made([("Conv", ["x", "w"], ["h"], {}), *END], {"w": weights(4, 3, 3, 3)})
    data = model.SerializeToString()
    assert "damaged" in refused(data[:-40])
    model.graph.initializer[0].data_location = TensorProto.EXTERNAL
    model.graph.initializer[0].external_data.add(key="location", value="../../etc/passwd")
    assert "file beside it" in refused(model)
    huge = [("ConstantOfShape", ["s"], ["c"], {}), ("Add", ["x", "c"], ["h"], {}), *END]
    assert "more numbers" in refused(made(huge, {"s": np.array([1 << 20, 1 << 20])}))
    wide = made([("Conv", ["x", "w"], ["h"], {"group": 0}), *END], {"w": weights(4, 3, 3, 3)})
    assert refused(wide)
