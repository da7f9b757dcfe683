"""Networks that are functions of their input, and what is said about those that are not."""

import random
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from fer_edge.export.parity.tolerances import Tolerances
from fer_edge.export.pictures.parity_inputs import parity_inputs
from fer_edge.export.reference_model.inference import probabilities
from fer_edge.export.reference_model.model import ModelSpec, ReferenceModel, open_original
from fer_edge.export.reference_model.soundness import check_soundness
from fer_edge.export.run.forecast import make_forecast
from fer_edge.export.run.plan import Leniency
from fer_edge.runtime.contract import CameraSpec, Contract, InputSpec, Normalization, OutputSpec
from fer_edge.runtime.errors import CheckFailed, CheckpointError, ExportError, FerEdgeError
from fer_edge.runtime.variants import Variant
from fer_edge.train.models.selected import Selected
from fer_edge.train.models.selection import Selection

LABELS = ("neutral", "happiness", "surprise")
FP32, FP16, INT8 = (Variant("tflite", precision) for precision in ("fp32", "fp16", "int8"))


class Net(nn.Module):
    """(N, 1, 8, 8) to 3 logits that move with the input; ``middle`` is what a test makes of it."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.first = nn.Conv2d(1, 4, 3, padding=1)
        self.head = nn.Linear(256, 3)

    def middle(self, x):
        return x

    def forward(self, x):
        return self.head(self.middle(self.first(x)).flatten(1))


def checked(module, *, kind="logits", selection=None):
    module = module() if isinstance(module, type) else module
    module.eval()
    contract = Contract.build(
        model="m",
        labels=LABELS,
        input=InputSpec("image", "tensor", 8, 8, 1, "NCHW", "float32"),
        camera=CameraSpec(),
        normalization=Normalization((0.5,), (0.25,)),
        output=OutputSpec(kind, kind),
    )
    faces = np.random.default_rng(0).integers(0, 256, (20, 8, 8, 3), dtype=np.uint8)
    network = Selected(module, selection) if selection else module
    original = ReferenceModel(network, contract, "m:Net", {}, "0" * 64)
    return check_soundness(original, parity_inputs(faces, contract)), contract


def refusal(module, **options):
    with pytest.raises(FerEdgeError) as refused:
        checked(module, **options)
    assert isinstance(refused.value, ExportError | CheckpointError)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_an_ordinary_network_is_accepted_without_a_word():
    found, contract = checked(Net)
    assert (found.warnings, found.rows.shape) == ((), (26, 3))
    # Activations by hand: each part's largest output, asked one picture at a time.
    assert set(found.peaks) == {"first (Conv2d)", "head (Linear)"}
    assert found.peaks["head (Linear)"] == pytest.approx(np.abs(found.rows).max(), rel=1e-4)
    assert (
        make_forecast(found, probabilities(found.rows, contract), [FP32], Tolerances(), Leniency()).warnings
        == ()
    )


class Noisy(Net):
    def middle(self, x):
        return functional.dropout(x, 0.1)


class RandomStart(Net):
    def middle(self, x):
        return x + 0.1 * torch.rand_like(x)


class SeldomNoisy(Net):
    """A random way that is taken once in twenty times."""

    def middle(self, x):
        return x + (torch.rand(()) < 0.05).float()


class PythonsDice(Net):
    def middle(self, x):
        return x * random.random()


class Recurrent(Net):
    """Keeps its state from one call to the next."""

    def __init__(self):
        super().__init__()
        self.cell = nn.LSTM(256, 256, batch_first=True)
        self.state = None

    def middle(self, x):
        found, self.state = self.cell(x.flatten(1)[:, None], self.state)
        return found[:, 0]


class Tiring(Net):
    """Counts its calls in Python, and answers otherwise after some."""

    def __init__(self):
        super().__init__()
        self.calls = 0

    def middle(self, x):
        self.calls += 1
        return x if self.calls < 10 else -x


@pytest.mark.parametrize(
    ("network", "words"),
    [
        (Noisy, ["bernoulli_ in forward of Noisy", "test_soundness.py line", "training=self.training"]),
        (RandomStart, ["rand_like in forward of RandomStart", "test_soundness.py line"]),
        (SeldomNoisy, ["rand in forward of SeldomNoisy"]),
        (PythonsDice, ["forward of PythonsDice gives other values for the same input"]),
        (Recurrent, ["forward of Recurrent gives", "keep nothing from one call to the next"]),
        (Tiring, ["answers one input differently when it is asked again"]),
    ],
)
def test_what_answers_one_input_in_two_ways_is_named(network, words):
    random.seed(0)
    said = refusal(network)
    for word in ("no function", *words):
        assert word in said


class StaysTraining(Net):
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm2d(4)

    def train(self, mode=True):  # noqa: ARG002
        return super().train(True)

    def middle(self, x):
        return self.norm(x)


class Counting(Net):
    """A buffer that no answer depends on."""

    def __init__(self):
        super().__init__()
        self.register_buffer("seen", torch.zeros((), dtype=torch.int64), persistent=False)

    def middle(self, x):
        self.seen += 1
        return x


class Learning(Net):
    """BatchNorm in evaluation mode, updated by hand."""

    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm2d(4)

    def middle(self, x):
        return functional.batch_norm(x, self.norm.running_mean, self.norm.running_var, training=True)


class WritesInput(Net):
    def forward(self, x):
        x -= 0.5
        return super().forward(x)


@pytest.mark.parametrize(
    ("network", "words"),
    [
        (StaysTraining, ["norm (BatchNorm2d) is still training after eval()"]),
        (Counting, ["forward changes seen", "if self.training"]),
        (Learning, ["forward changes norm.running_mean, norm.running_var"]),
        (WritesInput, ["writes into its input", "x.clone()"]),
    ],
)
def test_what_does_not_stay_as_it_is_is_named(network, words):
    said = refusal(network)
    for word in words:
        assert word in said


class Caching(Net):
    """Makes its table of positions when it is first asked, as many transformers do."""

    def __init__(self):
        super().__init__()
        self.register_buffer("table", None, persistent=False)
        self.sizes = {}

    def middle(self, x):
        if self.table is None:
            self.table = torch.linspace(0, 1, 8)
        self.sizes.setdefault(tuple(x.shape[2:]), len(self.sizes))
        return x + self.table


class Talking(Net):
    def middle(self, x):
        print("I am thinking")  # noqa: T201
        return x


class QuietDropout(Net):
    def __init__(self):
        super().__init__()
        self.drop = nn.Dropout(0.5)

    def middle(self, x):
        return functional.rrelu(functional.dropout(self.drop(x), 0.5, self.training))


@pytest.mark.parametrize("network", [Caching, Talking, QuietDropout])
def test_harmless_habits_are_no_fault(network, capsys):
    assert checked(network)[0].warnings == ()
    assert capsys.readouterr().out == ""


class DrawsInVain(Net):
    def middle(self, x):
        torch.rand(3)
        return x


def test_random_numbers_that_do_not_show_are_a_warning():
    (warning,) = checked(DrawsInVain)[0].warnings
    assert "rand in forward of DrawsInVain" in warning
    assert "32 trials" in warning


class BatchMean(Net):
    def middle(self, x):
        return x - x.mean(0, keepdim=True) / 2


def test_an_answer_that_depends_on_its_batch_is_a_warning():
    (warning,) = checked(BatchMean)[0].warnings
    assert "one picture at a time" in warning


class OnePictureOnly(Net):
    def middle(self, x):
        return x.reshape(1, 4, 8, 8)


def test_a_network_that_takes_one_picture_only_is_measured_one_by_one():
    found, _ = checked(OnePictureOnly)
    assert found.warnings == ()
    assert found.peaks["head (Linear)"] == pytest.approx(np.abs(found.rows).max(), rel=1e-4)


class Sigmoids(Net):
    def forward(self, x):
        return torch.sigmoid(super().forward(x))


class Softmaxed(Net):
    def __init__(self, axis=1):
        super().__init__()
        self.axis = axis

    def forward(self, x):
        return torch.softmax(super().forward(x), self.axis)


class SmallAndPositive(Net):
    """Logits behind a ReLU, as SqueezeNet's; before training they are small."""

    def forward(self, x):
        return torch.relu(super().forward(x)) / 10


