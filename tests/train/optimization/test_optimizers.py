"""Optimizers and schedules by name."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from fer_edge.runtime.errors import FerEdgeError
from fer_edge.train.optimization.optimizers import OPTIMIZERS, SCHEDULES, groups
from fer_edge.train.recipes import recipe
from fer_edge.train.recipes.overrides import check_values


def test_kernels_decay_and_biases_do_not():
    module = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
    decayed, others = groups(module, 0.3)
    assert [weight.ndim for weight in decayed["params"]] == [4]
    assert [weight.ndim for weight in others["params"]] == [1, 1, 1]
    assert (decayed["weight_decay"], others["weight_decay"]) == (0.3, 0.0)


def test_frozen_weights_are_left_out():
    module = nn.Linear(2, 2).requires_grad_(requires_grad=False)
    assert [group["params"] for group in groups(module, 0.1)] == [[], []]


@pytest.mark.parametrize("name", list(OPTIMIZERS))
def test_every_optimizer_goes_down_a_slope(name):
    weight = nn.Parameter(torch.tensor([[3.0]]))
    optimizer = OPTIMIZERS[name]([{"params": [weight], "weight_decay": 0.0}], 0.1)
    for _ in range(200):
        optimizer.zero_grad()
        (weight**2).sum().backward()
        optimizer.step()
    assert abs(float(weight.detach())) < 0.1


def test_names():
    assert list(SCHEDULES) == ["one-cycle", "constant"]
    assert [SCHEDULES["constant"](step, 10) for step in (0, 9)] == [1, 1]
    with pytest.raises(FerEdgeError, match="Did you mean 'adam"):
        check_values(replace(recipe("synthetic"), optimizer="adamm"))
    with pytest.raises(FerEdgeError, match="Allowed: one-cycle, constant"):
        check_values(replace(recipe("synthetic"), schedule="x"))
