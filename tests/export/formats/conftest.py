"""One small network with everything the graph formats treat specially, and its variants, each made once."""

import numpy as np
import pytest
import torch
from torch import nn

from fer_edge.export.formats import find_format
from fer_edge.export.formats.protocol import Calibration, ModelAndContract, Request
from fer_edge.runtime.camera import to_tensor
from fer_edge.runtime.contract import CameraSpec, Contract, InputSpec, Normalization, OutputSpec
from fer_edge.runtime.variants import Variant

SIDE = 24
LABELS = ("neutral", "happiness", "surprise", "anger")


class Network(nn.Module):
    """24x24 in, four logits out: BatchNorm, ReLU6, hard-swish, hard-sigmoid, squeeze-and-excite, a residual, a mean."""

    def __init__(self, channels):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(channels, 16, 3, 2, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU6()
        )
        self.depthwise = nn.Sequential(
            nn.Conv2d(16, 16, 3, 1, 1, groups=16), nn.BatchNorm2d(16), nn.Hardswish()
        )
        self.squeeze = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Conv2d(16, 8, 1), nn.ReLU(), nn.Conv2d(8, 16, 1), nn.Hardsigmoid()
        )
        self.project = nn.Sequential(nn.Conv2d(16, 16, 1), nn.BatchNorm2d(16))
        self.widen = nn.Sequential(nn.Hardswish(), nn.Conv2d(16, 32, 1), nn.ReLU())
        self.last = nn.Linear(32, len(LABELS))

    def forward(self, image):
        stem = self.stem(image)
        features = self.depthwise(stem)
        features = stem + self.project(features * self.squeeze(features))
        return self.last(self.widen(features).mean((2, 3)))


def reference_contract(channels=1):
    return Contract.build(
        model="small",
        labels=LABELS,
        input=InputSpec("image", "tensor", SIDE, SIDE, channels, "NCHW", "float32"),
        camera=CameraSpec(),
        normalization=Normalization((0.4,) * channels, (0.3,) * channels),
        output=OutputSpec("logits", "logits"),
    )


def smooth_pictures(count, seed):
    """(count, 24, 24, 3) uint8: blurred noise over the whole range."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(count, 3, 5, 5, generator=generator) * 255
    return nn.functional.interpolate(coarse, SIDE).permute(0, 2, 3, 1).round().to(torch.uint8).numpy().copy()


def make_source(channels=1):
    """The network with BatchNorm statistics of its own pictures and answers that depend on them."""
    torch.manual_seed(0)
    module, contract = Network(channels), reference_contract(channels)
    inputs = torch.from_numpy(
        np.concatenate([to_tensor(image, contract) for image in smooth_pictures(64, 0)])
    )
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.momentum = None
    with torch.no_grad():
        module.train()(inputs)
        logits = module.eval()(inputs)
        module.last.weight *= 2 / logits.std(0).mean()
        module.last.bias -= module(inputs).mean(0)
    return ModelAndContract(module, contract)


def probabilities_of(source, pictures):
    with torch.no_grad():
        tensors = [torch.from_numpy(to_tensor(picture, source.contract)) for picture in pictures]
        return np.concatenate([torch.softmax(source.module(tensor), 1).numpy() for tensor in tensors])


@pytest.fixture(scope="session")
def source():
    """The gray network; not to be changed."""
    return make_source()


@pytest.fixture
def fresh_source():
    """The gray network, a copy for each test."""
    return make_source()


@pytest.fixture(scope="session")
def color_source():
    """The same with three channels."""
    return make_source(3)


@pytest.fixture(scope="session")
def pictures():
    """32 RGB pictures that are in no calibration."""
    return smooth_pictures(32, 3)


@pytest.fixture(scope="session")
def reference(source, pictures):
    """PyTorch's answers to ``pictures``, (32, labels) float32."""
    return probabilities_of(source, pictures)


@pytest.fixture(scope="session")
def calibration(source):
    """48 images and 16 held-out ones."""
    held_out = smooth_pictures(16, 2)
    return Calibration(smooth_pictures(48, 1), held_out, probabilities_of(source, held_out))


@pytest.fixture(scope="session")
def make(source, calibration, tmp_path_factory):
    """``make("onnx-int8")``: path and contract of the gray network's variant, written once."""
    folder, memo, made = tmp_path_factory.mktemp("made"), {}, {}

    def written(name):
        if name not in made:
            variant = Variant.parse(name)
            path = folder / variant.filename("small")
            made[name] = (
                path,
                find_format(variant.format).load().convert(Request(variant, source, calibration, path, memo)),
            )
        return made[name]

    return written


@pytest.fixture
def convert(tmp_path):
    """``convert("onnx-fp32", source, calibration=None)``: the path of a file of its own."""

    def written(name, source, calibration=None):
        variant = Variant.parse(name)
        path = tmp_path / variant.filename("small")
        find_format(variant.format).load().convert(Request(variant, source, calibration, path))
        return path

    return written
