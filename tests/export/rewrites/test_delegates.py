"""Equal forms of operators: equal to scalar arithmetic, applied only where they are proven, compared before use."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from fer_edge.export.capture.equality import NotProvenError, prove_equal
from fer_edge.export.rewrites.delegates import (
    HARD_SIGMOID,
    HARD_SWISH,
    MAX_POOL,
    HardSigmoid,
    HardSwish,
    PaddedMaxPool,
    rewrite_for_delegates,
)

EXAMPLE = torch.zeros(1, 3, 16, 16)
VALUES = (-7.5, -3.0, -2.999, -1.0, -0.25, 0.0, 0.5, 1.0, 2.999, 3.0, 4.0, 100.0)


def clamped(value):
    return min(max(value + 3.0, 0.0), 6.0)


def test_hard_swish_is_the_scalar_formula():
    found = HardSwish()(torch.tensor(VALUES, dtype=torch.float64))
    assert found.tolist() == pytest.approx([v * clamped(v) / 6 for v in VALUES], rel=1e-12)


def test_hard_sigmoid_is_the_scalar_formula():
    found = HardSigmoid()(torch.tensor(VALUES, dtype=torch.float64))
    assert found.tolist() == pytest.approx([clamped(v) / 6 for v in VALUES], rel=1e-12)


@settings(max_examples=60, deadline=None)
@given(
    kernel=st.integers(2, 4),
    stride=st.integers(1, 3),
    padding=st.tuples(st.integers(0, 1), st.integers(0, 1)),
    dilation=st.integers(1, 2),
    size=st.tuples(st.integers(7, 12), st.integers(7, 12)),
    seed=st.integers(0, 2**16),
)
def test_padded_max_pool_equals_the_original_on_values_from_zero_on(
    kernel, stride, padding, dilation, size, seed
):
    image = torch.rand(1, 2, *size, generator=torch.Generator().manual_seed(seed))
    expected = functional.max_pool2d(image, kernel, stride, padding, dilation)
    assert torch.equal(PaddedMaxPool(kernel, stride, padding, dilation)(image), expected)


class Functions(nn.Module):
    """Everything as functions."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.dense = nn.Linear(4, 2)

    def forward(self, image):
        pooled = functional.max_pool2d(functional.relu(self.conv(image)), 3, 2, 1)
        pooled = functional.max_pool2d(pooled, kernel_size=3, stride=2, padding=1)
        left = functional.max_pool2d(self.conv(image), 3, 2, 1)
        gate = functional.hardswish(pooled) * functional.hardsigmoid(pooled)
        return self.dense(gate.mean((2, 3)) + left.mean((2, 3)))


class ValueDependent(nn.Module):
    """Cannot be traced: its Python asks for values."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 4, 3), nn.ReLU(), nn.MaxPool2d(3, 2, 1), nn.Hardswish(), nn.MaxPool2d(3, 2, 1)
        )

    def forward(self, image):
        found = self.body(image)
        return found.mean((2, 3)) if found.sum() > -1e9 else found.sum((2, 3))


class SharedPool(nn.Module):
    """One max-pool module, called behind a ReLU and behind a convolution."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, padding=1)
        self.pool = nn.MaxPool2d(3, 2, 1)

    def forward(self, image):
        return self.pool(functional.relu(self.conv(image))) + self.pool(self.conv(image))


def kinds(module):
    return [type(child).__name__ for child in module.modules()]


