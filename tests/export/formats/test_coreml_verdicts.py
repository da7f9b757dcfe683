"""What went out with "weights pass" is refused by coreml-spec, and what is right passes in every precision."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from fer_edge.export.formats.coreml import converter as coreml
from fer_edge.export.formats.protocol import ModelAndContract, Request
from fer_edge.export.parity import check
from fer_edge.export.parity.tolerances import TOLERANCES
from fer_edge.export.reference_model.inference import Reference, outputs, probabilities
from fer_edge.runtime import engines
from fer_edge.runtime.contract import CameraSpec, Contract, InputSpec, Normalization, OutputSpec
from fer_edge.runtime.errors import UnknownOperator
from fer_edge.runtime.mil import operators
from fer_edge.runtime.variants import Variant
from fer_edge.runtime.verification import Code

CONTRACT = Contract.build(
    model="small", labels=("a", "b", "c"), input=InputSpec("image", "tensor", 32, 32, 3, "NCHW", "float32"),
    camera=CameraSpec(), normalization=Normalization((0.5,) * 3, (0.25,) * 3), output=OutputSpec("logits", "logits"),
)  # fmt: skip
PICTURES = np.random.default_rng(2).integers(0, 256, (24, 32, 32, 3), np.uint8)
PICTURES[:8] //= 4
PICTURES[8:16] //= 2


class Network(nn.Module):
    """Two convolutions with something between them, and a head that is not shy."""

    def __init__(self, middle, **parts):
        super().__init__()
        torch.manual_seed(0)
        self.a, self.b, self.fc = nn.Conv2d(3, 8, 3, 2, 1), nn.Conv2d(8, 8, 3, 2, 1), nn.Linear(8, 3)
        self.middle, self.parts = middle, nn.ModuleDict(parts)
        self.register_buffer("mean", torch.linspace(-1, 1, 8).reshape(1, 8, 1, 1))

    def forward(self, x):
        x = functional.relu(self.middle(self, self.a(x)))
        return self.fc(functional.relu(self.b(x)).mean((2, 3))) * 12


class Branch(Network):
    def forward(self, x):
        return super().forward(-x if x.mean() > 0 else x)


def hot(_, x):
    return (x * 30000.0) * (x * 10.0) / 300000.0


def plain(_, x):
    return x


def shifted(net, x):
    return x - net.mean


def ceil_average(_, x):
    return functional.avg_pool2d(x, 3, 2, ceil_mode=True)


def attention(net, x):
    shape = x.shape
    return net.parts["t"](x.flatten(2).transpose(1, 2)).transpose(1, 2).reshape(shape)


def made(network, precision, path):
    """The package and the original's answers, which are taken before anybody can change its buffers."""
    source = ModelAndContract(network.eval().requires_grad_(False), CONTRACT)
    reference = Reference(PICTURES, probabilities(outputs(source.module, CONTRACT, PICTURES), CONTRACT))
    contract = coreml.convert(Request(Variant.parse(f"coreml-{precision}"), source, None, path, {}))
    return contract, reference


def judged(network, precision, path):
    contract, reference = made(network, precision, path)
    variant = Variant.parse(f"coreml-{precision}")
    return check.check_parity(path, contract, variant, reference, TOLERANCES[precision])


@pytest.mark.parametrize("precision", ["fp32", "fp16", "w8"])
@pytest.mark.parametrize("middle", [plain, shifted, ceil_average, attention])
def test_right_packages_pass(middle, precision, tmp_path):
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    found = judged(Network(middle, t=nn.TransformerEncoder(layer, 1)), precision, tmp_path / "m.mlpackage")
    assert (found.verdict, found.reason) == ("pass", None)
    assert found.engine.startswith("coreml-spec ")
    assert found.inputs == len(PICTURES)
    assert precision != "fp32" or found.max_abs < 1e-5


def test_float16_that_overflows(tmp_path):
    """Ordinary answers, values near 200,000 on the way: NaN in phones."""
    found = judged(Network(hot), "fp16", tmp_path / "m.mlpackage")
    assert (found.verdict, found.code) == ("fail", Code.NOT_FINITE)
    assert judged(Network(hot), "fp32", tmp_path / "n.mlpackage").verdict == "pass"


def test_a_branch_that_the_trace_froze(tmp_path, monkeypatch):
    """The check of the trace, which would have found it first, is out of the way."""
    monkeypatch.setattr(coreml, "check_trace", lambda *_: None)
    found = judged(Branch(plain), "fp32", tmp_path / "m.mlpackage")
    assert (found.verdict, found.code) == ("fail", Code.DIFFERENT)


