"""Hard-swish in two uint8 operators instead of three.

As three operators it is ``Clip(x + 3, 0, 6) * x``, and the sum is a QLinearAdd. Behind a convolution the 3 fits into
its bias, and with ``y = max(x + 3, 0)``

    hard-swish(x) = (y - 3) * min(y, 6) / 6        (where x < -3 both sides are 0)

where both factors are views of one uint8 tensor of scale ``s`` and zero point 0: ``y - 3`` is the same bytes read with
zero point ``3 / s``, and ``min(y, 6)`` is a Clip of bytes at ``6 / s``. So ``3 / s`` must be a whole number k: the scale
is 3 / k with the largest k whose 255 steps hold the calibrated range.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fer_edge.export.formats.onnx.graph import drop_unused, uses

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto, TensorProto

STEPS = 255
ABOVE, CENTERED, CLIPPED = ".above", ".centered", ".clipped"
"""Endings of y, y - 3 and min(y, 6) behind the name of the activation's result."""

Range = tuple[np.float32, np.float32]


def shifted_form(node: NodeProto, conv: NodeProto, graph: GraphProto) -> list[NodeProto]:
    """The float form of one HardSwish whose convolution nothing else reads; 3 is added to that one's bias in place.

    The last node multiplies by 1/6 and may be removed once the factor lies elsewhere.
    """
    from onnx import helper

    _raise_bias(conv, graph)
    result, name = node.output[0], node.name
    above, centered, clipped = (result + ending for ending in (ABOVE, CENTERED, CLIPPED))
    return [
        helper.make_node("Relu", [node.input[0]], [above], name=f"{name}.relu"),
        helper.make_node("Add", [above, "hard.minus3"], [centered], name=centered),
        helper.make_node("Clip", [above, "hard.zero", "hard.six"], [clipped], name=clipped),
        helper.make_node("Mul", [centered, clipped], [f"{result}.product"], name=f"{name}.mul"),
        helper.make_node("Mul", [f"{result}.product", "hard.sixth"], [result], name=f"{name}.sixth"),
    ]


def _raise_bias(conv: NodeProto, graph: GraphProto) -> None:
    from onnx import numpy_helper

    tensors = {tensor.name: tensor for tensor in graph.initializer}
    has_bias = len(conv.input) > 2
    bias = numpy_helper.to_array(tensors[conv.input[2]]) if has_bias else np.float32(0)
    raised = np.zeros(tensors[conv.input[1]].dims[0], np.float32) + bias + np.float32(3)
    name = f"{conv.output[0]}.bias3"
    graph.initializer.append(numpy_helper.from_array(raised, name))
    del conv.input[2:]
    conv.input.append(name)


def find_shifted(model: ModelProto, ranges: dict[str, Range]) -> list[str]:
    """Results of the hard-swishes in the shifted form whose y is quantized in a range that 3 / k can express."""
    made = {name for node in model.graph.node for name in node.output}
    return [name for name in find_expressible(ranges) if name + CENTERED in made]


def find_expressible(ranges: dict[str, Range]) -> list[str]:
    """Results of the hard-swishes whose y has a range that 3 / k can express."""
    ends = {name.removesuffix(ABOVE): pair for name, pair in ranges.items() if name.endswith(ABOVE)}
    return [name for name, (_, high) in ends.items() if high <= 3 * STEPS]


def align_ranges(ranges: dict[str, Range], shifted: list[str]) -> dict[str, Range]:
    """The ranges with those of each y widened to 255 steps of 3 / k."""
    aligned = {}
    for name in shifted:
        k = min(STEPS, int(3 * STEPS / max(float(ranges[name + ABOVE][1]), 3.0)))
        aligned[name + ABOVE] = (np.float32(0), np.float32(3 * STEPS / k))
    return {**ranges, **aligned}


def in_float(shifted: list[str]) -> list[str]:
    """Names of the nodes that the quantizer must leave alone, because ``read_bytes`` takes them out."""
    return [name + ending for name in shifted for ending in (CENTERED, CLIPPED)]


def read_bytes(model: ModelProto, shifted: list[str]) -> None:
    """Replace y - 3 and min(y, 6) of the quantized graph by views of y's bytes, in place."""
    for name in shifted:
        _read_bytes(model.graph, name)
    _drop_dead(model.graph)
    drop_unused(model)


def _read_bytes(graph: GraphProto, name: str) -> None:
    from onnx import helper, numpy_helper

    producers = {item: node for node in graph.node for item in node.output}
    readers = uses(graph.node)
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    center, clip = producers[name + CENTERED], producers[name + CLIPPED]
    stored, scale, zero = producers[center.input[0]].input
    k = _steps_of_three(tensors[scale])
    for ending, value in ((".three", k), (".six", min(2 * k, STEPS))):
        graph.initializer.append(numpy_helper.from_array(np.asarray(value, np.uint8), name + ending))
    bytes6 = f"{name}.bytes6"
    views = [
        (
            center,
            [helper.make_node("DequantizeLinear", [stored, scale, f"{name}.three"], [""], name=center.name)],
        ),
        (
            clip,
            [
                helper.make_node("Clip", [stored, "", f"{name}.six"], [bytes6], name=bytes6),
                helper.make_node("DequantizeLinear", [bytes6, scale, zero], [""], name=clip.name),
            ],
        ),
    ]
    for old, new in views:
        quantize = readers[old.output[0]][0][0]
        dequantize = readers[quantize.output[0]][0][0]
        new[-1].output[0] = dequantize.output[0]
        _replace(graph, old, new, drop=(quantize, dequantize))


def _steps_of_three(scale: TensorProto) -> int:
    from onnx import numpy_helper

    return round(3 / float(numpy_helper.to_array(scale)))


def _replace(graph: GraphProto, old: NodeProto, new: list[NodeProto], *, drop: tuple[NodeProto, ...]) -> None:
    position = list(graph.node).index(old)
    for node in (old, *drop):
        graph.node.remove(node)
    for offset, node in enumerate(new):
        graph.node.insert(position + offset, node)


def _drop_dead(graph: GraphProto) -> None:
    """Remove the DequantizeLinear that the three-operator form read and nothing reads any more."""
    read = set(uses(graph.node)) | {value.name for value in graph.output}
    for node in [
        node for node in graph.node if node.op_type == "DequantizeLinear" and node.output[0] not in read
    ]:
        graph.node.remove(node)
