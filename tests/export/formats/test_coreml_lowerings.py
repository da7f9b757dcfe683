"""What coremltools lowers wrongly, or not at all, computes in our packages what PyTorch does.

The evaluator is written from the MIL reference; each of the first ones failed here before it was rewritten.
"""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from fer_edge.export.formats.coreml import converter as coreml
from fer_edge.export.formats.coreml.weight_audit import audit_coreml
from fer_edge.export.formats.protocol import ModelAndContract, Request
from fer_edge.runtime.contract import CameraSpec, Contract, InputSpec, Normalization, OutputSpec
from fer_edge.runtime.variants import Variant

CONTRACT = Contract.build(
    model="small", labels=("a", "b", "c"), input=InputSpec("image", "tensor", 32, 32, 3, "NCHW", "float32"),
    camera=CameraSpec(), normalization=Normalization((0.5,) * 3, (0.5,) * 3), output=OutputSpec("logits", "logits"),
)  # fmt: skip
GENERATOR = torch.Generator().manual_seed(3)
KERNEL = torch.randn(8, 2, 3, 3, generator=GENERATOR) / 4
MEAN, SPREAD = torch.randn(8, generator=GENERATOR), torch.rand(8, generator=GENERATOR) + 0.3


def resize(**how):
    return lambda x: functional.interpolate(x, **how)


def grouped_transposed(x):
    return functional.conv_transpose2d(x, KERNEL, None, 2, 1, 0, 4)


OPERATIONS = {
    "average, overhang": lambda x: functional.avg_pool2d(x, 3, 2, ceil_mode=True),
    "average, overhang over padding": lambda x: functional.avg_pool2d(x, 3, 2, 1, ceil_mode=True),
    "average, uncounted": lambda x: functional.avg_pool2d(x, 4, 3, 1, True, False),
    "average, divisor": lambda x: functional.avg_pool2d(x, 3, 2, divisor_override=5),
    "maximum, window dropped": lambda x: functional.max_pool2d(x - 2, 2, 3, 1, ceil_mode=True),
    "maximum, dilation": lambda x: functional.max_pool2d(x, 3, 2, dilation=2),
    "smaller": resize(size=(7, 5), mode="bilinear"),
    "smaller, smoothed": resize(size=(7, 5), mode="bilinear", antialias=True),
    "smaller by a factor": resize(scale_factor=0.4),
    "larger by a fraction": resize(scale_factor=1.7, mode="bilinear"),
    "bicubic": resize(size=(23, 27), mode="bicubic"),
    "nearest, exact": resize(size=(23, 27), mode="nearest-exact"),
    "variance of two fewer": lambda x: x / (torch.var(x, dim=1, correction=2, keepdim=True) + 0.1),
    "transposed groups, normalized": lambda x: functional.batch_norm(grouped_transposed(x), MEAN, SPREAD),
    "transposed groups, scaled": lambda x: grouped_transposed(x) * SPREAD.reshape(8, 1, 1),
    "transposed": lambda x: functional.conv_transpose2d(x, KERNEL[:, :1].expand(8, 8, 3, 3), None, 2),
    "larger by a whole factor": resize(scale_factor=2, mode="bilinear"),
    "corners": resize(scale_factor=2, mode="bilinear", align_corners=True),
    "uneven windows": lambda x: functional.adaptive_avg_pool2d(x, (5, 7)),
    "remainder": lambda x: torch.remainder(x, -0.7),
    "floor of a quotient": lambda x: x // 0.7,
    "tanh form": lambda x: functional.gelu(x, approximate="tanh"),
    "groups": lambda x: functional.group_norm(x, 4, SPREAD, MEAN, 1e-3),
    "reflected": lambda x: functional.pad(x, (1, 2, 3, 1), "reflect"),
    "neighborhoods": lambda x: functional.unfold(x, 3, 1, 1, 2)[:, :8],
    "by turns": lambda x: (
        torch.cat((x, x.sin()), 1).unflatten(1, (2, 8)).transpose(1, 2).flatten(1, 2)[:, :8]
    ),
    "picked": lambda x: x[:, [3, 1, 0, 2, 7, 6, 5, 4]],
}


class Network(nn.Module):
    """A convolution, the operation, and a sum whose weights tell places apart."""

    def __init__(self, operation):
        super().__init__()
        torch.manual_seed(0)
        self.a, self.fc, self.operation = nn.Conv2d(3, 8, 3, 2, 1), nn.Linear(8, 3), operation

    def forward(self, x):
        x = self.operation(self.a(x) * 3).flatten(2)
        return self.fc((x * torch.linspace(0.5, 1.5, x.shape[2])).mean(2)) * 4


@pytest.mark.parametrize("what", OPERATIONS)
def test_a_package_computes_what_pytorch_does(what, tmp_path, mil):
    source = ModelAndContract(Network(OPERATIONS[what]).eval().requires_grad_(False), CONTRACT)
    path = tmp_path / "made.mlpackage"
    coreml.convert(Request(Variant.parse("coreml-fp32"), source, None, path, {}))
    image = np.random.default_rng(0).normal(0, 1.5, (1, 3, 32, 32)).astype(np.float32)
    with torch.no_grad():
        wanted = torch.softmax(source.module(torch.from_numpy(image)), 1).numpy()
    assert wanted.max() < 0.99, "too sure to show a difference"
    found = mil.Program(path).run(image)["probabilities"].numpy()
    assert np.abs(found - wanted).max() < 1e-5
    assert audit_coreml(path, source).findings == ()
