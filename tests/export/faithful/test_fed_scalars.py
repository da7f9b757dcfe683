"""Factors and shifts before convolutions and dense layers, as in NFNets, which TFLite's converter folds into them."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from fer_edge.export.faithful.bridge import BridgeFile
from fer_edge.export.faithful.graph import Graph
from fer_edge.export.faithful.original.changed import compare_with_original
from fer_edge.export.faithful.original.folding import find_needs
from fer_edge.export.formats.contracts import derive_contract
from fer_edge.export.formats.tflite import prover
from fer_edge.export.formats.tflite.converter import convert_float
from fer_edge.export.reference_model.inference import Reference, outputs, probabilities
from fer_edge.runtime.contract import CameraSpec, Contract, InputSpec, Normalization, OutputSpec
from fer_edge.runtime.variants import Variant


class Network(nn.Module):
    """Gray 16x16 in, three logits out; a step before each product but the first."""

    def __init__(self):
        super().__init__()
        self.stem, self.same = nn.Conv2d(1, 16, 2, 2), nn.Conv2d(16, 20, 3, 2)
        self.depthwise, self.bare = nn.Conv2d(20, 20, 3, padding=1, groups=20), nn.Conv2d(20, 24, 2)
        self.hidden, self.last = nn.Linear(24, 28), nn.Linear(28, 3)
        self.gain = nn.Parameter(torch.tensor(0.83))

    def forward(self, image):
        x = functional.silu(self.stem(image)) * 1.79 * 0.93  # an activation's gain, then a block's
        x = functional.silu(self.same(functional.pad(x, (0, 1, 0, 1))))
        x = functional.silu(self.depthwise(x / 1.3))
        x = functional.silu(self.bare(x * 1.2 + 0.3))
        return self.last(functional.silu(self.hidden(x.mean((2, 3)) * self.gain)))


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    made = Network().eval().requires_grad_(False)
    for layer in made.children():
        layer.weight *= 2
    made.last.weight *= 4
    return made


@pytest.fixture(scope="module")
def needs(network):
    return find_needs(network, torch.rand(1, 1, 16, 16))


@pytest.fixture(scope="module")
def file(network, tmp_path_factory):
    contract = Contract.build(
        model="small",
        labels=("a", "b", "c"),
        input=InputSpec("image", "tensor", 16, 16, 1, "NCHW", "float32"),
        camera=CameraSpec(),
        normalization=Normalization((0.4,), (0.3,)),
        output=OutputSpec("logits", "logits"),
    )
    path = tmp_path_factory.mktemp("scalars") / "small.tflite"
    path.write_bytes(convert_float(network, contract, "tensor"))
    return SimpleNamespace(path=path, contract=contract, graph=prover.read_graph(path))


FACTORS = {"same": 1.79 * 0.93, "depthwise": 1 / 1.3, "bare": 1.2, "hidden": 0.83}


def plain(network, layer):
    """A layer's weight as TFLite has it: (outputs, height, width, inputs), or (1, height, width, outputs) of a depthwise one."""
    weight = getattr(network, layer).weight
    if weight.ndim == 2:
        return weight.numpy()
    return weight.permute(*((1, 2, 3, 0) if layer == "depthwise" else (0, 2, 3, 1))).numpy()


def name_of(network, graph, layer):
    """The tensor of the file that is a layer's weight times its factor."""
    wanted = plain(network, layer) * np.float32(FACTORS[layer])
    (name,) = [
        name
        for name, tensor in graph.tensors.items()
        if tensor.constant is not None
        and tensor.constant.shape == wanted.shape
        and np.allclose(tensor.constant, wanted, rtol=1e-6)
    ]
    return name


def findings(graph, needs):
    return compare_with_original(prover.view(graph), prover.KINDS, needs).findings


