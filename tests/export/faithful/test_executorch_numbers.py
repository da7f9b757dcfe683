"""ExecuTorch files: right ones pass number by number, a fault planted in any number, option or operator is found."""

import importlib.util
import random
from dataclasses import replace

import numpy as np
import pytest

from fer_edge.export.capture.wrappers import make_example_tensor
from fer_edge.export.faithful.align import Alignment, ConstantPair, align
from fer_edge.export.faithful.check import check_original
from fer_edge.export.faithful.graph import Graph, Quantization
from fer_edge.export.faithful.layers.names import name_layers
from fer_edge.export.faithful.original.folding import find_needs
from fer_edge.export.faithful.ranges import compare_ranges
from fer_edge.export.faithful.view import Constant, Edge, Grid, Step
from fer_edge.export.faithful.weights import compare_weights
from fer_edge.export.formats import find_format
from fer_edge.export.formats.contracts import derive_contract
from fer_edge.runtime.errors import FerEdgeError
from fer_edge.runtime.variants import Variant

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("executorch") is None, reason="needs executorch (extra [export-executorch])"
)
PRODUCTS = ("Conv2d", "DepthwiseConv2d", "FullyConnected")


@pytest.fixture(scope="module")
def int8(files):
    return files.prover("executorch-int8").read_graph(files.artifact("executorch-int8"))


def findings(files, graph, *, calibrated=True):
    name = "executorch-int8"
    prover = files.prover(name)
    source = files.views(name)[0]
    held = prover.view(graph)
    found = align(source, held)
    ranges = compare_ranges(source, held, found, files.observed(name), prover.RULES, calibrated=calibrated)
    return [*found.findings, *compare_weights(found, prover.least_scale).findings, *ranges.findings]


def test_the_float_file_holds_the_originals_weights(files):
    module, contract = files.source.module, files.source.contract
    prover = files.prover("executorch-fp32")
    proof = check_original(
        files.artifact("executorch-fp32"), prover, find_needs(module, make_example_tensor(contract))
    )
    assert (proof.verdict.verdict, proof.findings) == ("pass", [])
    graph = prover.read_graph(files.artifact("executorch-fp32"))
    last = [node for node in graph.nodes if node.operator == "FullyConnected"][-1]
    assert np.array_equal(graph.tensors[last.inputs[1]].constant, module.last.weight.numpy())
    # Two numbers for each of four convolutions and two dense layers.
    assert proof.verdict.weights.compared >= 11


def test_values_that_torch_computes_have_the_originals_modules(files):
    """XNNPACK hands nothing out; a finding names a module all the same, not ``delegate0.constant8``."""
    prover, path = files.prover("executorch-fp32"), files.artifact("executorch-fp32")
    contract = derive_contract(Variant("executorch", "fp32"), files.source.contract)
    shape = make_example_tensor(files.source.contract).shape
    tensor = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    original = files.source.module, files.source.contract
    names = name_layers(original, tensor, prover.COMPUTE(path, tensor), contract)
    steps = [step for step in prover.view(prover.read_graph(path)).steps if step.operator in PRODUCTS]
    found = [names.of(step.outputs[0], weighted=True) for step in steps]
    modules = dict(files.source.module.named_modules())
    assert found[-1] == "last"
    assert all(name in modules for name in found)


def test_a_right_file_passes(files, int8):
    assert findings(files, int8) == []
    assert findings(files, int8, calibrated=False) == []
    view = files.prover("executorch-int8").view(int8)
    assert sum(constant.grid is not None for constant in view.constants.values()) == 12


def test_a_relu6_gives_its_convolution_the_range_that_it_leaves(int8):
    stem = next(node for node in int8.nodes if node.operator in PRODUCTS)
    assert (stem.options["output_min"], stem.options["output_max"]) == (0, 6)
    grid = int8.tensors[stem.outputs[0]].quantization
    assert float(grid.scale[0]) * (127 - int(grid.zero_point[0])) <= 6.05


def product(graph, number):
    return [node for node in graph.nodes if node.operator in PRODUCTS][number]


def changed(graph, name, **parts):
    tensors = {**graph.tensors, name: replace(graph.tensors[name], **parts)}
    return Graph(graph.nodes, tensors, graph.inputs, graph.outputs)


def rescaled(number, place, factor):
    def fault(graph):
        node = product(graph, number)
        name = node.inputs[place] if place >= 0 else node.outputs[0]
        old = graph.tensors[name].quantization
        new = Quantization(np.float32(factor) * old.scale, old.zero_point, old.axis)
        return changed(graph, name, quantization=new)

    return fault


def one_weight(graph):
    name = product(graph, 1).inputs[1]
    values = graph.tensors[name].constant.copy()
    values.reshape(-1)[int(np.argmax(np.abs(values)))] = 0
    return changed(graph, name, constant=values)


