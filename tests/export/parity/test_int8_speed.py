"""The speed of int8, on a clock that the test turns."""

import numpy as np
import pytest
import torch

from fer_edge.export.formats import find_format
from fer_edge.export.formats.protocol import Calibration, ModelAndContract, Request
from fer_edge.export.parity.int8_speed import PAYS_BELOW, describe_slow_int8, measure_ratio
from fer_edge.runtime.contract import CameraSpec, Contract, InputSpec, Normalization, OutputSpec
from fer_edge.runtime.model import open_artifact
from fer_edge.runtime.variants import Variant


class Clock:
    """Seconds that pass only when a call says so."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now

    def taking(self, seconds):
        def call():
            self.now += next(seconds) if hasattr(seconds, "__next__") else seconds

        return call


@pytest.mark.parametrize(("new", "old"), [(0.002, 0.001), (0.0005, 0.001), (3.0, 2.0)])
def test_the_ratio_of_two_steady_calls(new, old):
    clock = Clock()
    assert measure_ratio(clock.taking(new), clock.taking(old), clock) == pytest.approx(new / old)


def test_one_disturbed_call_does_not_decide():
    clock = Clock()
    disturbed = iter([0.2, 0.2, 9.0] + [0.2] * 1000)
    assert measure_ratio(clock.taking(disturbed), clock.taking(0.4), clock) == pytest.approx(0.5)


def test_calls_too_short_to_matter_are_not_compared():
    clock = Clock()
    assert measure_ratio(clock.taking(1.0), clock.taking(0.00005), clock) is None


class Deep(torch.nn.Module):
    """Many sums over few channels each: long enough to be timed."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.layers = torch.nn.Sequential(
            *(torch.nn.Conv2d(1 if i == 0 else 24, 24, 5, padding=2) for i in range(4))
        )
        self.last = torch.nn.Linear(24, 3)

    def forward(self, image):
        return self.last(torch.relu(self.layers(image)).mean((2, 3)))


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    contract = Contract.build(
        model="deep",
        labels=("a", "b", "c"),
        input=InputSpec("image", "tensor", 48, 48, 1, "NCHW", "float32"),
        camera=CameraSpec(),
        normalization=Normalization((0.5,), (0.5,)),
        output=OutputSpec("logits", "logits"),
    )
    pictures = np.random.default_rng(0).integers(0, 256, (8, 48, 48, 3), np.uint8)
    source, folder = ModelAndContract(Deep().eval(), contract), tmp_path_factory.mktemp("deep")
    calibration = Calibration(pictures, pictures[:0], np.zeros((0, 3), np.float32))
    found = {}
    for precision in ("fp32", "int8"):
        path = folder / f"{precision}.onnx"
        variant = Variant("onnx", precision)
        request = Request(variant, source, calibration, path)
        found[precision] = open_artifact(path, find_format("onnx").load().convert(request), threads=1)
    return found, pictures[0]


def test_a_slow_file_gets_a_sentence_with_what_to_do(models):
    found, picture = models
    # The slow int8 file of the field, exactly: fp32 takes the place of int8 and the other way round.
    said = describe_slow_int8(found["fp32"], found["int8"], picture)
    assert said.startswith("int8 is no faster than fp32 on this machine (onnxruntime ")
    assert "fer-bench" in said
    assert PAYS_BELOW < 1


def test_a_fast_one_gets_none(models):
    found, picture = models
    assert describe_slow_int8(found["int8"], found["fp32"], picture) is None
