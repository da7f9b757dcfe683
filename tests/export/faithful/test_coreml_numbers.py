"""Core ML's other precisions beside fp32: right packages pass, planted faults are found."""

from dataclasses import replace

import numpy as np
import pytest

from fer_edge.export.faithful.align import align
from fer_edge.export.faithful.graph import Graph
from fer_edge.export.faithful.ranges import compare_ranges, list_watched
from fer_edge.export.faithful.weights import compare_weights
from fer_edge.export.formats.coreml.converter import convert
from fer_edge.runtime.camera import to_tensor
from fer_edge.runtime.errors import BundleError


@pytest.fixture(params=["coreml-fp16", "coreml-w8", "coreml-int8"])
def judged(request, files):
    """What is found in a package whose graph a function changed."""
    return _judge(files, request.param)


def _judge(files, name):
    path, plain = (_made(files, each) for each in (name, "coreml-fp32"))
    prover = files.prover("coreml-fp32")
    source = prover.view(prover.read_graph(plain))

    def judge(change):
        held = prover.view(change(prover.read_graph(path)))
        found = align(source, held)
        watched = list_watched(source, held, found)
        inputs = (to_tensor(picture, files.source.contract) for picture in files.pictures)
        ranges = compare_ranges(
            source, held, found, prover.observe(plain, watched, inputs), prover.RULES, calibrated=True
        )
        assert bool(ranges.tensors) == (name == "coreml-int8")
        return [*found.findings, *compare_weights(found).findings, *ranges.findings]

    return judge


def _made(files, name):
    if name not in files.made:
        files.made[name] = files.folder / f"{name}.mlpackage"
        convert(files.request(name, files.made[name]))
    return files.made[name]


def convolution(graph, number=1):
    return [node for node in graph.nodes if node.operator == "conv"][number]


def renoded(graph, old, **parts):
    nodes = tuple(replace(node, **parts) if node is old else node for node in graph.nodes)
    return Graph(nodes, graph.tensors, graph.inputs, graph.outputs)


def test_a_right_package_passes(judged):
    assert judged(lambda graph: graph) == []


def test_a_weight_of_zero_is_found(judged):
    def fault(graph):
        name = max(
            (name for name, tensor in graph.tensors.items() if tensor.constant is not None),
            key=lambda name: graph.tensors[name].constant.size,
        )
        values = graph.tensors[name].constant.copy()
        values.reshape(-1)[int(np.abs(values.astype(float)).argmax())] = 0
        changed = replace(graph.tensors[name], constant=values)
        return Graph(graph.nodes, {**graph.tensors, name: changed}, graph.inputs, graph.outputs)

    assert {finding.code for finding in judged(fault)} == {"weight"}


def test_another_option_is_found(judged):
    def fault(graph):
        node = convolution(graph)
        return renoded(graph, node, options={**node.options, "pad_type": "valid"})

    assert {finding.code for finding in judged(fault)} == {"option"}


def test_another_operator_is_found(judged):
    def fault(graph):
        node = next(node for node in graph.nodes if node.operator == "sigmoid")
        return renoded(graph, node, operator="tanh")

    assert {finding.code for finding in judged(fault)} == {"operator"}


@pytest.mark.parametrize(("key", "factor"), [("scale", 1.1), ("scale", 0.9), ("zero_point", 1)])
def test_a_grid_that_the_images_do_not_explain_is_found(files, key, factor):
    def fault(graph):
        nodes = list(graph.nodes)
        places = [place for place, node in enumerate(nodes) if node.operator in ("quantize", "dequantize")][
            4:6
        ]
        tensors = dict(graph.tensors)
        for place in places:
            node = nodes[place]
            if key == "zero_point":
                shape, (zero,) = node.options[key]
                nodes[place] = replace(node, options={**node.options, key: (shape, (zero + factor,))})
            else:
                name = node.inputs[node.options["parameters"].index(key)]
                tensors[name] = replace(tensors[name], constant=tensors[name].constant * np.float16(factor))
        return Graph(tuple(nodes), tensors, graph.inputs, graph.outputs)

    assert {finding.code for finding in _judge(files, "coreml-int8")(fault)} == {"range"}


def test_other_numbers_behind_than_in_front_are_found(files):
    """What dequantizes otherwise than it was quantized is no grid, but an operator that does not belong."""

    def fault(graph):
        node = [node for node in graph.nodes if node.operator == "dequantize"][2]
        shape, (zero,) = node.options["zero_point"]
        return renoded(graph, node, options={**node.options, "zero_point": (shape, (zero + 1,))})

    assert {finding.code for finding in _judge(files, "coreml-int8")(fault)} <= {"operator", "unaligned"}
    assert _judge(files, "coreml-int8")(fault)


def test_a_folder_that_is_no_package_ends_in_a_sentence(tmp_path, files):
    (tmp_path / "x.mlpackage").mkdir()
    with pytest.raises(BundleError, match=r"x\.mlpackage is not a readable Core ML package"):
        files.prover("coreml-fp32").read_graph(tmp_path / "x.mlpackage")
