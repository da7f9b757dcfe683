"""Right files pass number by number in every precision; a fault planted in any number, operator or option is found and named."""

from dataclasses import replace

import numpy as np
import pytest

from fer_edge.export.faithful.align import align
from fer_edge.export.faithful.graph import Graph, Quantization
from fer_edge.export.faithful.ranges import compare_ranges
from fer_edge.export.faithful.weights import compare_weights
from fer_edge.runtime.formats import CALIBRATED
from fer_edge.runtime.variants import Variant, legal_variants

NAMES = [variant.name for variant in legal_variants(every=True) if variant.format in ("tflite", "onnx")]
PRODUCTS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "Conv", "Gemm")


def findings(files, name, held=None, *, calibrated=True):
    source, own = files.views(name)
    held = own if held is None else held
    found = align(source, held)
    ranges = compare_ranges(
        source, held, found, files.observed(name), files.prover(name).RULES, calibrated=calibrated
    )
    return [*found.findings, *compare_weights(found).findings, *ranges.findings]


@pytest.mark.parametrize("name", NAMES)
def test_a_right_file_passes(files, name):
    assert findings(files, name) == []
    source, held = files.views(name)
    found = align(source, held)
    assert len(found.constants) >= 12
    if Variant.parse(name).precision in CALIBRATED:
        assert findings(files, name, calibrated=False) == []
        rules = files.prover(name).RULES
        report = compare_ranges(source, held, found, files.observed(name), rules, calibrated=True)
        assert report.rule in rules
        assert report.tensors >= 10


def changed(graph, name, **parts):
    tensors = dict(graph.tensors)
    tensors[name] = replace(tensors[name], **parts)
    return Graph(graph.nodes, tensors, graph.inputs, graph.outputs)


def renoded(graph, old, new):
    nodes = tuple(item for node in graph.nodes for item in (new if node is old else (node,)))
    return Graph(nodes, graph.tensors, graph.inputs, graph.outputs)


def product(graph, number):
    return [node for node in graph.nodes if node.operator in PRODUCTS][number]


def origin(graph, name):
    """The constant behind an input, through DEQUANTIZE, Cast and the like."""
    makers = graph.producers()
    while name in makers:
        name = makers[name].inputs[0]
    return name


def constant(graph, number, place):
    return origin(graph, product(graph, number).inputs[place])


def one_weight(graph):
    name = constant(graph, 1, 1)
    values = graph.tensors[name].constant.copy()
    flat = values.reshape(-1)
    flat[int(np.argmax(np.abs(flat)))] = 0
    return changed(graph, name, constant=values)


def turned_kernel(graph):
    name = constant(graph, 1, 1)
    return changed(graph, name, constant=np.ascontiguousarray(graph.tensors[name].constant[..., ::-1]))


def swapped_channels(graph):
    name = constant(graph, 3, 1)
    values = graph.tensors[name].constant.copy()
    values[[0, 1]] = values[[1, 0]]
    return changed(graph, name, constant=values)


