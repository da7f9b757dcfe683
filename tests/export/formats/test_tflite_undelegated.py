"""Operators without an int8 kernel of the delegate: a small transformer behind a convolution and a sized pool."""

import numpy as np
import pytest
import torch
from torch import nn

from fer_edge.export.formats.protocol import Calibration, ModelAndContract, Request
from fer_edge.export.formats.tflite import converter as tflite
from fer_edge.export.formats.tflite.flatbuffer import TFLite
from fer_edge.export.formats.tflite.undelegated import find_undelegated
from fer_edge.runtime.camera import to_tensor
from fer_edge.runtime.contract import CameraSpec, Contract, InputSpec, Normalization, OutputSpec
from fer_edge.runtime.engines.litert_delegation import delegation
from fer_edge.runtime.variants import Variant

SIDE, HEADS = 24, 2


class Network(nn.Module):
    """Gray 24x24 in, three logits out."""

    def __init__(self):
        super().__init__()
        self.stem, self.pool = nn.Conv2d(1, 16, 3, 2, 1), nn.AvgPool2d(2)
        self.token, self.norm, self.attended = (
            nn.Parameter(torch.rand(1, 1, 16)),
            nn.LayerNorm(16),
            nn.Linear(16, 48),
        )
        self.wide, self.gelu, self.narrow, self.last = (
            nn.Linear(16, 32),
            nn.GELU(),
            nn.Linear(32, 16),
            nn.Linear(16, 3),
        )

    def forward(self, image):
        x = torch.cat([self.token.expand(len(image), -1, -1), self.pool(self.stem(image)).flatten(2).mT], 1)
        parts = (
            self.attended(self.norm(x)).reshape(len(image), -1, 3, HEADS, 16 // HEADS).permute(2, 0, 3, 1, 4)
        )
        query, key, value = parts.unbind()
        x = x + (torch.softmax(query @ key.mT / 4, -1) @ value).transpose(1, 2).flatten(2)
        return self.last((x + self.narrow(self.gelu(self.wide(x)))).mean(1))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    torch.manual_seed(0)
    torch.set_num_threads(1)
    network = Network().eval()
    contract = Contract.build(
        model="small",
        labels=("neutral", "happiness", "surprise"),
        input=InputSpec("image", "tensor", SIDE, SIDE, 1, "NCHW", "float32"),
        camera=CameraSpec(),
        normalization=Normalization((0.4,), (0.3,)),
        output=OutputSpec("logits", "logits"),
    )
    coarse = np.random.default_rng(0).integers(0, 256, (24, 3, 3, 3), dtype=np.uint8)
    images = coarse.repeat(SIDE // 3, 1).repeat(SIDE // 3, 2)
    tensors = torch.from_numpy(np.concatenate([to_tensor(image, contract) for image in images]))
    with torch.no_grad():
        network.last.weight.mul_(2 / network(tensors).std(0).mean())
        network.last.bias.sub_(network(tensors).mean(0))
        expected = torch.softmax(network(tensors), 1).numpy()
    calibration = Calibration(images[:16], images[16:], expected[16:])
    folder, memo, files = tmp_path_factory.mktemp("undelegated"), {}, {}
    for precision in ("fp32", "int8"):
        variant = Variant("tflite", precision)
        files[precision] = folder / variant.filename("small")
        source = ModelAndContract(network, contract)
        tflite.convert(Request(variant, source, calibration, files[precision], memo))
    return files, min(memo["tflite calibrated tensor"].distances.values())


def list_operators(path):
    """(operator, type of what it makes), in the file's order."""
    from ai_edge_litert.schema_py_generated import BuiltinOperator, TensorType

    words, types = (
        {number: word for word, number in vars(kind).items() if isinstance(number, int)}
        for kind in (BuiltinOperator, TensorType)
    )
    file = TFLite.read(path.read_bytes())
    codes = [words[code.builtinCode] for code in file.model.operatorCodes]
    tensors = file.graph.tensors
    return [(codes[one.opcodeIndex], types[tensors[one.outputs[0]].type]) for one in file.graph.operators]


def test_the_delegate_takes_the_int8_file_in_one_piece(made):
    found = delegation(made[0]["int8"])
    assert (found.partitions, found.leftover) == (1, ())


def test_such_operators_stay_in_float_and_sums_do_not(made):
    operators = list_operators(made[0]["int8"])
    in_float = {word for word, kind in operators if kind == "FLOAT32"}
    assert in_float >= {"AVERAGE_POOL_2D", "BATCH_MATMUL", "CONCATENATION", "GELU", "RSQRT"}
    dense = [kind for word, kind in operators if word == "FULLY_CONNECTED"]
    assert dense == ["INT8"] * 4


def test_it_answers_as_the_original(made):
    assert made[1] < 0.01


def test_nothing_stays_in_float_where_the_delegate_takes_everything():
    layers = nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 22 * 22, 3)
    contract = Contract.build(
        model="small",
        labels=("a", "b", "c"),
        input=InputSpec("image", "tensor", SIDE, SIDE, 1, "NCHW", "float32"),
        camera=CameraSpec(),
        normalization=Normalization((0.4,), (0.3,)),
        output=OutputSpec("logits", "logits"),
    )
    assert find_undelegated(tflite.convert_float(nn.Sequential(*layers).eval(), contract, "tensor")) == set()
