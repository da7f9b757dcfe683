"""BatchNorm1d behind Linear goes into its weights: the same answers, in files that the engines open."""

import copy

import pytest
import torch
from torch import nn

from fer_edge.export.formats import find_format
from fer_edge.export.formats.protocol import Calibration, ModelAndContract, Request
from fer_edge.export.parity.answers import run
from fer_edge.export.rewrites.batch_norm import rewrite_linear
from fer_edge.runtime.camera import to_tensor
from fer_edge.runtime.contract import CameraSpec, Contract, InputSpec, Normalization, OutputSpec
from fer_edge.runtime.model import open_artifact
from fer_edge.runtime.variants import Variant

CONTRACT = Contract.build(
    model="small", labels=("a", "b", "c"), input=InputSpec("image", "tensor", 16, 16, 3, "NCHW", "float32"),
    camera=CameraSpec(), normalization=Normalization((0.5,) * 3, (0.5,) * 3), output=OutputSpec("logits", "logits"),
)  # fmt: skip


class Head(nn.Module):
    """Two pairs, with and without parameters of their own, and Python in between that no symbolic tracer follows."""

    def __init__(self, shared=False, side=False):
        super().__init__()
        self.a = nn.Conv2d(3, 8, 3, 2, 1)
        self.e, self.n = nn.Linear(8, 32, bias=False), nn.BatchNorm1d(32)
        self.f, self.m = nn.Linear(32, 16), nn.BatchNorm1d(16, affine=False)
        self.fc = nn.Linear(16, 3)
        self.side = side
        for item in (self.n, self.m):
            item.running_mean.normal_()
            item.running_var.uniform_(0.5, 2)
        nn.init.normal_(self.n.weight, 1, 0.3)
        nn.init.normal_(self.n.bias)
        if shared:
            self.m = self.n
            self.f, self.fc = nn.Linear(32, 32), nn.Linear(32, 3)

    def forward(self, x):
        x = torch.relu(self.a(x)).mean((2, 3))
        if x.shape[0] > 0:
            before = self.e(x)
            x = torch.relu(self.n(before))
        x = self.m(self.f(x)) + (before.mean() if self.side else 0)
        return self.fc(torch.relu(x))


def make(**options):
    torch.manual_seed(0)
    net = Head(**options).eval().requires_grad_(False)
    net.fc.weight *= 8
    return net


def test_both_pairs_are_folded_by_the_definition():
    net, example = make(), torch.rand(1, 3, 16, 16)
    state = copy.deepcopy(net.state_dict())
    found = rewrite_linear(net, example)
    assert isinstance(found.n, nn.Identity)
    assert isinstance(found.m, nn.Identity)
    scale = net.n.weight.double() / (net.n.running_var.double() + net.n.eps).sqrt()
    assert torch.allclose(found.e.weight.double(), net.e.weight.double() * scale[:, None], rtol=1e-6)
    assert torch.allclose(found.e.bias.double(), net.n.bias - net.n.running_mean.double() * scale, rtol=1e-6)
    images = torch.randn(1, 3, 16, 16)
    assert torch.allclose(found(images), net(images), atol=1e-5)
    assert all(torch.equal(net.state_dict()[key], value) for key, value in state.items())


def test_what_is_read_twice_or_normalizes_twice_stays():
    example = torch.rand(1, 3, 16, 16)
    read_twice = rewrite_linear(make(side=True), example)
    assert isinstance(read_twice.n, nn.BatchNorm1d)
    assert isinstance(read_twice.m, nn.Identity)
    net = make(shared=True)
    assert rewrite_linear(net, example) is net


def test_a_network_without_a_pair_is_itself():
    net = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(768), nn.Linear(768, 3)).eval()
    assert rewrite_linear(net, torch.rand(1, 3, 16, 16)) is net


def pictures(count, seed):
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(count, 3, 4, 4, generator=generator) * 255
    return nn.functional.interpolate(coarse, 16).permute(0, 2, 3, 1).round().to(torch.uint8).numpy().copy()


def answers(net, images):
    with torch.no_grad():
        tensors = torch.cat([torch.from_numpy(to_tensor(image, CONTRACT)) for image in images])
        return torch.softmax(net(tensors), 1).numpy()


@pytest.mark.parametrize("name", ["tflite-fp32", "tflite-int8", "onnx-fp32", "onnx-int8", "torchscript-fp32"])
def test_it_exports_and_answers_as_the_original(name, tmp_path):
    net, variant = make(), Variant.parse(name)
    source, path = ModelAndContract(net, CONTRACT), tmp_path / variant.filename("small")
    held_out, images = pictures(16, 1), pictures(32, 2)
    calibration = Calibration(pictures(48, 0), held_out, answers(net, held_out))
    contract = find_format(variant.format).load().convert(Request(variant, source, calibration, path, {}))
    found = run(open_artifact(path, contract, threads=1), contract, images)
    assert abs(found - answers(net, images)).max() < (0.1 if "int8" in name else 1e-5)
