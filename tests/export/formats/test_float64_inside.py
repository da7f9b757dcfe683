"""Networks that compute in float64 in the middle: forms and ranges for float32 leave those operators alone."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from fer_edge.export.limits import limit_of
from fer_edge.runtime.camera import to_tensor
from fer_edge.runtime.containers import read_embedded_contract
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
def test_onnx_int8_answers_as_the_original(name, fresh_source, calibration, convert, pictures):
    network = fresh_source.module
    network.project = nn.Sequential(network.project, InFloat64(OPERATIONS[name])).eval()
    path = convert("onnx-int8", fresh_source, calibration)
    model = open_artifact(path, Contract.parse(read_embedded_contract(path)))
    tensors = [to_tensor(picture, fresh_source.contract) for picture in pictures[:8]]
    answers = np.concatenate([model.run(tensor).reshape(1, -1) for tensor in tensors])
    with torch.no_grad():
        logits = torch.cat([network(torch.from_numpy(tensor)) for tensor in tensors])
    assert np.abs(answers - torch.softmax(logits, 1).numpy()).max() < limit_of("int8").max_abs
