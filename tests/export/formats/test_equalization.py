"""Cross-layer equalization: the same function to the last bit, and channels of one magnitude."""

import numpy as np

from fer_edge.export.formats.equalization import Layer, equalize

SPREAD = (10.0 ** np.linspace(-2, 2, 16)).astype(np.float32)


def pair(spread, passes=True):
    """Two dense layers, 16 channels between them, of which each is multiplied by its number."""
    random = np.random.default_rng(0)
    first = Layer(
        random.normal(size=(16, 4)).astype(np.float32),
        0,
        1,
        random.normal(size=16).astype(np.float32),
        passes,
    )
    second = Layer(random.normal(size=(3, 16)).astype(np.float32), 0, 1)
    first.weight *= spread[:, None]
    first.bias *= spread
    second.weight /= spread
    return first, second


def answer(first, second, inputs):
    """By the definition, in float64."""
    hidden = np.maximum(inputs @ first.weight.astype(np.float64).T + first.bias, 0)
    return hidden, hidden @ second.weight.astype(np.float64).T


def test_channels_of_very_different_size_become_alike_and_nothing_is_computed_otherwise():
    inputs = np.random.default_rng(1).normal(size=(64, 4))
    first, second = pair(SPREAD)
    hidden, before = answer(first, second, inputs)
    equalize([(first, second)])
    balanced, after = answer(first, second, inputs)
    assert np.array_equal(before, after)
    largest, smallest = hidden.max(axis=0).max(), hidden.max(axis=0).min()
    assert largest / smallest > 1000
    assert balanced.max(axis=0).max() / balanced.max(axis=0).min() < 20


def test_an_ordinary_link_stays_as_it_is():
    first, second = pair(np.ones(16, np.float32))
    before = first.weight.copy(), second.weight.copy()
    equalize([(first, second)])
    assert not first.changed
    assert np.array_equal(first.weight, before[0])
    assert np.array_equal(second.weight, before[1])


def test_what_is_cut_at_a_fixed_number_is_not_divided():
    first, second = pair(SPREAD, passes=False)
    equalize([(first, second)])
    assert not first.changed
    assert not second.changed


def test_a_dead_channel_breaks_nothing():
    first, second = pair(SPREAD)
    first.weight[3], first.bias[3] = 0, 0
    second.weight[:, 5] = 0
    equalize([(first, second)])
    assert first.changed
    for layer in (first, second):
        assert np.isfinite(layer.weight).all()


def rescaled():
    """Conv, Relu, depthwise Conv, Relu, Conv: a graph between whose layers channels differ by a factor of ten thousand."""
    from onnx import TensorProto, helper, numpy_helper

    random = np.random.default_rng(2)
    shapes = {"w0": (16, 1, 3, 3), "b0": (16,), "w1": (16, 1, 3, 3), "w2": (4, 16, 1, 1)}
    weights = {name: random.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    weights["w0"] *= SPREAD[:, None, None, None]
    weights["b0"] *= SPREAD
    weights["w1"] /= SPREAD[:, None, None, None]
    nodes = [
        helper.make_node("Conv", ["image", "w0", "b0"], ["c0"], name="n0"),
        helper.make_node("Relu", ["c0"], ["r0"], name="n1"),
        helper.make_node("Conv", ["r0", "w1"], ["c1"], name="n2", group=16),
        helper.make_node("Relu", ["c1"], ["r1"], name="n3"),
        helper.make_node("Conv", ["r1", "w2"], ["probabilities"], name="n4"),
    ]
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 1, 12, 12])
    result = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [1, 4, 8, 8])
    constants = [numpy_helper.from_array(values, name) for name, values in weights.items()]
    graph = helper.make_graph(nodes, "rescaled", [image], [result], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)


def test_an_onnx_graph_answers_the_same():
    from onnx import numpy_helper
    from onnx.reference import ReferenceEvaluator

    from fer_edge.export.formats.onnx.equalized import equalize_graph

    model, image = rescaled(), np.random.default_rng(3).normal(size=(1, 1, 12, 12)).astype(np.float32)
    before = ReferenceEvaluator(model).run(None, {"image": image})[0]
    equalize_graph(model)
    assert np.array_equal(ReferenceEvaluator(model).run(None, {"image": image})[0], before)
    first = np.abs(numpy_helper.to_array(model.graph.initializer[0])).max(axis=(1, 2, 3))
    assert first.max() / first.min() < 20
