"""Operators without an int8 kernel of the delegate: a network of convolutions, layer normalization, GELU and a sized pool."""

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

SIDE = 24


class Network(nn.Module):
    """Gray 24x24 in, three logits out."""

    def __init__(self):
        super().__init__()
        self.stem, self.pool = nn.Conv2d(1, 16, 3, 2, 1), nn.AvgPool2d(2)
        self.norm, self.wide, self.gelu = nn.LayerNorm(16), nn.Linear(16, 32), nn.GELU()
        self.narrow, self.last = nn.Linear(32, 16), nn.Linear(16, 3)

    def forward(self, image):
        pooled = self.pool(self.stem(image)).flatten(2).mT
        return self.last((pooled + self.narrow(self.gelu(self.wide(self.norm(pooled))))).mean(1))


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
    images = np.random.default_rng(0).integers(0, 256, (24, SIDE, SIDE, 3), dtype=np.uint8)
    tensors = torch.from_numpy(np.concatenate([to_tensor(image, contract) for image in images]))
    with torch.no_grad():
        network.last.weight.mul_(2 / network(tensors).std(0).mean())
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


def test_normalization_gelu_and_pool_stay_in_float_and_sums_do_not(made):
    operators = list_operators(made[0]["int8"])
    in_float = {word for word, kind in operators if kind == "FLOAT32"}
    assert in_float >= {"AVERAGE_POOL_2D", "GELU", "RSQRT", "SQUARED_DIFFERENCE"}
    sums = [kind for word, kind in operators if word in ("CONV_2D", "FULLY_CONNECTED")]
    assert sums[:-1] == ["INT8"] * (len(sums) - 1)  # the last one's logits are read by the softmax, in float


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
