"""Whatever a converter legally makes of a network's weights passes; the same package with one wrong weight does not."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from fer_edge.export.faithful.original.folding import find_needs
from fer_edge.export.formats.coreml import converter as coreml
from fer_edge.export.formats.coreml.constants import RECORD
from fer_edge.export.formats.coreml.package import WEIGHTS
from fer_edge.export.formats.coreml.weight_audit import audit_coreml
from fer_edge.export.formats.protocol import ModelAndContract, Request
from fer_edge.runtime.contract import CameraSpec, Contract, InputSpec, Normalization, OutputSpec
from fer_edge.runtime.variants import Variant

CHANNELS = 12
CONTRACT = Contract.build(
    model="small", labels=("a", "b", "c"), input=InputSpec("image", "tensor", 16, 16, 3, "NCHW", "float32"),
    camera=CameraSpec(), normalization=Normalization((0.5,) * 3, (0.5,) * 3), output=OutputSpec("logits", "logits"),
)  # fmt: skip


def column(values):
    return nn.Parameter(values.reshape(-1, 1, 1))


class Network(nn.Module):
    """A convolution, something behind it, a head."""

    def __init__(self, what):
        super().__init__()
        self.a = nn.Conv2d(3, CHANNELS, 3, 2, 1, bias="own bias" not in what)
        self.up = nn.ConvTranspose2d(CHANNELS, CHANNELS, 2, 2, groups=3)
        self.deep = nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1, groups=CHANNELS)
        self.n, self.m = nn.BatchNorm2d(CHANNELS), nn.BatchNorm2d(CHANNELS)
        self.e, self.f = nn.Linear(CHANNELS, 20), nn.BatchNorm1d(20)
        self.square = nn.Parameter(torch.randn(CHANNELS, CHANNELS) / 3)
        self.fc = nn.Linear(20 if "linear" in what else CHANNELS, 3)
        self.gamma, self.shift = column(torch.rand(CHANNELS) + 0.5), column(torch.randn(CHANNELS))
        self.slopes, self.equal = nn.PReLU(CHANNELS), nn.PReLU(CHANNELS)
        self.group, self.layer = nn.GroupNorm(3, CHANNELS), nn.LayerNorm(CHANNELS)
        self.instance = nn.InstanceNorm2d(CHANNELS, affine=False)
        self.position = nn.Parameter(torch.randn(1, 64, CHANNELS))
        self.what = what
        for item in (self.n, self.m, self.f):
            item.running_mean.normal_()
            item.running_var.uniform_(0.5, 2)
            nn.init.normal_(item.weight, 1, 0.3)
            nn.init.normal_(item.bias)
        for item in (self.group, self.layer, self.slopes):
            nn.init.normal_(item.weight)
        nn.init.normal_(self.group.bias)
        nn.init.normal_(self.layer.bias)

    def tokens(self, x):
        return x.flatten(2).transpose(1, 2)

    def forward(self, x):
        x = FORMS[self.what](self, self.a(x))
        return self.fc(x if x.dim() == 2 else torch.relu(x).mean((2, 3)))


def standardized(net, x):
    """A convolution whose weights are computed from its parameters each time."""
    weight = net.deep.weight - net.deep.weight.mean((1, 2, 3), keepdim=True)
    return functional.conv2d(
        x, weight / (weight.std((1, 2, 3), keepdim=True) + 1e-5), None, 1, 1, 1, CHANNELS
    )


FORMS = {
    "scale": lambda net, x: x * net.gamma,
    "scale and shift": lambda net, x: net.gamma * x + net.shift,
    "divisor": lambda net, x: x / net.gamma,
    "own bias": lambda net, x: x + net.shift,
    "own bias, taken away": lambda net, x: x - net.shift,
    "taken from": lambda net, x: net.shift - x,
    "sign": lambda _, x: -x,
    "number": lambda _, x: x * 0.37 + 1.5,
    "normalization": lambda net, x: net.n(x),
    "normalization and scale": lambda net, x: net.n(x) * net.gamma,
    "scale and normalization": lambda net, x: net.n(x * net.gamma),
    "two normalizations": lambda net, x: net.m(net.n(x)),
    "normalization apart": lambda net, x: net.n(torch.relu(x)),
    "depthwise": lambda net, x: net.n(net.deep(torch.relu(x))) * net.gamma,
    "transposed": lambda net, x: net.n(net.up(x)) + net.shift,
    "read twice": lambda net, x: torch.relu(x) + x * net.gamma,
    "slopes": lambda net, x: net.slopes(x),
    "equal slopes": lambda net, x: net.equal(x),
    "group": lambda net, x: net.group(x),
    "layer": lambda net, x: net.layer(net.tokens(x)).mean(1),
    "instance": lambda net, x: net.instance(x),
    "linear": lambda net, x: torch.relu(net.f(net.e(torch.relu(x).mean((2, 3))))),
    "linear of tokens": lambda net, x: (net.e(net.tokens(x)) * net.f.weight).mean(1),
    "plain product": lambda net, x: torch.relu(x).mean((2, 3)) @ net.square,
    "positions": lambda net, x: torch.relu(net.tokens(x) + net.position).mean(1),
    "computed weights": standardized,
}


def make(what, folder, precision):
    torch.manual_seed(0)
    source = ModelAndContract(Network(what).eval().requires_grad_(False), CONTRACT)
    path = folder / f"{precision}.mlpackage"
    coreml.convert(Request(Variant.parse(f"coreml-{precision}"), source, None, path, {}))
    return source, path


@pytest.mark.parametrize("what", FORMS)
def test_every_legal_folding_passes_and_a_wrong_weight_does_not(what, tmp_path, mil):
    source, path = make(what, tmp_path, "fp32")
    image = np.random.default_rng(0).uniform(-1, 1, (1, 3, 16, 16)).astype(np.float32)
    with torch.no_grad():
        wanted = torch.softmax(source.module(torch.from_numpy(image)), 1).numpy()
    assert np.abs(mil.Program(path).run(image)["probabilities"].numpy() - wanted).max() < 1e-5
    audit = audit_coreml(path, source)
    assert audit.findings == ()
    assert audit.tensors >= 2
    for place in places(path):
        before = (path / WEIGHTS).read_bytes()
        change(path, place)
        assert audit_coreml(path, source).findings, f"a changed value at byte {place}"
        (path / WEIGHTS).write_bytes(before)


def places(package):
    """The middle value of each float32 tensor that lies in the weight file: those of some size."""
    data, position = (package / WEIGHTS).read_bytes(), 64
    while position + RECORD.size <= len(data):
        _, kind, size, start, _ = RECORD.unpack_from(data, position)
        if kind == 2:
            yield start + size // 8 * 4
        position = -(-(start + size) // 64) * 64


def change(package, place):
    data = bytearray((package / WEIGHTS).read_bytes())
    value = np.frombuffer(data, np.float32, count=1, offset=place)
    value[0] += max(abs(value[0]), 0.1) * 0.01
    (package / WEIGHTS).write_bytes(bytes(data))


@pytest.mark.parametrize("precision", ["fp16", "w8"])
@pytest.mark.parametrize(
    "what", ["scale and shift", "normalization and scale", "linear", "equal slopes", "transposed"]
)
def test_rounded_weights_are_folded_likewise(what, precision, tmp_path):
    source, path = make(what, tmp_path, precision)
    assert audit_coreml(path, source).findings == ()


def test_another_slope_is_found_although_it_is_one_number(tmp_path):
    source, path = make("equal slopes", tmp_path, "fp32")
    source.module.equal.weight.fill_(0.26)
    assert (
        "a weight of shape [1, 12, 1, 1] of the source is not in the package"
        in audit_coreml(path, source).findings
    )


def test_a_fold_of_half_the_operators_does_not_pass(tmp_path):
    source, path = make("normalization", tmp_path, "fp32")
    source.module.what = "normalization and scale"
    assert audit_coreml(path, source).findings


def test_folds_by_their_definition():
    torch.manual_seed(0)
    net = Network("transposed").eval().requires_grad_(False)
    _, need, _ = find_needs(net, torch.rand(1, 3, 16, 16))
    weight, bias = need.options[0]
    factor = net.n.weight.double() / torch.sqrt(net.n.running_var.double() + net.n.eps)
    # Output channel 4 * group + k of a transposed convolution in three groups is column k of the group's four inputs.
    for channel in range(CHANNELS):
        group, k = divmod(channel, 4)
        wanted = net.up.weight[4 * group : 4 * group + 4, k].double() * factor[channel]
        np.testing.assert_allclose(weight.values[4 * group : 4 * group + 4, k], wanted, rtol=1e-12)
    wanted = (
        (net.up.bias - net.n.running_mean).double() * factor
        + net.n.bias.double()
        + net.shift.flatten().double()
    )
    np.testing.assert_allclose(bias.values, wanted, rtol=1e-5, atol=1e-7)


class Recurrent(nn.Module):
    def __init__(self, kind=nn.LSTM, **how):
        super().__init__()
        self.a, self.r = nn.Conv2d(3, 8, 3, 4, 1), kind(8, 6, batch_first=True, **how)
        self.fc = nn.Linear(12 if how else 6, 3)

    def forward(self, x):
        return self.fc(self.r(self.a(x).flatten(2).transpose(1, 2))[0].mean(1))


@pytest.mark.parametrize("how", [{}, {"num_layers": 2, "bidirectional": True}])
def test_gates_of_an_lstm_may_lie_in_another_order_and_nothing_else(how, tmp_path):
    torch.manual_seed(0)
    source, path = (
        ModelAndContract(Recurrent(**how).eval().requires_grad_(False), CONTRACT),
        tmp_path / "a.mlpackage",
    )
    coreml.convert(Request(Variant.parse("coreml-fp32"), source, None, path, {}))
    assert audit_coreml(path, source).findings == ()
    source.module.r.weight_hh_l0[3, 4] += 0.1
    source.module.r.bias_ih_l0[20] += 0.1
    assert [finding[:29] for finding in audit_coreml(path, source).findings] == [
        "a weight of shape [24, 6] of ", "a weight of shape [24] of the"
    ]  # fmt: skip


@pytest.mark.parametrize("precision", ["fp32", "fp16", "w8"])
def test_weights_of_a_gru_lie_in_a_loop_gate_by_gate(precision, tmp_path):
    torch.manual_seed(0)
    source = ModelAndContract(Recurrent(nn.GRU).eval().requires_grad_(False), CONTRACT)
    path = tmp_path / "a.mlpackage"
    coreml.convert(Request(Variant.parse(f"coreml-{precision}"), source, None, path, {}))
    audit = audit_coreml(path, source)
    assert audit.findings == ()
    assert audit.tensors >= 4 + 12, "six weights and six biases of the gates, beside the others"
    source.module.r.weight_hh_l0[3, 4] += 0.3
    assert any("at index [3, 4], the source" in finding for finding in audit_coreml(path, source).findings)