def cut_off(graph):
    name = constant(graph, -2, 1)
    values = graph.tensors[name].constant.copy()
    values.reshape(-1)[values.size // 2 :] = 0
    return changed(graph, name, constant=values)


def bias_sign(graph):
    name = constant(graph, -1, 2)
    return changed(graph, name, constant=-graph.tensors[name].constant)


def dropped_step(graph):
    pool = next(node for node in graph.nodes if node.operator in ("MAX_POOL_2D", "MaxPool"))
    readers = {pool.outputs[0]: pool.inputs[0]}
    nodes = tuple(
        replace(node, inputs=tuple(readers.get(name, name) for name in node.inputs))
        for node in graph.nodes
        if node is not pool
    )
    return Graph(nodes, graph.tensors, graph.inputs, graph.outputs)


def other_stride(graph):
    node = product(graph, 0)
    options = dict(node.options)
    options.update({"strideW": 1} if "strideW" in options else {"strides": (2, 1)})
    return renoded(graph, node, (replace(node, options=options),))


def swapped_branches(graph):
    """What one convolution of two branches reads becomes what the other answers."""
    concat = next(node for node in graph.nodes if node.operator in ("CONCATENATION", "Concat"))
    return renoded(graph, concat, (replace(concat, inputs=concat.inputs[::-1]),))


def other_activation(graph):
    node = next(node for node in graph.nodes if node.options.get("fusedActivationFunction") == 3)
    return renoded(graph, node, (replace(node, options={**node.options, "fusedActivationFunction": 1}),))


ALWAYS = (
    one_weight, turned_kernel, swapped_channels, cut_off, bias_sign, dropped_step, other_stride, swapped_branches,
)  # fmt: skip


def judged(files, name, fault):
    prover = files.prover(name)
    graph = fault(prover.read_graph(files.artifact(name)))
    return findings(files, name, prover.view(graph))


@pytest.mark.parametrize("fault", ALWAYS, ids=lambda fault: fault.__name__)
@pytest.mark.parametrize("name", [name for name in NAMES if "image" not in name and "qio" not in name])
def test_a_fault_is_found(files, name, fault):
    assert judged(files, name, fault)


def test_another_fused_activation_is_found(files):
    assert {finding.code for finding in judged(files, "tflite-int8", other_activation)} == {"option"}


def rescaled(factor=1.0, zero=0, *, bias=False):
    """A fault of one activation's scale, or of a bias's."""

    def fault(graph):
        name = product(graph, 2).inputs[2] if bias else product(graph, 2).outputs[0]
        old = graph.tensors[name].quantization
        new = Quantization(np.float32(factor) * old.scale, old.zero_point + zero, old.axis)
        return changed(graph, name, quantization=new)

    return fault


@pytest.mark.parametrize(("factor", "zero"), [(1.02, 0), (0.98, 0), (1, 1), (1, -1), (2, 0)])
def test_another_range_is_found(files, factor, zero):
    codes = {finding.code for finding in judged(files, "tflite-int8", rescaled(factor, zero))}
    assert "range" in codes


def test_another_scale_of_a_bias_is_found(files):
    assert {finding.code for finding in judged(files, "tflite-int8", rescaled(1.01, bias=True))} <= {"bias"}


def weights_on(files, factor):
    """The faults of one product's weights rounded anew, on scales of that factor."""
    source = files.prover("tflite-int8").read_graph(files.bridge("tflite-int8"))

    def fault(graph):
        name = product(graph, 2).inputs[1]
        old = graph.tensors[name].quantization
        scale = np.float32(factor) * old.scale
        shape = [1, 1, 1, 1]
        shape[old.axis] = scale.size
        values = np.clip(np.rint(source.tensors[name].constant / scale.reshape(shape)), -127, 127).astype(
            np.int8
        )
        return changed(graph, name, constant=values, quantization=replace(old, scale=scale))

    return judged(files, "tflite-int8", fault)


def test_a_scale_that_wastes_bits_is_found(files):
    """On twice the scale each number is within half a step, and one bit is lost."""
    assert any("bits are lost" in finding.sentence for finding in weights_on(files, 2))
    assert {finding.code for finding in weights_on(files, 1)} == set()


def test_saturated_weights_are_named(files):
    assert "saturation" in {finding.code for finding in weights_on(files, 0.5)}


@pytest.mark.parametrize("which", ["scale", "zero"])
def test_onnx_storing_and_reading_must_agree(files, which):
    """A DequantizeLinear with other numbers than the QuantizeLinear before it."""

    def fault(graph):
        makers = graph.producers()
        read = next(
            node for node in graph.nodes
            if node.operator == "DequantizeLinear" and makers.get(node.inputs[0]) is not None
            and makers[node.inputs[0]].operator == "QuantizeLinear"
        )  # fmt: skip
        place = 1 if which == "scale" else 2
        old = graph.tensors[read.inputs[place]]
        value = (
            (old.constant * np.float32(1.05)).astype(np.float32)
            if which == "scale"
            else old.constant + np.uint8(3)
        )
        other = replace(old, name="other", constant=np.asarray(value))
        inputs = list(read.inputs)
        inputs[place] = "other"
        nodes = renoded(graph, read, (replace(read, inputs=tuple(inputs)),)).nodes
        return Graph(nodes, {**graph.tensors, "other": other}, graph.inputs, graph.outputs)

    assert judged(files, "onnx-int8", fault)


def test_float16_is_the_nearest_one(files):
    def fault(graph):
        name = constant(graph, 2, 1)
        bits = graph.tensors[name].constant.copy().view(np.uint16)
        bits.reshape(-1)[5] += 1
        return changed(graph, name, constant=bits.view(np.float16))

    for name in ("tflite-fp16", "onnx-fp16"):
        (found,) = judged(files, name, fault)
        assert "the nearest float16 is" in found.sentence
