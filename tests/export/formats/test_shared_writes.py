"""What is written into a part of a tensor that is read again reaches the file, in Core ML and in TFLite."""

import inspect

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from fer_edge.export.capture.recording import record
from fer_edge.export.formats.coreml import converter as coreml
from fer_edge.export.formats.coreml.weight_audit import audit_coreml
from fer_edge.export.formats.protocol import ModelAndContract, Request
from fer_edge.export.formats.tflite import converter as tflite
from fer_edge.runtime.contract import CameraSpec, Contract, InputSpec, Normalization, OutputSpec
from fer_edge.runtime.errors import ExportError
from fer_edge.runtime.model import open_artifact
from fer_edge.runtime.variants import Variant

CONTRACT = Contract.build(
    model="small", labels=("a", "b", "c"), input=InputSpec("image", "tensor", 32, 32, 3, "NCHW", "float32"),
    camera=CameraSpec(), normalization=Normalization((0.5,) * 3, (0.5,) * 3), output=OutputSpec("logits", "logits"),
)  # fmt: skip
EXAMPLE = torch.randn((1, 3, 32, 32), generator=torch.Generator().manual_seed(1))


def channel_scaled(x):
    v = x[:, 1]
    v.mul_(-3)
    return x


def half_activated(x):
    functional.relu6(x[:, :4], inplace=True)
    return x


def zeroed(x):
    x[:, 0] = 0
    return x


def region_set(x):
    x[:, :, 3:7, ::2] = x[:, :, 4:8, 1::2] * 2
    return x


def seen_through_a_reshape(x):
    x.flatten(2).clamp_(-0.5, 0.5)
    return x


def filled_anew(x):
    out = torch.zeros(x.shape)
    out[:, :4] = x[:, 4:]
    return out - x


def added_to_a_half(x):
    first, second = x.chunk(2, 1)
    first += second
    return x


def pooled_after(x):
    x[:, 2] *= 2
    return functional.avg_pool2d(x, 3, 2, ceil_mode=True)


SHARED = (channel_scaled, half_activated, zeroed, region_set, seen_through_a_reshape, filled_anew,
          added_to_a_half, pooled_after)  # fmt: skip


def activated(x):
    return functional.relu_(x) + x


def only_the_view_goes_on(x):
    return functional.relu_(x.flatten(2))[..., None]


def shuffled(x):
    first, second = x.chunk(2, 1)
    return torch.cat((first, functional.relu(second, inplace=False)), 1)


def written_twice(x):
    y = x
    x += 1
    x *= y
    return x


NOT_SHARED = (activated, only_the_view_goes_on, shuffled, written_twice)


class Network(nn.Module):
    def __init__(self, operation):
        super().__init__()
        torch.manual_seed(0)
        self.a, self.n, self.fc = nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.Linear(8, 3)
        self.n.running_mean.normal_()
        self.operation = operation
        self.eval().requires_grad_(False)

    def forward(self, x):
        x = self.operation(self.n(self.a(x)) * 2).flatten(2)
        return self.fc((x * torch.linspace(0.5, 1.5, x.shape[2])).mean(2))


def convert(converter, name, network, path):
    return converter.convert(
        Request(Variant.parse(name), ModelAndContract(network, CONTRACT), None, path, {})
    )


def answers(network):
    found = torch.softmax(network(EXAMPLE), 1).numpy()
    assert found.max() < 0.99, "too sure to show a difference"
    return found


@pytest.mark.parametrize("operation", SHARED)
def test_core_ml_holds_the_write(operation, tmp_path, mil):
    network, path = Network(operation), tmp_path / "a.mlpackage"
    convert(coreml, "coreml-fp32", network, path)
    found = mil.Program(path).run(EXAMPLE.numpy())["probabilities"].numpy()
    assert np.abs(found - answers(network)).max() < 1e-5
    assert audit_coreml(path, ModelAndContract(network, CONTRACT)).findings == ()


@pytest.mark.parametrize("operation", [half_activated, zeroed])
def test_tflite_holds_the_write(operation, tmp_path):
    network, path = Network(operation), tmp_path / "a.tflite"
    contract = convert(tflite, "tflite-fp32", network, path)
    image = np.ascontiguousarray(EXAMPLE.numpy().transpose(0, 2, 3, 1))
    found = open_artifact(path, contract, threads=1).run(image)
    assert np.abs(found - answers(network)).max() < 1e-5


@pytest.mark.parametrize("operation", SHARED)
def test_the_line_that_writes_is_found(operation):
    writes = record(Network(operation), EXAMPLE).shared
    first = inspect.getsourcelines(operation)[1]
    lines = range(first, first + len(inspect.getsource(operation).splitlines()))
    assert writes
    assert all(write.place.file == __file__ and write.place.line in lines for write in writes)


@pytest.mark.parametrize("operation", NOT_SHARED)
def test_writes_that_nobody_else_sees_are_no_alarm(operation):
    assert record(Network(operation), EXAMPLE).shared == []


def test_a_write_without_another_form_is_refused_by_name(tmp_path):
    def unread(x):
        x[:, 1].mul_(-3)
        assert not torch.isnan(x).any()
        return x

    with pytest.raises(ExportError, match=r"would lose what aten::mul_ at test_shared_writes\.py:\d+ writes"):
        convert(coreml, "coreml-fp32", Network(unread), tmp_path / "a.mlpackage")
    assert list(tmp_path.iterdir()) == []
