"""A normalization's factor and shift in the dense layer behind it, as TFLite's converter folds them."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from fer_edge.export.faithful.graph import Graph
from fer_edge.export.faithful.original.changed import compare_with_original
from fer_edge.export.faithful.original.folding import find_needs
from fer_edge.export.formats.tflite import prover
from fer_edge.export.formats.tflite.converter import convert_float
from fer_edge.runtime.contract import CameraSpec, Contract, InputSpec, Normalization, OutputSpec


class Network(nn.Module):
    """Gray 8x8 in, three logits out: two dense layers read one normalization, as queries and keys do."""

    def __init__(self):
        super().__init__()
        self.stem, self.norm = nn.Conv2d(1, 16, 2, 2), nn.LayerNorm(16)
        self.left, self.right, self.last = nn.Linear(16, 24), nn.Linear(16, 24, bias=False), nn.Linear(24, 3)

    def forward(self, image):
        x = self.norm(self.stem(image).flatten(2).mT)
        return self.last((self.left(x) * torch.sigmoid(self.right(x))).mean(1))


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    made = Network().eval().requires_grad_(False)
    nn.init.uniform_(made.norm.weight, 0.8, 1.2)
    nn.init.normal_(made.norm.bias)
    return made


@pytest.fixture(scope="module")
def needs(network):
    return find_needs(network, torch.rand(1, 1, 8, 8))


def holds(needs, values):
    """Whether one of the tensors that a program may hold is this one."""
    wanted = values.double().numpy()
    found = (item.values for need in needs for item in need.candidates())
    return any(item.shape == wanted.shape and np.allclose(item, wanted, rtol=1e-12) for item in found)


def test_the_folded_weights_are_those_that_give_the_same_answers(network, needs):
    x = torch.rand(5, 16, dtype=torch.float64)
    norm, left = network.norm, network.left
    weight = left.weight.double() @ torch.diag(norm.weight.double())
    bias = left.weight.double() @ norm.bias.double() + left.bias.double()
    plain = nn.functional.layer_norm(x, (16,), eps=norm.eps)
    wanted = nn.functional.linear(
        plain * norm.weight.double() + norm.bias.double(), left.weight.double(), left.bias.double()
    )
    assert torch.allclose(nn.functional.linear(plain, weight, bias), wanted)
    assert holds(needs, weight)
    assert holds(needs, bias)
    assert holds(needs, left.weight)  # and as they are, where a converter folds nothing
    assert holds(needs, norm.weight)


@pytest.fixture(scope="module")
def graph(network, tmp_path_factory):
    contract = Contract.build(
        model="small",
        labels=("a", "b", "c"),
        input=InputSpec("image", "tensor", 8, 8, 1, "NCHW", "float32"),
        camera=CameraSpec(),
        normalization=Normalization((0.4,), (0.3,)),
        output=OutputSpec("logits", "logits"),
    )
    path = tmp_path_factory.mktemp("fed") / "small.tflite"
    path.write_bytes(convert_float(network, contract, "tensor"))
    return prover.read_graph(path)


def findings(graph, needs):
    return compare_with_original(prover.view(graph), prover.KINDS, needs).findings


def list_dense(graph, rows):
    """Names of the weights of dense layers with so many outputs."""
    dense = [node.inputs[1] for node in graph.nodes if node.operator == "FULLY_CONNECTED"]
    return [name for name in dense if graph.tensors[name].constant.shape[0] == rows]


def test_a_file_whose_dense_layers_took_them_passes(network, needs, graph):
    names = list_dense(graph, 24)
    assert len(names) == 2
    stored = [graph.tensors[name].constant for name in names]
    factor = network.norm.weight.numpy()
    assert any(np.allclose(values, network.left.weight.numpy() * factor) for values in stored)  # it does fold
    assert findings(graph, needs) == []


def test_a_changed_weight_of_such_a_layer_is_found(needs, graph):
    name = list_dense(graph, 24)[0]
    values = graph.tensors[name].constant.copy()
    values[3] *= 1.01
    tensors = {**graph.tensors, name: replace(graph.tensors[name], constant=values)}
    found = findings(Graph(graph.nodes, tensors, graph.inputs, graph.outputs), needs)
    assert [finding.where for finding in found] == [name]
