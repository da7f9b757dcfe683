"""Hard-swish behind a convolution as two views of one uint8 tensor."""

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import numpy_helper
from torch import nn

from fer_edge.export.formats.onnx.hard_swish import align_ranges
from fer_edge.export.formats.protocol import Calibration, ModelAndContract
from fer_edge.runtime.camera import to_tensor


class Swish(nn.Module):
    """A stem of 100 products, so that nothing stays in float, and a hard-swish whose input grows with ``reach``."""

    def __init__(self, reach, labels):
        super().__init__()
        torch.manual_seed(1)
        self.stem = nn.Conv2d(1, 8, 10, 2, bias=False)
        self.swish, self.last = nn.Hardswish(), nn.Linear(8, labels)
        with torch.no_grad():
            self.stem.weight *= reach
            self.last.weight /= max(reach, 1.0)

    def forward(self, image):
        return self.last(self.swish(self.stem(image)).amax((2, 3)))


@pytest.fixture(scope="module")
def network(source):
    """``network(reach)``: the small network with the contract of the gray one."""
    return lambda reach: ModelAndContract(Swish(reach, len(source.contract.labels)).eval(), source.contract)


def constants(model):
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}


def answers(source, pictures):
    """PyTorch's probabilities, (n, labels) float32."""
    tensors = [torch.from_numpy(to_tensor(picture, source.contract)) for picture in pictures]
    with torch.no_grad():
        return np.concatenate([torch.softmax(source.module(tensor), 1).numpy() for tensor in tensors])


REACHES = [0.2, 5.0, 60.0]


@pytest.mark.parametrize("reach", REACHES)
def test_no_sum_is_left_and_the_answers_stay(reach, network, convert, calibration, pictures):
    source = network(reach)
    own = Calibration(calibration.scaled, calibration.held_out, answers(source, calibration.held_out))
    path = convert("onnx-int8", source, own)
    kinds = [node.op_type for node in onnx.load(path).graph.node]
    assert not {"Add", "HardSwish"} & set(kinds)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    inputs = [to_tensor(picture, source.contract) for picture in pictures]
    found = np.concatenate([session.run(None, {"image": item})[0] for item in inputs])
    differences = np.abs(found - answers(source, pictures)).max(axis=1)
    # What 256 steps cost here in the three-operator form too; a view read with a wrong zero point moves all answers.
    assert differences.mean() < 0.005
    assert differences.max() < 0.05


@pytest.mark.parametrize("reach", REACHES)
def test_both_views_read_the_same_bytes(reach, network, convert, calibration):
    model = onnx.load(convert("onnx-int8", network(reach), calibration))
    values, nodes = constants(model), list(model.graph.node)
    (clip,) = [node for node in nodes if node.op_type == "Clip"]
    (centered,) = [
        node for node in nodes if node.op_type == "DequantizeLinear" and node.input[0] == clip.input[0]
    ]
    scale, three = float(values[centered.input[1]]), int(values[centered.input[2]])
    assert scale * three == pytest.approx(3, rel=1e-6)
    assert values[clip.input[2]] == min(2 * three, 255)
    assert values[clip.input[2]].dtype == np.uint8


@pytest.mark.parametrize(("high", "steps"), [(765.0, 1), (9.0, 85), (8.9, 85), (3.0, 255), (0.5, 255)])
def test_three_is_a_whole_number_of_steps(high, steps):
    low, top = align_ranges({"h.above": (np.float32(0), np.float32(high))}, ["h"])["h.above"]
    assert low == 0
    assert top == np.float32(765 / steps)
    assert top >= high


def test_values_that_three_cannot_divide_keep_the_plain_form(network, convert, calibration):
    model = onnx.load(convert("onnx-int8", network(5000.0), calibration))
    kinds = [node.op_type for node in model.graph.node]
    assert kinds.count("Add") == 1
    assert constants(model).keys().isdisjoint({"hard_swish.six", "hard_swish.three"})