def test_small_logits_above_zero_are_no_sigmoids():
    rows = checked(SmallAndPositive)[0].rows
    assert 0 <= rows.min() < rows.max() < 0.5


def test_sigmoids_are_neither_logits_nor_probabilities():
    for kind in ("logits", "probabilities"):
        said = refusal(Sigmoids, kind=kind)
        assert "lie in 0..1" in said
        # A softmax over one 1 and two 0: e / (e + 2).
        assert "never surer than 0.58" in said
        assert "before the sigmoid" in said


def test_probabilities_and_a_softmax_over_the_batch_are_told_apart():
    assert "--output probabilities" in refusal(Softmaxed)
    assert checked(Softmaxed, kind="probabilities")[0].warnings == ()
    assert "over axis 0, the batch" in refusal(Softmaxed(0), kind="probabilities")
    assert "give --output logits" in refusal(Net, kind="probabilities")


class Hot(Net):
    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def middle(self, x):
        return (x * self.factor) / self.factor


@pytest.mark.parametrize(
    ("factor", "refused", "noted"), [(1.0, [], []), (8000.0, [], [FP16]), (80000.0, [FP16], [])]
)
def test_activations_that_float16_does_not_hold_are_refused_and_near_ones_noted(factor, refused, noted):
    found, contract = checked(Hot(factor))
    answers = probabilities(found.rows, contract)
    forecast = make_forecast(found, answers, [FP32, FP16, INT8], Tolerances(max_abs=0.01), Leniency())
    assert (list(forecast.refused), list(forecast.notes)) == (refused, noted)
    assert len(forecast.warnings) == bool(refused or noted)
    for text in (*forecast.refused.values(), *forecast.notes.values(), *forecast.warnings):
        assert "forward of Hot" in text
    kept = make_forecast(found, answers, [FP16], Tolerances(), Leniency(keep_failed=True))
    assert (list(kept.refused), list(kept.failed)) == ([], refused)