def test_a_file_whose_layers_took_the_steps_before_them_passes(network, needs, file):
    assert all(name_of(network, file.graph, layer) for layer in FACTORS)  # it does fold
    report = compare_with_original(prover.view(file.graph), prover.KINDS, needs)
    assert report.findings == []
    assert report.tensors == 12  # weight and bias of six layers: none is left without a judgment


@pytest.mark.parametrize("layer", FACTORS)
def test_a_wrong_factor_is_found(network, needs, file, layer):
    name = name_of(network, file.graph, layer)
    wrong = file.graph.tensors[name].constant * np.float32(1.01)
    tensors = {**file.graph.tensors, name: replace(file.graph.tensors[name], constant=wrong)}
    found = findings(Graph(file.graph.nodes, tensors, file.graph.inputs, file.graph.outputs), needs)
    assert [finding.where for finding in found] == [name]


def test_a_wrong_shift_is_found(network, needs, file):
    shifted = network.bare.bias + 0.3 * network.bare.weight.sum((1, 2, 3))
    (name,) = [
        name
        for name, tensor in file.graph.tensors.items()
        if tensor.constant is not None
        and tensor.constant.shape == (24,)
        and np.allclose(tensor.constant, shifted.numpy(), rtol=1e-5, atol=1e-6)
    ]
    wrong = file.graph.tensors[name].constant * np.float32(1.01)
    tensors = {**file.graph.tensors, name: replace(file.graph.tensors[name], constant=wrong)}
    found = findings(Graph(file.graph.nodes, tensors, file.graph.inputs, file.graph.outputs), needs)
    assert [finding.where for finding in found] == [name]


def test_a_forgotten_factor_is_found_by_the_answers(network, file, tmp_path):
    """The weights are the original's then, and no list of weights can tell."""
    noise = np.random.default_rng(0).uniform(size=(8, 16, 16, 3))
    pictures = (noise * np.linspace(30, 255, 8)[:, None, None, None]).astype(np.uint8)
    answers = probabilities(outputs(network, file.contract, pictures), file.contract)
    assert np.ptp(answers, axis=0).max() > 0.05  # it reacts

    contract = derive_contract(Variant("tflite", "fp32"), file.contract)

    def judge(path):
        return BridgeFile(path, "tflite", contract, prover).judge(Reference(pictures, answers))

    assert judge(file.path) == ""
    for layer in FACTORS:
        whole = file.path.read_bytes()
        held = file.graph.tensors[name_of(network, file.graph, layer)].constant.tobytes()
        assert whole.count(held) == 1
        path = tmp_path / f"{layer}.tflite"
        path.write_bytes(whole.replace(held, np.ascontiguousarray(plain(network, layer)).tobytes()))
        assert "away from the original" in judge(path)


class Shifted(nn.Module):
    """A shift before a convolution that reads zeros around it, or none."""

    def __init__(self, padding):
        super().__init__()
        self.first, self.second = nn.Conv2d(1, 8, 1), nn.Conv2d(8, 9, 3, padding=padding)

    def forward(self, image):
        return self.second(torch.relu(self.first(image)) + 0.3)


@pytest.mark.parametrize(("padding", "known"), [(0, True), (1, False)])
def test_a_shift_does_not_reach_zeros_around_a_value(padding, known):
    torch.manual_seed(0)
    network = Shifted(padding).eval().requires_grad_(False)
    needs = find_needs(network, torch.rand(1, 1, 8, 8))
    bias = (network.second.bias + 0.3 * network.second.weight.sum((1, 2, 3))).numpy()
    found = [item.values for need in needs for item in need.candidates() if item.values.shape == (9,)]
    assert any(np.allclose(values, bias, rtol=1e-5, atol=1e-6) for values in found) == known
    x = torch.rand(1, 8, 6, 6)
    whole, folded = (
        network.second(x + 0.3),
        functional.conv2d(x, network.second.weight, torch.tensor(bias), padding=padding),
    )
    assert torch.allclose(whole, folded, atol=1e-5) == known  # what is known is what is right
