"""Filters of zeros, or nearly, with an ordinary bias: int8 keeps the bias, which is all that they answer."""

import numpy as np
import pytest
import torch
from torch import nn

from fer_edge.export.formats.protocol import ModelAndContract
from fer_edge.export.formats.tflite.bias import BIAS_LIMIT, with_floors
from fer_edge.export.formats.tflite.flatbuffer import TFLite
from fer_edge.runtime.camera import to_tensor
from fer_edge.runtime.containers.embedded import read_embedded_contract
from fer_edge.runtime.contract import Contract
from fer_edge.runtime.model import open_artifact


class DeadFilters(nn.Module):
    """One filter of each kind of layer is as small as ``size``; its bias is 0.5 or -3."""

    def __init__(self, size):
        super().__init__()
        torch.manual_seed(0)
        self.conv = nn.Conv2d(1, 8, 3, 2, 1)
        self.depthwise = nn.Conv2d(8, 8, 3, 1, 1, groups=8)
        self.transposed = nn.ConvTranspose2d(8, 8, 2, 2)
        self.grouped = nn.Conv2d(8, 8, 3, 2, 1, groups=2)
        self.hidden = nn.Linear(8, 8)
        self.last = nn.Linear(8, 4)
        with torch.no_grad():
            for layer in (self.conv, self.depthwise, self.transposed, self.grouped, self.hidden):
                dead = layer.weight[:, :2] if layer is self.transposed else layer.weight[:2]
                dead.mul_(size)
                layer.bias[:2] = torch.tensor([0.5, -3.0])
            self.last.weight.mul_(4)

    def forward(self, image):
        found = torch.relu(self.depthwise(torch.relu(self.conv(image))))
        found = torch.relu(self.grouped(torch.relu(self.transposed(found))))
        return self.last(torch.relu(self.hidden(found.mean((2, 3)))))


@pytest.mark.parametrize(("form", "size"), [("tflite", 0.0), ("tflite", 1e-9), ("onnx", 0.0)])
def test_int8_answers_as_the_original(form, size, source, calibration, convert, pictures):
    network = DeadFilters(size).eval()
    path = convert(f"{form}-int8", ModelAndContract(network, source.contract), calibration)
    contract = Contract.parse(read_embedded_contract(path))
    model = open_artifact(path, contract)
    answers = np.stack([model.run(to_tensor(picture, contract)).ravel() for picture in pictures[:8]])
    tensors = [torch.from_numpy(to_tensor(picture, source.contract)) for picture in pictures[:8]]
    with torch.no_grad():
        expected = torch.softmax(torch.cat([network(tensor) for tensor in tensors]), 1).numpy()
    assert np.abs(answers - expected).max() < 0.03


def test_every_bias_of_the_file_is_the_networks(source, calibration, convert):
    from ai_edge_litert.schema_py_generated import TensorType

    network = DeadFilters(0.0).eval()
    file = TFLite.read(
        convert("tflite-int8", ModelAndContract(network, source.contract), calibration).read_bytes()
    )
    found = {}
    for tensor in file.graph.tensors:
        if tensor.type == TensorType.INT32 and tensor.quantization.scale is not None:
            steps = np.frombuffer(bytes(file.model.buffers[tensor.buffer].data), np.int32).astype(np.int64)
            assert np.abs(steps).max() < 1.5 * BIAS_LIMIT
            found[tensor.name] = steps * np.asarray(tensor.quantization.scale, np.float64)
    wanted = [layer.bias.detach().numpy() for layer in network.children()]
    assert len(found) == len(wanted)
    for bias in wanted:
        assert any(len(bias) == len(other) and np.abs(bias - other).max() < 0.01 for other in found.values())


def test_ranges_stay_as_they_are_where_no_bias_overflows(source):
    from fer_edge.export.formats.tflite.converter import convert_float

    model = convert_float(source.module, source.contract, "tensor")
    names = [tensor.name.decode() for tensor in TFLite.read(model).graph.tensors]
    ranges = {
        name: {"min": np.full((1,), -4, np.float32), "max": np.full((1,), 4, np.float32)} for name in names
    }
    assert with_floors(model, ranges) is ranges
