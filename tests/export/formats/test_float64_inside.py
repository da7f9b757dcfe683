"""Networks that compute in float64 in the middle: forms and ranges for float32 leave those operators alone."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from fer_edge.export.parity.tolerances import TOLERANCES
from fer_edge.export.rewrites.single_precision import rewrite_single
from fer_edge.runtime.camera import to_tensor
from fer_edge.runtime.containers.embedded import read_embedded_contract
from fer_edge.runtime.contract import Contract
from fer_edge.runtime.model import open_artifact

OPERATIONS = {
    "mean over pixels": lambda x: x - x.mean((2, 3), keepdim=True),
    "mean without the axes": lambda x: x - x.mean((-1, -2))[:, :, None, None],
    "hard-swish": functional.hardswish,
    "hard-sigmoid": functional.hardsigmoid,
    "products and sums": lambda x: torch.sigmoid(x * x + x) * x,
    "activations": lambda x: functional.relu6(functional.relu(x)),
    "maximum": lambda x: functional.max_pool2d(x, 3, 1, 1),
    "matrix product": lambda x: x @ x.transpose(2, 3) / 10,
}


class InFloat64(nn.Module):
    def __init__(self, operation):
        super().__init__()
        self.operation = operation

    def forward(self, features):
        return self.operation(features.double()).float()


@pytest.mark.parametrize("name", OPERATIONS)
def test_float32_stands_in_where_a_format_has_no_float64(name):
    network, notes = nn.Sequential(nn.Conv2d(1, 4, 3), InFloat64(OPERATIONS[name])).eval(), []
    image = torch.randn(1, 1, 12, 12, generator=torch.Generator().manual_seed(0))
    single = rewrite_single(network, image, notes)
    assert single is not network
    assert notes == []
    values = torch.export.export(single, (image,)).graph.nodes
    assert all(
        node.meta["val"].dtype == torch.float32
        for node in values
        if isinstance(node.meta.get("val"), torch.Tensor)
    )
    assert torch.allclose(single(image), network(image), rtol=1e-5, atol=1e-5)


def test_a_network_that_needs_float64_keeps_it():
    network, notes = InFloat64(lambda x: (x + 1e9) - 1e9).eval(), []
    assert rewrite_single(network, torch.zeros(1, 1, 4, 4), notes) is network
    assert notes[0].startswith("float32 for float64 is left out: its answers differ from the network's by")


def test_tflite_answers_as_the_original(fresh_source, convert, pictures):
    network = fresh_source.module
    network.project = nn.Sequential(network.project, InFloat64(OPERATIONS["mean over pixels"])).eval()
    path = convert("tflite-fp32", fresh_source)
    contract = Contract.parse(read_embedded_contract(path))
    answers = open_artifact(path, contract).run(to_tensor(pictures[0], contract)).ravel()
    with torch.no_grad():
        logits = network(torch.from_numpy(to_tensor(pictures[0], fresh_source.contract)))
    assert np.abs(answers - torch.softmax(logits, 1).numpy()[0]).max() < 1e-5


@pytest.mark.parametrize("name", OPERATIONS)
def test_onnx_int8_answers_as_the_original(name, fresh_source, calibration, convert, pictures):
    network = fresh_source.module
    network.project = nn.Sequential(network.project, InFloat64(OPERATIONS[name])).eval()
    path = convert("onnx-int8", fresh_source, calibration)
    model = open_artifact(path, Contract.parse(read_embedded_contract(path)))
    tensors = [to_tensor(picture, fresh_source.contract) for picture in pictures[:8]]
    answers = np.concatenate([model.run(tensor).reshape(1, -1) for tensor in tensors])
    with torch.no_grad():
        logits = torch.cat([network(torch.from_numpy(tensor)) for tensor in tensors])
    assert np.abs(answers - torch.softmax(logits, 1).numpy()).max() < TOLERANCES["int8"].max_abs
