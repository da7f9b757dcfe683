"""Networks whose int8 files no runtime opened or ran: biases of four axes, position codes, divisors near 0, activations that are always 0."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from fer_edge.export.formats.protocol import ModelAndContract
from fer_edge.export.formats.tflite.dead_ranges import widen_dead
from fer_edge.export.formats.tflite.flatbuffer import TFLite
from fer_edge.export.formats.tflite.undelegated import find_undelegated
from fer_edge.runtime.camera import to_tensor
from fer_edge.runtime.containers.embedded import read_embedded_contract
from fer_edge.runtime.contract import Contract
from fer_edge.runtime.model import open_artifact


class Scaled(nn.Module):
    """EdgeNeXt's block: dense layers over channels, scaled, and a position code that is computed anew for each picture."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.stem, self.wide, self.narrow = nn.Conv2d(1, 16, 3, 4, 1), nn.Linear(16, 32), nn.Linear(32, 16)
        self.factor, self.token, self.last = (
            nn.Parameter(torch.rand(16) + 0.5),
            nn.Conv2d(16, 16, 1),
            nn.Linear(16, 4),
        )
        with torch.no_grad():
            self.last.weight.mul_(4)

    def forward(self, image):
        x = self.stem(image)
        x = x + self.token(self.code(x.shape[2])).expand(len(x), -1, -1, -1)
        scaled = self.factor * self.narrow(torch.relu(self.wide(x.permute(0, 2, 3, 1))))
        x = x + scaled.permute(0, 3, 1, 2)
        return self.last((x / (0.001 + x.abs().sum(1, keepdim=True))).mean((2, 3)))

    def code(self, edge):
        places = torch.arange(1, edge + 1, dtype=torch.float32).reshape(1, 1, -1, 1) / edge
        steps = 10000 ** (2 * torch.div(torch.arange(16), 2, rounding_mode="floor") / 16).reshape(1, -1, 1, 1)
        return (places * 6.28 / steps).sin().expand(1, 16, edge, edge)


class Dead(nn.Module):
    """The middle convolution's ReLU never opens; what follows answers its bias."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.stem, self.middle, self.behind, self.last = (
            nn.Conv2d(1, 8, 3, 2, 1),
            nn.Conv2d(8, 8, 3, 1, 1),
            nn.Conv2d(8, 8, 1),
            nn.Linear(8, 4),
        )
        with torch.no_grad():
            self.middle.bias.fill_(-100)
            self.last.weight.mul_(8)

    def forward(self, image):
        x = torch.relu(self.stem(image))
        return self.last((x + self.behind(torch.relu(self.middle(x)))).mean((2, 3)))


def _answer(module, pictures, contract):
    tensors = [torch.from_numpy(to_tensor(picture, contract)) for picture in pictures]
    with torch.no_grad():
        return torch.softmax(torch.cat([module(tensor) for tensor in tensors]), 1).numpy()


@pytest.mark.parametrize("network", [Scaled, Dead])
def test_int8_opens_and_answers_as_the_original(network, source, calibration, convert, pictures):
    module = network().eval().requires_grad_(False)
    its_own = replace(calibration, reference=_answer(module, calibration.held_out, source.contract))
    path = convert("tflite-int8", ModelAndContract(module, source.contract), its_own)
    contract = Contract.parse(read_embedded_contract(path))
    model = open_artifact(path, contract)
    answers = np.stack([model.run(to_tensor(picture, contract)).ravel() for picture in pictures])
    expected = _answer(module, pictures, source.contract)
    assert np.ptp(expected, axis=0).max() > 0.01
    # As int8 is judged: a picture far beyond what calibrated may be cut off.
    assert np.quantile(np.abs(answers - expected).max(1), 0.9) < 0.03


def test_biases_have_one_axis_in_every_precision_and_codes_stay_in_float(source, convert):
    path = convert("tflite-fp32", ModelAndContract(Scaled().eval().requires_grad_(False), source.contract))
    file = TFLite.read(path.read_bytes())
    dense = [
        one for one in file.graph.operators if type(one.builtinOptions).__name__ == "FullyConnectedOptionsT"
    ]
    assert len(dense) == 3
    for one in dense:
        weight, bias = (file.graph.tensors[int(one.inputs[place])] for place in (1, 2))
        assert list(bias.shape) == [weight.shape[0]]
    left = find_undelegated(path.read_bytes())
    kept = {}
    for one in file.graph.operators:
        name = file.graph.tensors[int(one.outputs[0])].name.decode()
        kept.setdefault(type(one.builtinOptions).__name__, []).append(any(name in scope for scope in left))
    assert kept["DivOptionsT"] == [True, True]
    # The token's convolution reads the code alone; the stem, of one channel, the picture.
    assert (kept["Conv2DOptionsT"], kept["DepthwiseConv2DOptionsT"]) == ([True], [False])


def test_a_dead_range_is_as_wide_as_what_its_operator_reads(source, convert):
    path = convert("tflite-fp32", ModelAndContract(Dead().eval().requires_grad_(False), source.contract))
    model = path.read_bytes()
    graph = TFLite.read(model).graph
    names = [tensor.name.decode() for tensor in graph.tensors]
    alive = {name: {"min": np.float32([[-1]]), "max": np.float32([[3]])} for name in names}
    assert widen_dead(model, alive) is alive
    convolutions = [one for one in graph.operators if type(one.builtinOptions).__name__ == "Conv2DOptionsT"]
    dead = names[int(convolutions[1].outputs[0])]
    widened = widen_dead(model, {**alive, dead: {"min": np.float32([[0]]), "max": np.float32([[0]])}})
    assert widened[dead] == {"min": 0, "max": 3}
    assert all(widened[name] is alive[name] for name in names if name != dead)
