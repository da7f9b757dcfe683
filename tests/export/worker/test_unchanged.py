"""No converter may change the original, and one that does is found before anybody believes its file."""

import numpy as np
import pytest
import torch
from torch import nn

from fer_edge.export.formats import find_format
from fer_edge.export.formats.protocol import ModelAndContract, Request
from fer_edge.export.worker.unchanged import GuardedModel
from fer_edge.runtime.contract import CameraSpec, Contract, InputSpec, Normalization, OutputSpec
from fer_edge.runtime.errors import ExportError
from fer_edge.runtime.variants import Variant

SHARED = torch.linspace(-1, 1, 8).reshape(1, 8, 1, 1)
"""A constant of a Python module: no copy of a network has one of its own."""


class Subtracting(nn.Module):
    """What a converter folds into a bias with its sign changed: a buffer, statistics, a constant from outside."""

    def __init__(self, what):
        super().__init__()
        self.a, self.fc = nn.Conv2d(3, 8, 3, 2, 1), nn.Linear(8, 3)
        self.what = what
        self.register_buffer("mean", torch.linspace(-1, 1, 8).reshape(1, 8, 1, 1))
        self.register_buffer("hidden", torch.linspace(1, 2, 8).reshape(1, 8, 1, 1), persistent=False)
        self.plain = torch.linspace(2, 3, 8).reshape(1, 8, 1, 1)
        self.n = nn.BatchNorm2d(8, affine=False)

    def forward(self, x):
        x = self.a(x)
        x = {
            "buffer": lambda: x - self.mean,
            "unsaved buffer": lambda: x - self.hidden,
            "attribute": lambda: x - self.plain,
            "statistics": lambda: self.n(x),
            "constant": lambda: x - SHARED,
        }[self.what]()
        return self.fc(torch.relu(x).mean((2, 3)))


def make_source(what):
    torch.manual_seed(0)
    module = Subtracting(what)
    module.n.running_mean.normal_()
    module.n.running_var.uniform_(0.5, 2)
    contract = Contract.build(
        model="small", labels=("a", "b", "c"), input=InputSpec("image", "tensor", 16, 16, 3, "NCHW", "float32"),
        camera=CameraSpec(), normalization=Normalization((0.5,) * 3, (0.5,) * 3), output=OutputSpec("logits", "logits"),
    )  # fmt: skip
    return ModelAndContract(module.eval().requires_grad_(False), contract)


@pytest.mark.parametrize("what", ["buffer", "unsaved buffer", "attribute", "statistics", "constant"])
def test_core_ml_writes_every_variant_from_the_same_weights(what, tmp_path, mil):
    source, memo = make_source(what), {}
    image = np.random.default_rng(0).uniform(-1, 1, (1, 3, 16, 16)).astype(np.float32)
    with torch.no_grad():
        wanted = torch.softmax(source.module(torch.from_numpy(image)), 1).numpy()
    guarded, shared = GuardedModel(source), SHARED.clone()
    for name in ("coreml-fp32", "coreml-fp16", "coreml-fp32"):
        path = tmp_path / "made.mlpackage"
        find_format("coreml").load().convert(Request(Variant.parse(name), source, None, path, memo))
        guarded.refuse_changes("the converter")
        found = mil.Program(path).run(image)["probabilities"].numpy()
        assert np.abs(found - wanted).max() < (1e-6 if "fp32" in name else 2e-3)
    assert torch.equal(SHARED, shared)


@pytest.mark.parametrize("name", ["onnx-fp32", "tflite-fp32", "torchscript-fp32"])
def test_other_formats_leave_it_alone(name, tmp_path):
    source = make_source("statistics")
    guarded = GuardedModel(source)
    variant = Variant.parse(name)
    find_format(variant.format).load().convert(
        Request(variant, source, None, tmp_path / variant.filename("a"), {})
    )
    guarded.refuse_changes("the converter")


def change_buffer(module):
    module.hidden[0, 3] *= -1


def change_sign_of_zero(module):
    module.mean[0, 0] = -0.0


def change_attribute(module):
    module.plain += 1


def change_weight(module):
    module.a.weight[0, 0, 0, 0] = torch.nextafter(module.a.weight[0, 0, 0, 0], torch.tensor(9.0))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (change_buffer, "hidden"),
        (change_sign_of_zero, "mean"),
        (change_attribute, "plain"),
        (change_weight, r"a\.weight"),
    ],
)
def test_one_changed_bit_is_named(change, named):
    source = make_source("buffer")
    source.module.mean[0, 0] = 0.0
    guarded = GuardedModel(source)
    change(source.module)
    with pytest.raises(
        ExportError, match=rf"the converter changed the original .*: .*{named} is not what it was"
    ):
        guarded.refuse_changes("the converter")


def test_a_constant_of_the_python_module_is_noticed_by_the_answer():
    guarded = GuardedModel(make_source("constant"))
    SHARED.neg_()
    try:
        with pytest.raises(ExportError, match="its answer to one input is not what it was"):
            guarded.refuse_changes("the converter")
    finally:
        SHARED.neg_()


def test_values_that_are_not_numbers_are_equal_to_themselves():
    source = make_source("buffer")
    source.module.n.running_mean[0] = float("nan")
    GuardedModel(source).refuse_changes("the converter")
