"""A tensor that some of its readers get rounded anew: its operator answers for its own scale, the QUANTIZE behind it for the other."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from fer_edge.export.faithful.layers.compare import compare_layers
from fer_edge.export.faithful.layers.readings import plan_readings
from fer_edge.export.faithful.layers.recording import UNROUNDED, Grid, Step
from fer_edge.export.formats import find_format
from fer_edge.export.formats.protocol import ModelAndContract, Request
from fer_edge.export.formats.tflite.flatbuffer import TFLite
from fer_edge.export.formats.tflite.roundings import Conversion, find_roundings
from fer_edge.export.reference_model.inference import outputs, probabilities
from fer_edge.runtime.variants import Variant


class Ghost(nn.Module):
    """GhostNet's block twice: a convolution's answer goes on, and into two concatenations with larger numbers."""

    def __init__(self, labels):
        super().__init__()
        torch.manual_seed(0)
        self.primary = nn.Conv2d(1, 8, 5, 4, 2)
        self.cheap = nn.Conv2d(8, 8, 3, 1, 1, groups=8)
        self.wide = nn.Conv2d(16, 8, 1)
        self.last = nn.Linear(16, labels)
        with torch.no_grad():
            self.cheap.weight.mul_(3)
            self.wide.weight.mul_(5)
            self.last.weight.mul_(3)

    def forward(self, image):
        primary = torch.relu(self.primary(image))
        both = torch.cat([primary, torch.relu(self.cheap(primary))], 1)
        return self.last(torch.cat([primary, torch.relu(self.wide(both))], 1).mean((2, 3)))


@pytest.fixture(scope="module")
def ghost(source, calibration, pictures, tmp_path_factory):
    """The path of its int8 file, and the comparison of a file's layers."""
    contract = source.contract
    network = Ghost(len(contract.labels)).eval().requires_grad_(False)
    held_out = calibration.held_out
    answers = probabilities(outputs(network, contract, held_out), contract)
    calibrated = replace(calibration, reference=answers)
    folder, memo, made = tmp_path_factory.mktemp("ghost"), {}, {}
    for name in ("tflite-fp32", "tflite-int8"):
        path = folder / f"{name}.tflite"
        request = Request(Variant.parse(name), ModelAndContract(network, contract), calibrated, path, memo)
        made[name] = path, find_format("tflite").load().convert(request)
    path, own = made["tflite-int8"]

    def compare(changed=path):
        return compare_layers(
            find_format("tflite").load_recorders(), changed, Variant.parse("tflite-int8"), own,
            made["tflite-fp32"][0], pictures, (network, contract),
        )  # fmt: skip

    return path, compare


def test_a_right_file_passes_and_every_rounding_is_judged(ghost):
    found = ghost[1]()
    assert found.verdict == "pass", found.reason
    assert found.unaligned == ()
    anew = [layer for layer in found.layers if layer.operator == "QUANTIZE"]
    assert [layer.module for layer in anew] == ["primary", "primary"]
    # 1.7 times the step: the nearest number, half a step away at most. 3.3 times: rounded to halves of a step, then to whole ones.
    assert [layer.worst for layer in anew] == pytest.approx([0.5, 0.75], abs=0.01)
    assert all(layer.excess_db < 0.5 for layer in found.layers)


def test_a_wrong_weight_is_named_where_it_is(ghost, tmp_path):
    file = TFLite.read(ghost[0].read_bytes())
    weights = next(one for one in file.graph.tensors if list(one.shape) == [1, 5, 5, 8])
    buffer = file.model.buffers[weights.buffer]
    values = np.array(np.asarray(buffer.data, np.uint8)).view(np.int8)
    values[::8] = 0
    buffer.data = values.view(np.uint8)
    path = tmp_path / "wrong.tflite"
    path.write_bytes(file.write())
    found = ghost[1](path)
    assert [layer.module for layer in found.failed] == ["primary"], found.reason


def test_a_quantize_that_reads_another_tensor_is_found(ghost, tmp_path):
    from ai_edge_litert.schema_py_generated import BuiltinOperator

    file = TFLite.read(ghost[0].read_bytes())
    codes = [int(code.builtinCode) for code in file.model.operatorCodes]
    between = [
        one for one in file.graph.operators
        if codes[one.opcodeIndex] == BuiltinOperator.QUANTIZE and file.graph.tensors[int(one.inputs[0])].quantization.scale is not None
    ]  # fmt: skip
    first, cheap = [
        one for one in file.graph.operators if codes[one.opcodeIndex] == BuiltinOperator.DEPTHWISE_CONV_2D
    ]
    assert len(between) == 2
    assert [int(one.inputs[0]) for one in between] == [int(first.outputs[0])] * 2
    between[1].inputs = [int(cheap.outputs[0])]
    path = tmp_path / "wrong.tflite"
    path.write_bytes(file.write())
    assert ghost[1](path).verdict == "fail"


def test_names_follow_what_is_rounded_how_often():
    grids = {1: Grid(0.1), 2: Grid(0.2), 3: Grid(0.1, 128, 0, 255), 5: Grid(0.1), 6: Grid(0.3)}
    names = {0: "f", 1: "f", 2: "f", 3: "f", 4: "f", 5: "f", 6: "f", 7: "f"}
    ways = [(0, 1), (1, 2), (1, 3), (2, 4), (0, 5), (0, 6), (6, 7)]
    found = find_roundings((Conversion(*way) for way in ways), names, grids.get, ())
    # 3 holds the same numbers as 1, 4 is 2 in float, 5 the first quantization once more, 6 another one.
    assert {index for index, name in found.kept.items() if name == "f"} == {0, 1, 3, 5}
    assert found.kept[4] == found.kept[2] != found.kept[6] == found.kept[7]
    assert found.anew == {found.kept[2]: "f", found.kept[6]: "f" + UNROUNDED}
    assert found.twice == {0}
    assert set(found.plain.values()) == {"f"}


def test_operators_that_read_one_tensor_differently_are_replayed_apart():
    def step(name, *inputs, **readings):
        return Step("X", inputs, (), (name,), readings=readings)

    steps = [step("a", "x", "y"), step("b", "x", x="x1"), step("c", "x", "y", y="y1"), step("d", "y", y="y1")]
    first, second = plan_readings(steps, {"b": "B"})
    assert (first.outputs, first.fed) == ({"B", "d"}, {"x": "x1", "y": "y1"})
    assert (second.outputs, second.fed) == ({"c"}, {"x": "x", "y": "y1"})
