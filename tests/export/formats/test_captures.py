"""Where one way of reading a network fails, a file is made by the other, and says so."""

import numpy as np
import pytest
import torch
from torch import nn

from fer_edge.export.capture.graphs import export_graph, trace_graph
from fer_edge.export.formats import find_format
from fer_edge.export.formats.coreml.weight_audit import audit_coreml
from fer_edge.export.formats.protocol import ModelAndContract, Request
from fer_edge.runtime.contract import CameraSpec, Contract, InputSpec, Normalization, OutputSpec
from fer_edge.runtime.errors import ExportError
from fer_edge.runtime.model import open_artifact
from fer_edge.runtime.variants import Variant

CONTRACT = Contract.build(
    model="small", labels=("a", "b", "c"), input=InputSpec("image", "tensor", 32, 32, 3, "NCHW", "float32"),
    camera=CameraSpec(), normalization=Normalization((0.5,) * 3, (0.5,) * 3), output=OutputSpec("logits", "logits"),
)  # fmt: skip
EXAMPLE = torch.randn((1, 3, 32, 32), generator=torch.Generator().manual_seed(1))


class LeanSwish(torch.autograd.Function):
    """An activation that saves memory in training, as EfficientNet-PyTorch has it."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * torch.sigmoid(x)

    @staticmethod
    def backward(ctx, gradient):
        raise NotImplementedError


def checked(x):
    assert not torch.isnan(x).any(), "a picture of NaN"
    return torch.relu(x)


class Network(nn.Module):
    def __init__(self, activation):
        super().__init__()
        torch.manual_seed(0)
        self.a, self.n, self.fc = nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8), nn.Linear(8, 3)
        self.n.running_mean.normal_()
        self.activation = activation
        self.eval().requires_grad_(False)

    def forward(self, x):
        x = self.activation(self.n(self.a(x))).flatten(2)
        return self.fc((x * torch.linspace(0.5, 1.5, x.shape[2])).mean(2)) * 4


NOT_TRACED, NOT_EXPORTED = Network(LeanSwish.apply), Network(checked)


def converted(network, name, folder, memo=None):
    variant = Variant.parse(name)
    path = folder / variant.filename("small")
    request = Request(variant, ModelAndContract(network, CONTRACT), None, path, {} if memo is None else memo)
    return path, find_format(variant.format).load().convert(request), request.notes


def answers(network):
    return torch.softmax(network(EXAMPLE), 1).numpy()


def layout(contract):
    image = EXAMPLE.numpy()
    return image if contract.input.layout == "NCHW" else np.ascontiguousarray(image.transpose(0, 2, 3, 1))


@pytest.mark.parametrize(
    ("network", "name", "capture"),
    [
        (NOT_TRACED, "torchscript-fp32", "what torch.export reads"),
        (NOT_EXPORTED, "onnx-fp32", "what torch.jit.trace reads"),
        (NOT_EXPORTED, "tflite-fp32", "what torch.jit.trace reads"),
    ],
)
def test_the_other_capture_is_taken_and_noted(network, name, capture, tmp_path):
    path, contract, notes = converted(network, name, tmp_path)
    assert [capture in note for note in notes] == [True]
    found = open_artifact(path, contract, threads=1).run(layout(contract))
    assert np.abs(found - answers(network)).max() < 1e-5


def test_core_ml_takes_the_other_capture_for_every_variant(tmp_path, mil):
    memo = {}
    for name in ("coreml-fp32", "coreml-w8"):
        path, _, notes = converted(NOT_TRACED, name, tmp_path, memo)
        assert ["what torch.export reads" in note for note in notes] == [True]
        assert audit_coreml(path, ModelAndContract(NOT_TRACED, CONTRACT)).findings == ()
        found = mil.Program(path).run(EXAMPLE.numpy())["probabilities"].numpy()
        assert np.abs(found - answers(NOT_TRACED)).max() < (1e-5 if name == "coreml-fp32" else 0.02)


@pytest.mark.parametrize(("network", "name"), [(NOT_EXPORTED, "torchscript-fp32"), (NOT_TRACED, "onnx-fp32")])
def test_nothing_is_noted_where_the_first_capture_holds(network, name, tmp_path):
    assert converted(network, name, tmp_path)[2] == []


@pytest.mark.parametrize(("capture", "network"), [(export_graph, NOT_TRACED), (trace_graph, NOT_EXPORTED)])
def test_what_a_capture_makes_keeps_weights_and_answers(capture, network):
    found = capture(network, EXAMPLE)
    assert torch.allclose(found(EXAMPLE), network(EXAMPLE), atol=1e-6)
    held = dict(found.named_parameters())
    assert torch.equal(held["a.weight"], network.a.weight)


@pytest.mark.parametrize(("capture", "network"), [(trace_graph, NOT_TRACED), (export_graph, NOT_EXPORTED)])
def test_a_capture_that_ends_says_why(capture, network):
    with pytest.raises(ExportError, match=r"torch\.(jit\.trace|export) refused the network: \w+"):
        capture(network, EXAMPLE)


def test_where_no_capture_leads_to_a_file_the_first_reason_is_said(tmp_path):
    network = Network(lambda x: torch.linalg.svd(x.flatten(2))[0].sum(-1)[..., None, None] * x)
    with pytest.raises(ExportError, match=r"Core ML conversion failed"):
        converted(network, "coreml-fp32", tmp_path)
    assert list(tmp_path.iterdir()) == []