def test_functions_are_replaced_and_unproven_pools_left():
    network = Functions().eval()
    rewritten = rewrite_for_delegates(network, EXAMPLE)
    names = kinds(rewritten)
    assert (names.count("PaddedMaxPool"), names.count("HardSwish"), names.count("HardSigmoid")) == (2, 1, 1)
    left = [node for node in rewritten.graph.nodes if node.target is functional.max_pool2d]
    assert len(left) == 1
    image = torch.randn(1, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    assert torch.allclose(rewritten(image), network(image), atol=1e-6)


def test_a_network_that_cannot_be_traced_gets_its_modules_swapped():
    rewritten = rewrite_for_delegates(ValueDependent().eval(), EXAMPLE)
    assert kinds(rewritten.body)[1:] == [
        "Conv2d", "ReLU", "PaddedMaxPool", "ConstantPad2d", "MaxPool2d", "HardSwish", "MaxPool2d",
    ]  # fmt: skip


def test_a_pool_with_one_unproven_call_is_left():
    network = SharedPool().eval()
    assert rewrite_for_delegates(network, EXAMPLE) is network


def test_a_pool_that_rounds_up_hangs_over_zeros():
    network = nn.Sequential(nn.Conv2d(3, 4, 4), nn.ReLU(), nn.MaxPool2d(2, 2, ceil_mode=True)).eval()
    rewritten = rewrite_for_delegates(network, EXAMPLE)
    assert "PaddedMaxPool" in kinds(rewritten)
    image = torch.randn(1, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    assert rewritten(image).shape == (1, 4, 7, 7)
    assert torch.equal(rewritten(image), network(image))


class UsedAgain(nn.Module):
    """An in-place activation whose input is used again: through itself, a view of it, or the picture of a view."""

    def __init__(self, activation, way):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.activation = activation
        self.way = way

    def forward(self, image):
        found = self.conv(image)
        if self.way == "itself":
            return self.activation(found) + found
        if self.way == "a part of it":
            self.activation(found[:, :2])
            return found * 2
        shaped = found.reshape(1, 4, -1)
        return self.activation(found).flatten(2) + shaped


def hard_swish(values):
    return functional.hardswish(values, inplace=True)


def hard_sigmoid(values):
    return functional.hardsigmoid(values, inplace=True)


@pytest.mark.parametrize("way", ["itself", "a part of it", "a view of it"])
@pytest.mark.parametrize(
    "activation",
    [nn.Hardswish(inplace=True), nn.Hardsigmoid(inplace=True), hard_swish, hard_sigmoid],
    ids=["Hardswish", "Hardsigmoid", "hardswish", "hardsigmoid"],
)
def test_an_in_place_form_writes_to_its_input(activation, way):
    network, notes = UsedAgain(activation, way).eval(), []
    rewritten = rewrite_for_delegates(network, EXAMPLE, notes=notes)
    assert {"HardSwish", "HardSigmoid"} & set(kinds(rewritten))
    assert notes == []
    image = torch.randn(1, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    assert torch.allclose(rewritten(image), network(image), atol=1e-6)


@pytest.mark.parametrize("change", ["sub_", "view", "before", "isub", "setitem"])
def test_values_that_were_written_to_are_proven_no_more(change):
    class Changed(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 3)

        def forward(self, image):
            found = self.conv(image)
            positive = functional.relu(found, inplace=change == "before")
            if change == "sub_":
                positive.sub_(1)
            elif change == "view":
                positive.flatten(2).neg_()
            elif change == "before":
                found.mul_(-1)
            elif change == "isub":
                positive -= 1
            else:
                positive[:, 0] = -1
            return functional.max_pool2d(positive, 3, 2, 1)

    network, notes = Changed().eval(), []
    assert rewrite_for_delegates(network, EXAMPLE, notes=notes) is network
    assert notes == []


def test_a_sum_with_a_factor_is_no_sum():
    class Difference(nn.Module):
        def forward(self, image):
            found = functional.relu(image)
            return functional.max_pool2d(torch.add(found, found, alpha=-2), 3, 2, 1)

    network = Difference().eval()
    assert rewrite_for_delegates(network, EXAMPLE) is network


class Doubting(nn.Module):
    """Answers otherwise when its pool is another: no form of the pool is equal, that of hard-swish is."""

    def __init__(self):
        super().__init__()
        self.act, self.relu, self.pool = nn.Hardswish(), nn.ReLU(), nn.MaxPool2d(3, 2, 1)

    def forward(self, image):
        wrong = not isinstance(self.pool, nn.MaxPool2d)
        return self.pool(self.relu(self.act(image))) + wrong


def test_a_form_that_is_not_equal_is_left_out_and_noted():
    network, notes = Doubting().eval(), []
    rewritten = rewrite_for_delegates(network, EXAMPLE, notes=notes)
    assert "HardSwish" in kinds(rewritten)
    assert "PaddedMaxPool" not in kinds(rewritten)
    assert len(notes) == 1
    assert notes[0].startswith("the form of max-pool is left out: its answers differ from the network's by 1")


@pytest.mark.parametrize(
    ("rule", "kind"), [(HARD_SWISH, "HardSwish"), (HARD_SIGMOID, "HardSigmoid"), (MAX_POOL, "PaddedMaxPool")]
)
def test_only_the_asked_rules_apply(rule, kind):
    network = nn.Sequential(nn.Hardswish(), nn.Hardsigmoid(), nn.MaxPool2d(3, 2, 1)).eval()
    found = set(kinds(rewrite_for_delegates(network, EXAMPLE, {rule})))
    assert found & {"HardSwish", "HardSigmoid", "PaddedMaxPool"} == {kind}


def test_the_original_is_not_touched():
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Hardswish()).eval()
    rewrite_for_delegates(network, EXAMPLE)
    assert kinds(network)[1:] == ["Conv2d", "Hardswish"]


def test_a_form_that_is_not_equal_is_refused():
    original = nn.Sequential(nn.Conv2d(3, 4, 3), nn.MaxPool2d(3, 2, 1))
    wrong = nn.Sequential(original[0], PaddedMaxPool(3, 2, 1, 1))
    with pytest.raises(NotProvenError, match="answers differ from the network"):
        prove_equal(original, wrong, EXAMPLE)


def test_a_network_that_overflows_on_random_inputs_keeps_its_own_form():
    network, notes = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Hardswish()).eval(), []
    with torch.no_grad():
        network[0].bias[2] = float("nan")
    assert rewrite_for_delegates(network, EXAMPLE, notes=notes) is network
    assert notes == [
        "the form of hard-swish is left out: the network's answers to random inputs are not finite"
    ]


def test_a_network_that_fixes_its_dtype_is_compared_in_float32():
    class Fixed(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 3)
            self.act = nn.Hardswish()

        def forward(self, image):
            return self.act(self.conv(image) + torch.ones(1, dtype=torch.float32)).matmul(
                torch.eye(14, dtype=torch.float32)
            )

    assert "HardSwish" in kinds(rewrite_for_delegates(Fixed().eval(), EXAMPLE))
