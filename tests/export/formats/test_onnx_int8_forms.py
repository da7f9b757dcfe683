"""The int8 graph's equal forms, on graphs written by hand."""

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from fer_edge.export.formats.onnx.int8_forms import rewrite_for_int8

GENERATOR = np.random.default_rng(0)


def graph(nodes, weights, shape=(1, 4, 6, 6), output="y"):
    model = helper.make_model(
        helper.make_graph(
            nodes,
            "g",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
            [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)],
            [numpy_helper.from_array(value, name) for name, value in weights.items()],
        ),
        opset_imports=[helper.make_opsetid("", 18)],
        ir_version=8,
    )
    return onnx.shape_inference.infer_shapes(model)


def run(model, x):
    return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"]).run(
        None, {"x": x}
    )[0]


def normal(*shape):
    return GENERATOR.normal(size=shape).astype(np.float32)


def rewritten(nodes, weights, shape=(1, 4, 6, 6)):
    """The rewritten graph's operator types, after the comparison with the original."""
    model = graph(nodes, weights, shape)
    x = normal(*shape) * 5
    before = run(model, x)
    rewrite_for_int8(model)
    onnx.checker.check_model(model, full_check=True)
    np.testing.assert_allclose(run(model, x), before, rtol=1e-5, atol=1e-5)
    return model, [node.op_type for node in model.graph.node]


def node(kind, inputs, output, **attributes):
    return helper.make_node(kind, inputs.split(), [output], name=f"n_{output}", **attributes)


SIXTH = {"alpha": 1 / 6, "beta": 0.5}


def test_hard_swish_gives_its_factor_to_the_next_weights():
    weight = normal(3, 4, 1, 1)
    model, kinds = rewritten([node("HardSwish", "x", "h"), node("Conv", "h w", "y")], {"w": weight})
    assert kinds == ["Add", "Clip", "Mul", "Conv"]
    stored = {item.name: numpy_helper.to_array(item) for item in model.graph.initializer}
    np.testing.assert_allclose(stored["w"], weight / 6, rtol=1e-6)


def test_the_bias_keeps_its_size():
    nodes = [node("HardSwish", "x", "h"), node("Conv", "h w b", "y")]
    _, kinds = rewritten(nodes, {"w": normal(3, 4, 1, 1), "b": normal(3)})
    assert kinds.count("Mul") == 1


def test_the_factor_stays_where_a_sum_would_mix_it():
    nodes = [node("HardSwish", "x", "h"), node("Add", "h x", "s"), node("Conv", "s w", "y")]
    _, kinds = rewritten(nodes, {"w": normal(3, 4, 1, 1)})
    assert kinds == ["Add", "Clip", "Mul", "Mul", "Add", "Conv"]


def test_the_factor_stays_where_it_would_reach_the_output():
    _, kinds = rewritten([node("HardSwish", "x", "y")], {})
    assert kinds == ["Add", "Clip", "Mul", "Mul"]


def test_shared_weights_are_left_alone():
    nodes = [
        node("HardSwish", "x", "h"), node("Conv", "h w", "a"), node("Conv", "x w", "b"), node("Add", "a b", "y"),
    ]  # fmt: skip
    _, kinds = rewritten(nodes, {"w": normal(4, 4, 1, 1)})
    assert kinds.count("Mul") == 2


def test_squeeze_and_excite_passes_both_factors_on():
    nodes = [
        node("Conv", "x w0", "c"),  # 64 products: no stem that stays in float
        node("HardSwish", "c", "h"),
        node("ReduceMean", "h axes", "p", keepdims=1),
        node("Conv", "p w1", "q"),
        node("HardSigmoid", "q", "s", **SIXTH),
        node("Mul", "h s", "m"),
        node("Conv", "m w2", "y"),
    ]
    weights = {
        "axes": np.int64([2, 3]),
        "w0": normal(4, 4, 4, 4),
        "w1": normal(4, 4, 1, 1),
        "w2": normal(3, 4, 1, 1),
    }
    model, kinds = rewritten(nodes, weights)
    shifted = ["Conv", "Relu", "Add", "Clip", "Mul"]
    assert kinds == [*shifted, "GlobalAveragePool", "Conv", "Add", "Clip", "Mul", "Conv"]
    assert "axes" not in [item.name for item in model.graph.initializer]


def test_a_square_keeps_its_factor():
    nodes = [node("HardSwish", "x", "h"), node("Mul", "h h", "m"), node("Conv", "m w", "y")]
    _, kinds = rewritten(nodes, {"w": normal(3, 4, 1, 1)})
    assert kinds.count("Mul") == 3


@pytest.mark.parametrize(("axes", "kept"), [((2, 3), 0), ((-1, -2), 0), ((2, 3), 1)])
def test_a_mean_over_pixels_becomes_a_pool(axes, kept):
    _, kinds = rewritten([node("ReduceMean", "x axes", "y", keepdims=kept)], {"axes": np.int64(axes)})
    assert kinds == ["GlobalAveragePool"] + ["Flatten"] * (1 - kept)


@pytest.mark.parametrize("axes", [(1,), (1, 2), (0, 2, 3)])
def test_other_means_stay(axes):
    _, kinds = rewritten([node("ReduceMean", "x axes", "y")], {"axes": np.int64(axes)})
    assert kinds == ["ReduceMean"]


def test_another_slope_of_hard_sigmoid_stays():
    _, kinds = rewritten([node("HardSigmoid", "x", "y", alpha=0.2, beta=0.5)], {})
    assert kinds == ["HardSigmoid"]


def test_a_stem_that_stays_in_float_keeps_its_activation():
    nodes = [node("Conv", "x w", "c"), node("HardSwish", "c", "h"), node("Conv", "h v", "y")]
    _, kinds = rewritten(nodes, {"w": normal(4, 4, 3, 3), "v": normal(3, 4, 1, 1)})
    assert kinds == ["Conv", "HardSwish", "Conv"]


@pytest.mark.parametrize("bias", [True, False])
def test_three_goes_into_the_bias_of_the_convolution_in_front(bias):
    nodes = [
        node("Conv", "x w b" if bias else "x w", "c"),
        node("HardSwish", "c", "h"),
        node("Conv", "h v", "y"),
    ]
    weights = {"w": normal(4, 4, 4, 4), "v": normal(3, 4, 1, 1), **({"b": normal(4)} if bias else {})}
    _, kinds = rewritten(nodes, weights)
    assert kinds == ["Conv", "Relu", "Add", "Clip", "Mul", "Conv"]


def test_a_convolution_that_others_read_keeps_its_bias():
    nodes = [
        node("Conv", "x w", "c"), node("HardSwish", "c", "h"), node("Add", "c h", "s"), node("Conv", "s v", "y"),
    ]  # fmt: skip
    _, kinds = rewritten(nodes, {"w": normal(4, 4, 4, 4), "v": normal(3, 4, 1, 1)})
    assert kinds == ["Conv", "Add", "Clip", "Mul", "Mul", "Add", "Conv"]
