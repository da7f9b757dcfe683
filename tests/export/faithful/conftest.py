"""One small network with everything that quantizers treat specially, its files of each format and their bridges."""

from importlib import import_module

import numpy as np
import pytest
import torch
from torch import nn

from fer_edge.export.faithful.align import align
from fer_edge.export.faithful.ranges import list_watched
from fer_edge.export.formats import find_format
from fer_edge.export.formats.contracts import derive_contract
from fer_edge.export.formats.protocol import Calibration, ModelAndContract, Request
from fer_edge.runtime.camera import to_tensor
from fer_edge.runtime.contract import CameraSpec, Contract, InputSpec, Normalization, OutputSpec
from fer_edge.runtime.formats import CALIBRATED
from fer_edge.runtime.variants import Variant

SIDE, LABELS = 24, ("neutral", "happiness", "surprise")


class Network(nn.Module):
    """24x24 gray: padded stem and pool, two branches that meet, hard-swish behind a convolution, a dense layer with ReLU."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 16, 3, 2, 1), nn.BatchNorm2d(16), nn.ReLU6())
        self.depthwise = nn.Sequential(
            nn.Conv2d(16, 16, 3, 1, 1, groups=16), nn.BatchNorm2d(16), nn.Hardswish()
        )
        self.left, self.right = nn.Conv2d(16, 16, 1), nn.Conv2d(16, 16, 3, padding=1)
        self.pool = nn.MaxPool2d(2)
        self.hidden = nn.Sequential(nn.Linear(1152, 32), nn.ReLU())
        self.last = nn.Linear(32, len(LABELS))

    def forward(self, image):
        x = self.depthwise(self.stem(image))
        x = torch.cat([x + torch.relu(self.left(x)), self.right(x) * torch.sigmoid(x)], 1)
        return self.last(self.hidden(self.pool(x).flatten(1)))


class Files:
    """Files of one network, each made once."""

    def __init__(self, folder):
        torch.manual_seed(0)
        contract = Contract.build(
            model="small", labels=LABELS, camera=CameraSpec(), normalization=Normalization((0.4,), (0.3,)),
            input=InputSpec("image", "tensor", SIDE, SIDE, 1, "NCHW", "float32"),
            output=OutputSpec("logits", "logits"),
        )  # fmt: skip
        self.pictures, held_out, network = _pictures(40, 1), _pictures(8, 2), Network()
        inputs = torch.from_numpy(np.concatenate([to_tensor(image, contract) for image in self.pictures]))
        for layer in network.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.momentum = None
        with torch.no_grad():
            network.train()(inputs)
            network.eval()
            for layer in (network.hidden[0], network.last):
                layer.bias += 0.1 * torch.randn(layer.bias.shape)
            network.last.weight *= 2 / network(inputs).std(0).mean()
            answers = torch.softmax(network(torch.from_numpy(
                np.concatenate([to_tensor(image, contract) for image in held_out]))), 1)  # fmt: skip
        self.source = ModelAndContract(network.requires_grad_(False), contract)
        self.calibration = Calibration(self.pictures, held_out, answers.numpy())
        self.folder, self.memos, self.made = folder, {}, {}

    def request(self, name, path):
        variant = Variant.parse(name)
        memo = self.memos.setdefault(variant.format, {})
        calibration = self.calibration if variant.precision in CALIBRATED else None
        return Request(variant, self.source, calibration, path, memo)

    def artifact(self, name):
        """The path of a variant's file."""
        if name not in self.made:
            self.made[name] = self.folder / f"{name}.{name.partition('-')[0]}"
            find_format(name.partition("-")[0]).load().convert(self.request(name, self.made[name]))
        return self.made[name]

    def views(self, name):
        """The float networks of a variant's bridge and of its file."""
        prover, bridge = self.prover(name), self.bridge(name)
        return tuple(prover.view(prover.read_graph(path)) for path in (bridge, self.artifact(name)))

    def bridge(self, name):
        """The path of the float file that a variant was made of."""
        key = f"bridge-{name}"
        if key not in self.made:
            request = self.request(name, self.folder / f"{key}.{name.partition('-')[0]}")
            self.made[key] = next(iter(self.prover(name).make_bridges(request, None)))
        return self.made[key]

    def observed(self, name):
        """Extremes of the bridge's values on the calibration images."""
        key = f"observed-{name}"
        if key not in self.made:
            source, held = self.views(name)
            values = list_watched(source, held, align(source, held))
            variant = Variant.parse(name)
            contract = derive_contract(
                Variant(variant.format, "fp32", variant.interface), self.source.contract
            )
            inputs = [to_tensor(picture, contract) for picture in self.pictures]
            self.made[key] = self.prover(name).observe(self.bridge(name), values, inputs)
        return self.made[key]

    @staticmethod
    def prover(name):
        return import_module(f"fer_edge.export.formats.{name.partition('-')[0]}.prover")


def _pictures(count, seed):
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(count, 3, 5, 5, generator=generator) * 255
    smooth = nn.functional.interpolate(coarse, size=(SIDE, SIDE), mode="bilinear")
    return smooth.round().byte().permute(0, 2, 3, 1).contiguous().numpy()


@pytest.fixture(scope="session")
def files(tmp_path_factory):
    return Files(tmp_path_factory.mktemp("faithful"))
