"""Training with rounding in the network: what is rounded, and that ordinary weights come back."""

from __future__ import annotations

import copy
import json

import lightning.pytorch as pl
import pytest
import torch
from lightning.pytorch.callbacks import EMAWeightAveraging
from torch import nn
from torch.utils.data import DataLoader

from fer_edge.runtime.errors import FerEdgeError
from fer_edge.train.checkpoint.checkpoint import (
    ARCH_KEY,
    builtin_checkpoint,
    read_checkpoint,
    write_checkpoint,
)
from fer_edge.train.checkpoint.load_weights import load_weights
from fer_edge.train.compact.quantization_aware import check_precision, finish, prepare
from fer_edge.train.models import build
from support.processes import BARE, environment, python

# Lightning's and torch's notes to their own developers.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*LeafSpec.*"),
    pytest.mark.filterwarnings("ignore:.*does not have many workers.*"),
]


class Hard(nn.Module):
    """Every kind of layer that the rounding knows, with momentum and eps that are not the defaults."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(1, 4, 3, bias=False)
        self.norm = nn.BatchNorm2d(4, eps=0.02, momentum=0.3)
        self.swish = nn.Hardswish(inplace=True)
        self.second = nn.Conv2d(4, 4, 3, padding=1)
        self.gate = nn.Hardsigmoid()
        self.dropout = nn.Dropout(0.4)
        self.head = nn.Linear(4, 3)

    def forward(self, image):
        features = self.swish(self.norm(self.first(image)))
        features = features * self.gate(self.second(features)) + features
        return self.head(self.dropout(features.mean((2, 3))))


@pytest.fixture
def hard():
    torch.manual_seed(0)
    network = Hard()
    network.norm.running_var.uniform_(0.001, 2)
    network.norm.running_mean.normal_()
    return network


def without_rounding(module):
    copied = copy.deepcopy(module)
    for part in copied.modules():
        if hasattr(part, "fake_quant_enabled"):
            part.fake_quant_enabled.fill_(0)
    return copied


def test_without_rounding_it_is_the_network(hard):
    images = torch.randn(6, 1, 9, 9)
    module = without_rounding(prepare(hard, images))
    with torch.no_grad():
        torch.testing.assert_close(module.eval()(images), hard.eval()(images))
        torch.manual_seed(5)
        expected = hard.train()(images)
        torch.manual_seed(5)
        torch.testing.assert_close(module.train()(images), expected)
    trained = module.graph.state_dict()
    for name in ("norm.running_mean", "norm.running_var", "norm.num_batches_tracked"):
        torch.testing.assert_close(trained[name], hard.state_dict()[name])


def test_rounding_is_that_of_256_steps():
    """One dense layer, computed by hand: input asymmetric over its range, weights symmetric a row, logits left."""
    network = nn.Sequential(nn.Flatten(), nn.Linear(4, 2, bias=False))
    images = torch.tensor([[[[-1.0, 0.5], [2.0, 3.0]]], [[[0.1, 0.2], [0.3, 0.7]]]])
    module = prepare(network, images).eval()
    step = 4 / 255
    zero = round(-128 + 1 / step)
    rounded = ((images.flatten(1) / step).round() + zero).clamp(-128, 127).sub(zero) * step
    weight = network[1].weight.detach()
    scale = weight.abs().amax(1, keepdim=True) / 127
    expected = rounded @ ((weight / scale).round() * scale).T
    torch.testing.assert_close(module(images), expected, rtol=1e-5, atol=1e-6)


def test_ranges_are_watched_in_training_only(hard):
    images = torch.randn(6, 1, 9, 9)
    module = prepare(hard, images)
    module.eval()(100 * images)
    watched = {name: value.clone() for name, value in module.state_dict().items() if "max_val" in name}
    module.eval()(images)
    assert all(torch.equal(value, module.state_dict()[name]) for name, value in watched.items())
    module.train()(100 * images)
    assert any(not torch.equal(value, module.state_dict()[name]) for name, value in watched.items())


class Step(pl.LightningModule):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def training_step(self, images, _index):
        return self.model(images).square().mean()

    def validation_step(self, images, _index):
        assert torch.isfinite(self.model(images)).all()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.05)


def test_lightning_averages_and_switches_it(hard, tmp_path):
    """Two epochs with validation between them and averaged weights; all weights move, stay finite and come back."""
    images = torch.randn(8, 1, 9, 9)
    module = Step(prepare(hard, images))
    start = {name: value.clone() for name, value in hard.state_dict().items()}
    trainer = pl.Trainer(
        max_epochs=2, accelerator="cpu", logger=False, enable_progress_bar=False, enable_model_summary=False,
        callbacks=[EMAWeightAveraging(decay=0.5)], default_root_dir=tmp_path, enable_checkpointing=False,
    )  # fmt: skip
    trainer.fit(module, DataLoader(images, 4), DataLoader(images, 8))
    result = finish(module.model, Hard()).state_dict()
    assert list(result) == list(start)
    assert 0 < int(result["norm.num_batches_tracked"]) <= 4  # averaged too; the first look is not counted
    for name, value in result.items():
        assert torch.isfinite(value).all(), name
        assert value.dtype == start[name].dtype
        assert not torch.equal(value, start[name]), name


def plain():
    """Without batch normalization, whose folding takes torchao seconds."""
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU6(), nn.Flatten(), nn.Linear(196, 3))


def test_a_state_goes_on_where_it_was():
    images = torch.randn(6, 1, 9, 9)
    module = prepare(plain(), images)
    module(2 * images)
    other = prepare(plain(), images)
    other.load_state_dict(module.state_dict())
    torch.testing.assert_close(other.eval()(images), module.eval()(images), rtol=0, atol=0)


def test_numbers_of_the_training_are_not_drawn():
    network, images = plain(), torch.randn(6, 1, 9, 9)
    before = torch.get_rng_state()
    prepare(network, images)
    assert torch.equal(torch.get_rng_state(), before)


def test_what_it_refuses():
    images = torch.randn(4, 1, 9, 9)
    with pytest.raises(FerEdgeError, match="two or more crops"):
        prepare(plain(), images[:1])
    with pytest.raises(FerEdgeError, match="float32 only"):
        check_precision("bf16-mixed")
    strange = nn.Sequential(nn.Conv2d(1, 2, 3), nn.PReLU(), nn.Flatten(), nn.Linear(98, 3))
    with pytest.raises(FerEdgeError, match=r"also go into aten\.prelu"):
        prepare(strange, images)

    class Branches(nn.Module):
        def forward(self, image):
            return image.flatten(1) if image.sum() > 0 else -image.flatten(1)

    with pytest.raises(FerEdgeError, match="cannot be captured"):
        prepare(Branches(), images)
    module = prepare(plain(), images)
    with torch.no_grad():
        dict(module.graph.named_parameters())["0.weight"].fill_(float("nan"))
    with pytest.raises(FerEdgeError, match=r"not finite after training: 0\.weight"):
        finish(module, plain())


@pytest.mark.slow
def test_export_takes_the_weights(tmp_path):
    """The built-in model, one small step more, and the real command to int8 TFLite."""
    torch.manual_seed(0)
    builtin = read_checkpoint(builtin_checkpoint())
    network = load_weights(build("fer_mini", num_classes=8, channels=1), builtin)
    images = torch.rand(4, 1, 64, 64)
    module = prepare(network, images)
    optimizer = torch.optim.SGD(module.parameters(), lr=1e-6)
    module(images).square().mean().backward()
    optimizer.step()
    trained = finish(module, build("fer_mini", num_classes=8, channels=1))
    assert list(trained.state_dict()) == list(network.state_dict())
    write_checkpoint(
        tmp_path / "best.safetensors", trained.state_dict(), builtin.contract, {ARCH_KEY: "fer_mini"}
    )
    command = ["-m", "fer_edge.export.cli", "best.safetensors", "--format", "tflite"]
    command += ["--precision", "int8", "--calibration", "synthetic", "--parity-inputs", "16", "--quiet"]
    done = python(*command, cwd=tmp_path, env=environment(BARE))
    assert done.returncode == 0, done.stderr
    (entry,) = json.loads((tmp_path / "bundle" / "manifest.json").read_text())["artifacts"]
    assert entry["parity"]["verdict"] == "pass"