class Masked(Net):
    """An attention's mask is no activation."""

    def middle(self, x):
        scores = (x.flatten(2) @ x.flatten(2).mT).masked_fill(torch.eye(4, dtype=torch.bool), float("-inf"))
        return torch.softmax(scores, -1) @ x.flatten(2)


def test_masks_of_minus_infinity_are_no_activations():
    assert max(checked(Masked)[0].peaks.values()) < 1000


class Logarithm(Net):
    def middle(self, x):
        return torch.log(x)


def test_not_a_number_is_traced_to_its_part():
    said = refusal(Logarithm)
    assert "is nan on" in said
    assert "first comes from forward of Logarithm" in said


def test_what_moves_too_little_to_be_judged_is_said_once():
    found, contract = checked(Net)
    still = np.full((26, 3), 1 / 3, np.float32)
    with pytest.raises(CheckFailed, match=r"does not react to its input.*--allow-insensitive"):
        make_forecast(found, still, [FP32, INT8], Tolerances(), Leniency())
    allowed = make_forecast(found, still, [FP32, INT8], Tolerances(), Leniency(allow_insensitive=True))
    assert (allowed.refused, len(allowed.warnings)) == ({}, 1)
    # Enough for fp32 (0.001), not for int8 (0.1).
    little = still + np.linspace(0, 0.09, 26, dtype=np.float32)[:, None] * np.array([1, -1, 0], np.float32)
    partly = make_forecast(found, little, [FP32, INT8], Tolerances(), Leniency())
    assert (list(partly.refused), len(partly.warnings)) == ([INT8], 1)
    assert contract.labels == LABELS


class Pair(NamedTuple):
    logits: torch.Tensor
    features: torch.Tensor


@dataclass
class Record:
    logits: torch.Tensor
    features: torch.Tensor


class Several(Net):
    def __init__(self, kind):
        super().__init__()
        self.kind = kind

    def forward(self, x):
        features = self.first(x).flatten(1)
        return self.kind(self.head(features), features)


SEVERAL = [
    (lambda *both: both, "a tuple of 2 (0: 1x3 float32, 1: 1x256 float32)", Selection(index=0)),
    (lambda *both: list(both[::-1]), "a list of 2 (0: 1x256 float32, 1: 1x3 float32)", Selection(index=1)),
    (lambda a, b: {"logits": a, "features": b}, "a dict of 2 (logits: 1x3 float32", Selection(key="logits")),
    (Pair, "a Pair of 2 (logits: 1x3 float32", Selection(key="logits")),
    (Record, "a Record of 2 (logits: 1x3 float32", Selection(key="logits")),
]


