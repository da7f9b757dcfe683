"""Core ML's fp16 and w8 beside fp32: right packages pass, planted faults are found."""

from dataclasses import replace

import numpy as np
import pytest

from fer_edge.export.faithful.align import align
from fer_edge.export.faithful.graph import Graph
from fer_edge.export.faithful.weights import compare_weights
from fer_edge.export.formats.coreml.converter import convert
from fer_edge.runtime.errors import BundleError


@pytest.fixture(params=["coreml-fp16", "coreml-w8"])
def judged(request, files):
    """What is found in a package whose graph a function changed."""
    path, plain = (_made(files, name) for name in (request.param, "coreml-fp32"))
    prover = files.prover("coreml-fp32")
    source = prover.view(prover.read_graph(plain))

    def judge(change):
        found = align(source, prover.view(change(prover.read_graph(path))))
        return [*found.findings, *compare_weights(found).findings]

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


def test_a_folder_that_is_no_package_ends_in_a_sentence(tmp_path, files):
    (tmp_path / "x.mlpackage").mkdir()
    with pytest.raises(BundleError, match=r"x\.mlpackage is not a readable Core ML package"):
        files.prover("coreml-fp32").read_graph(tmp_path / "x.mlpackage")