def test_averages_that_count_what_overhangs(tmp_path, monkeypatch):
    """As coremltools writes them; the rewrite into an equal form is out of the way."""
    monkeypatch.setattr(coreml, "rewrite_pools", lambda network, *_: network)
    found = judged(Network(ceil_average), "fp32", tmp_path / "m.mlpackage")
    assert (found.verdict, found.code) == ("fail", Code.DIFFERENT)


def test_a_buffer_that_was_negated_in_place(tmp_path):
    """coremltools does so to the caller's own memory, and the next variant is made of it."""
    network = Network(shifted)
    contract, reference = made(network, "fp32", tmp_path / "first.mlpackage")
    network.mean.neg_()
    coreml.convert(
        Request(
            Variant.parse("coreml-fp32"),
            ModelAndContract(network, CONTRACT),
            None,
            tmp_path / "m.mlpackage",
            {},
        )
    )
    found = check.check_parity(
        tmp_path / "m.mlpackage", contract, Variant.parse("coreml-fp32"), reference, TOLERANCES["fp32"]
    )
    assert (found.verdict, found.code) == ("fail", Code.DIFFERENT)


def test_an_operator_that_is_not_known_leaves_the_row_open(tmp_path, monkeypatch):
    contract, reference = made(Network(plain), "fp32", tmp_path / "m.mlpackage")
    known = {name: operator for name, operator in operators.OPERATORS.items() if name != "reduce_mean"}
    monkeypatch.setattr("fer_edge.runtime.mil.evaluator.OPERATORS", known)
    variant = Variant.parse("coreml-fp32")
    found = check.check_parity(tmp_path / "m.mlpackage", contract, variant, reference, TOLERANCES["fp32"])
    assert (found.verdict, found.code, found.engine) == ("not-run", Code.NO_ENGINE, None)
    assert "coreml-spec does not know the operators reduce_mean" in found.reason
    golden = check.check_golden(tmp_path / "m.mlpackage", contract, variant, reference, TOLERANCES["fp32"])
    assert golden.verdict == "not-run"
    assert "reduce_mean" in golden.reason


class System:
    """Core ML of a Mac, played by the evaluator with an error of its own."""

    name = "coreml"
    formats = ("coreml",)
    libraries = (("coremltools", "coremltools"),)

    def __init__(self, error):
        self.error = error

    def version(self):
        return "coremltools 9.0"

    def open(self, path, contract, threads):
        session = engines.COREML_SPEC.open(path, contract, threads)
        run = session.run
        session.run = lambda tensor: run(tensor) + self.error * np.array([1, -1, 0], np.float32)
        session.engine = self.version()
        return session


@pytest.mark.parametrize(
    ("system", "rounding", "verdict", "engine"),
    [
        (0, "nearest", "pass", "coremltools 9.0"),
        (0.1, "nearest", "fail", "coremltools 9.0"),
        (0, None, "pass", "coremltools 9.0"),
    ],
)
def test_on_macos_both_judge(tmp_path, monkeypatch, system, rounding, verdict, engine):
    contract, reference = made(Network(plain), "fp32", tmp_path / "m.mlpackage")
    monkeypatch.setattr(engines, "ENGINES", (System(system),))
    if rounding is None:

        def refuse(*_, threads):
            raise UnknownOperator("it is new")

        monkeypatch.setattr(
            engines,
            "EVALUATORS",
            (type("New", (), {"formats": ("coreml",), "version": lambda _: "x", "open": refuse})(),),
        )
    found = check.check_parity(
        tmp_path / "m.mlpackage", contract, Variant.parse("coreml-fp32"), reference, TOLERANCES["fp32"]
    )
    assert (found.verdict, found.engine) == (verdict, engine)


def test_what_the_system_passes_the_specification_may_refuse(tmp_path, monkeypatch):
    contract, reference = made(Network(plain), "fp32", tmp_path / "m.mlpackage")

    class Wrong(System):
        name = "coreml-spec"

        def version(self):
            return "coreml-spec 1"

    monkeypatch.setattr(engines, "ENGINES", (System(0),))
    monkeypatch.setattr(engines, "EVALUATORS", (Wrong(0.2),))
    found = check.check_parity(
        tmp_path / "m.mlpackage", contract, Variant.parse("coreml-fp32"), reference, TOLERANCES["fp32"]
    )
    assert (found.verdict, found.engine) == ("fail", "coreml-spec 1")
    assert found.reason.startswith("by coreml-spec 1: ")
