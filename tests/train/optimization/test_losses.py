"""Losses against sums written out by hand, one face and one class at a time."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_edge.runtime.errors import FerEdgeError
from fer_edge.train.optimization.losses import LOSSES, balanced_weights, smooth
from fer_edge.train.recipes import recipe
from fer_edge.train.recipes.overrides import check_values


def probabilities(row):
    top = max(row)
    powers = [math.exp(value - top) for value in row]
    return [power / sum(powers) for power in powers]


def slow_cross_entropy(p, t, w):
    return -sum(w[c] * t[c] * math.log(p[c]) for c in range(len(p)))


def slow_mse(p, t, w):
    return sum(w[c] * (p[c] - t[c]) ** 2 for c in range(len(p))) / len(p)


def slow_kl(p, t, w):
    return sum(w[c] * t[c] * (math.log(t[c]) - math.log(p[c])) for c in range(len(p)) if t[c] > 0)


def slow_focal(p, t, w):
    return -sum(w[c] * t[c] * (1 - p[c]) * (1 - p[c]) * math.log(p[c]) for c in range(len(p)))


SLOW = {"cross-entropy": slow_cross_entropy, "mse": slow_mse, "kl": slow_kl, "focal": slow_focal}


def test_every_loss_has_a_slow_computation():
    assert list(LOSSES) == list(SLOW)


@pytest.mark.parametrize("name", SLOW)
@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), weighted=st.booleans())
def test_losses_are_the_mean_of_the_sums_by_hand(name, seed, weighted):
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 3, (5, 4))
    labels = rng.dirichlet([0.5] * 4, 5)
    labels[0] = [0, 1, 0, 0]  # a hard label: its zeros must not become NaN
    weights = rng.uniform(0.2, 3, 4)
    by_hand = [
        SLOW[name](probabilities(row), truth, weights if weighted else [1] * 4)
        for row, truth in zip(logits.tolist(), labels.tolist(), strict=True)
    ]
    found = LOSSES[name](
        torch.tensor(logits), torch.tensor(labels), torch.tensor(weights) if weighted else None
    )
    assert float(found) == pytest.approx(sum(by_hand) / 5, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("name", SLOW)
def test_two_halves_of_a_batch_average_to_the_whole(name):
    torch.manual_seed(0)
    logits, labels = (
        torch.randn(8, 3, dtype=torch.float64),
        torch.eye(3, dtype=torch.float64)[[0, 0, 0, 0, 1, 2, 1, 1]],
    )
    weights = torch.tensor([0.5, 2.0, 1.0], dtype=torch.float64)
    function = LOSSES[name]
    halves = (function(logits[:4], labels[:4], weights) + function(logits[4:], labels[4:], weights)) / 2
    assert float(halves) == pytest.approx(float(function(logits, labels, weights)), rel=1e-12)


def test_smoothing_mixes_in_the_uniform_distribution():
    found = smooth(torch.tensor([[1.0, 0, 0, 0]]), 0.2)
    assert found.tolist() == [pytest.approx([0.85, 0.05, 0.05, 0.05])]


def test_balanced_weights_by_hand():
    # Six faces: three, two and one of a class; 6 / (3 classes * count).
    labels = torch.eye(3)[[0, 0, 0, 1, 1, 2]]
    names = ("happiness", "sadness", "anger")
    weights = balanced_weights(labels, names)
    assert weights.tolist() == pytest.approx([6 / 9, 6 / 6, 6 / 3])
    assert float((labels @ weights).mean()) == pytest.approx(1)
    with pytest.raises(FerEdgeError, match="none of the 2 training faces shows sadness"):
        balanced_weights(torch.eye(3)[[0, 2]], names)


def test_an_unknown_loss_gets_the_closest_one():
    with pytest.raises(FerEdgeError, match="Did you mean 'focal'"):
        check_values(replace(recipe("synthetic"), loss="vocal"))