@pytest.mark.parametrize(("kind", "words", "selection"), SEVERAL)
def test_several_outputs_are_listed_with_the_option_that_takes_the_right_one(kind, words, selection):
    said = refusal(Several(kind))
    assert words in said
    assert f"give {selection.options}" in said
    one = checked(Net)[0].rows
    np.testing.assert_array_equal(checked(Several(kind), selection=selection)[0].rows, one)


def test_key_and_index_take_nested_outputs_apart_in_either_order():
    both = Selection(index=0, key="out")
    assert checked(Several(lambda a, b: {"out": (a, b)}), selection=both)[0].rows.shape == (26, 3)
    assert checked(Several(lambda a, b: ({"out": a}, b)), selection=both)[0].rows.shape == (26, 3)
    assert "take --output-index 0 apart" in refusal(Several(lambda a, b: ({"out": a}, b)))
    assert "give --output-key out" in refusal(
        Several(lambda a, b: ({"out": a}, b)), selection=Selection(index=0)
    )


@pytest.mark.parametrize(
    ("kind", "selection", "words"),
    [
        (
            lambda *both: both,
            Selection(index=2),
            "--output-index 2 finds nothing: the network returns a tuple of 2",
        ),
        (lambda a, b: {"logits": a, "x": b}, Selection(key="logit"), "did you mean --output-key logits?"),
        (lambda a, _: a, Selection(index=0), "leave the option out"),
        (
            lambda a, b: (b, a),
            Selection(index=0),
            "returns 1x256 float32; 3 labels need 1x3: name 256 labels",
        ),
        (lambda _, b: (b, b), None, "none of that has this shape"),
        (lambda a, _: a[0], None, "returns 3 float32; 3 labels need 1x3: its batch axis is lost"),
        (
            lambda a, _: a[:, :, None, None],
            None,
            "returns 1x3x1x1 float32; 3 labels need 1x3: axes of 1 are left",
        ),
        (lambda a, _: a[:, :1], None, "torch.cat((torch.zeros_like(x), x), 1)"),
        (lambda a, _: a.round().long(), None, "numbers of classes"),
        (lambda _a, _b: None, None, "the module returns a NoneType"),
    ],
)
def test_outputs_that_are_no_scores_of_the_labels_are_one_sentence(kind, selection, words):
    assert words in refusal(Several(kind), selection=selection)


def test_an_input_that_cannot_be_fed_says_what_could():
    class Colors(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Conv2d(3, 4, 3)

        def forward(self, x):
            return self.first(x)

    assert "its first convolution takes 3 channels: try --input 8x8x3" in refusal(Colors)


def test_a_selection_written_by_a_stranger_is_checked():
    assert Selection.parse(Selection(3, "x").text, "f") == Selection(3, "x")
    for text in ("[]", '{"index": -1}', '{"index": true}', '{"key": 1}', '{"other": 1}', "{", "[" * 5000):
        with pytest.raises(CheckpointError, match="f: which output"):
            Selection.parse(text, "f")


LAZY = """
from torch import nn


class Lazy(nn.Module):
    \"\"\"Takes its shapes from its first input; its train() returns nothing, and so does its eval().\"\"\"

    def __init__(self, num_classes):
        super().__init__()
        self.first = nn.LazyConv2d(4, 3)
        self.head = nn.LazyLinear(num_classes)

    def train(self, mode=True):
        super().train(mode)

    def forward(self, x):
        return self.head(self.first(x).flatten(1))
"""


def test_lazy_modules_are_completed_and_one_label_is_refused(tmp_path, monkeypatch):
    (tmp_path / "lazy_network.py").write_text(LAZY)
    monkeypatch.chdir(tmp_path)
    generator = torch.Generator().manual_seed(0)
    shapes = {"first.weight": (4, 1, 3, 3), "first.bias": (4,), "head.weight": (3, 144), "head.bias": (3,)}
    state = {name: torch.randn(shape, generator=generator) for name, shape in shapes.items()}
    torch.save(state, tmp_path / "w.pth")
    given = ModelSpec(
        tmp_path / "w.pth", "lazy_network:Lazy", {}, LABELS, input=(8, 8, 1), mean=(0.5,), std=(0.5,)
    )
    module = open_original(given).module
    assert not module.training
    assert torch.equal(module.head.weight, state["head.weight"])
    with pytest.raises(ExportError, match="softmax of one output is always 1"):
        open_original(replace(given, labels=("happiness",)))
