"""The first convolution that stays in float."""

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from fer_edge.export.formats.onnx.stem import float_stem, kept_in_float


def graph(nodes, **weights):
    return helper.make_model(
        helper.make_graph(
            nodes,
            "g",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, 3, 8, 8))],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
            [numpy_helper.from_array(np.zeros(shape, np.float32), name) for name, shape in weights.items()],
        )
    )


def node(kind, inputs, output):
    return helper.make_node(kind, inputs.split(), [output], name=output)


SHORT, LONG = (4, 3, 3, 3), (4, 3, 5, 5)


def test_a_short_one_with_its_activation():
    model = graph(
        [node("Conv", "x w", "c"), node("Relu", "c", "r"), node("Conv", "r v", "y")], w=SHORT, v=SHORT
    )
    assert kept_in_float(model) == ["c", "r"]


def test_a_long_one_is_quantized_and_what_lies_before_it_is_not():
    model = graph([node("Mul", "x x", "m"), node("Conv", "m w", "y")], w=LONG)
    assert kept_in_float(model) == ["m"]
    assert float_stem(model) == []


@pytest.mark.parametrize("between", [[], [("Relu", "c", "r")]])
def test_one_that_a_max_pool_reads_is_quantized(between):
    last = between[-1][2] if between else "c"
    nodes = [node("Conv", "x w", "c"), *(node(*item) for item in between), node("MaxPool", last, "y")]
    assert kept_in_float(graph(nodes, w=SHORT)) == []


def test_a_later_pool_does_not_matter():
    nodes = [node("Conv", "x w", "c"), node("Conv", "c v", "d"), node("MaxPool", "d", "y")]
    assert kept_in_float(graph(nodes, w=SHORT, v=SHORT)) == ["c"]


def test_a_graph_without_sums():
    assert kept_in_float(graph([node("Relu", "x", "y")])) == []