def swapped_channels(graph):
    name = product(graph, 2).inputs[1]
    values = graph.tensors[name].constant.copy()
    values[[0, 1]] = values[[1, 0]]
    return changed(graph, name, constant=values)


def bias_sign(graph):
    name = product(graph, -1).inputs[2]
    return changed(graph, name, constant=-graph.tensors[name].constant)


def option(word, value):
    def fault(graph):
        node = product(graph, 0)
        other = replace(node, options={**node.options, word: value})
        return Graph(
            tuple(other if each is node else each for each in graph.nodes),
            graph.tensors, graph.inputs, graph.outputs,
        )  # fmt: skip

    return fault


def pooled_otherwise(graph):
    """Another scale of values that share one with others."""
    pool = next(node for node in graph.nodes if node.operator == "MaxPooling2d")
    old = graph.tensors[pool.outputs[0]].quantization
    new = Quantization(np.float32(1.5) * old.scale, old.zero_point, old.axis)
    return changed(graph, pool.outputs[0], quantization=new)


def without_pool(graph):
    pool = next(node for node in graph.nodes if node.operator == "MaxPooling2d")
    before = {pool.outputs[0]: pool.inputs[0]}
    nodes = tuple(
        replace(node, inputs=tuple(before.get(name, name) for name in node.inputs))
        for node in graph.nodes
        if node is not pool
    )
    return Graph(nodes, graph.tensors, graph.inputs, graph.outputs)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (one_weight, "weight"),
        (swapped_channels, "weight"),
        (bias_sign, "bias"),
        (rescaled(2, 1, 1.01), "weight"),
        (rescaled(2, 1, 1.1), "weight"),
        (rescaled(2, 2, 1.1), "bias"),
        (rescaled(0, -1, 1.1), "bias"),
        (rescaled(0, -1, 1.1), "range"),
        (rescaled(2, -1, 0.9), "range"),
        (pooled_otherwise, "range"),
        (option("output_max", 7.0), "option"),
        (option("subsampling_width", 1), "option"),
        (option("padding_left", 0), "option"),
        (without_pool, "operator"),
    ],
)
def test_a_fault_is_found(files, int8, fault, code):
    assert code in {finding.code for finding in findings(files, fault(int8))}


def constant_with_scale(files, operator, scale):
    """Findings about numbers up to 0.005, which 8 bits hold with a scale of 2^-14.6, read by an operator."""
    values = np.linspace(-0.005, 0.005, 16, dtype=np.float32)
    grid = Grid("int8", Quantization(np.float32([scale]), np.zeros(1, np.int64)))
    held = Constant(np.round(values / np.float32(scale)).astype(np.int8), grid)
    step = Step(operator, (Edge("x"), Edge("numbers")), ("y",))
    found = Alignment(constants=[ConstantPair("numbers", Constant(values), held, step, 1)])
    return compare_weights(found, files.prover("executorch-int8").least_scale).findings


def test_a_small_factor_may_have_the_least_scale_of_an_activation_and_a_weight_may_not(files):
    assert constant_with_scale(files, "Multiply", 2**-12) == []
    assert constant_with_scale(files, "Multiply", 2**-11)
    assert constant_with_scale(files, "Conv2d", 2**-12)
    assert constant_with_scale(files, "Conv2d", 0.005 / 127) == []


def test_a_changed_weight_of_the_float_file_is_found(files, tmp_path):
    whole = bytearray(files.artifact("executorch-fp32").read_bytes())
    weight = files.source.module.last.weight.numpy()
    place = whole.find(weight.tobytes())
    assert place > 0
    whole[place : place + 4] = np.float32(weight.flat[0] * 1.01).tobytes()
    path = tmp_path / "changed.pte"
    path.write_bytes(whole)
    module, contract = files.source.module, files.source.contract
    proof = check_original(
        path, files.prover("executorch-fp32"), find_needs(module, make_example_tensor(contract))
    )
    assert [finding.code for finding in proof.findings] == ["weight"]


def test_damaged_bytes_end_in_a_sentence(files, tmp_path):
    whole = files.artifact("executorch-int8").read_bytes()
    random.seed(0)
    path = tmp_path / "damaged.pte"
    for _ in range(150):
        data = bytearray(whole[: random.choice((len(whole), random.randrange(len(whole))))])
        for _ in range(random.randrange(1, 6)):
            # Program and delegate's graph; behind them lie plain numbers.
            data[random.randrange(min(len(data), 14_000))] = random.choice((0, 1, 127, 128, 255))
        path.write_bytes(data)
        message = refusal(path)
        assert message == "" or ("damaged" in message and "\n" not in message)


def refusal(path):
    """The sentence of the reader; empty where it reads the file."""
    try:
        find_format("executorch").read_graph(path)
    except FerEdgeError as error:
        return str(error)
    return ""
