"""``--init``: all weights, or all but the last layer."""

import pytest
import torch
from torch import nn

from fer_edge.runtime.errors import CheckpointError
from fer_edge.train.checkpoint.checkpoint import write_checkpoint
from fer_edge.train.checkpoint.network import initialize, last_layer
from fer_edge.train.loop.pipeline import contract_of
from fer_edge.train.recipes import recipe


def network(classes, seed):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(8, classes))


def contract(*labels):
    from dataclasses import replace

    chosen = replace(recipe("synthetic"), classes=labels, width=4, height=4, channels=1)
    return contract_of(chosen)


def same(first, second, prefix):
    names = [name for name in first.state_dict() if name.startswith(prefix)]
    return all(torch.equal(first.state_dict()[name], second.state_dict()[name]) for name in names)


def test_all_weights_of_the_same_classes(tmp_path):
    theirs, mine = network(2, 1), network(2, 2)
    write_checkpoint(tmp_path / "a.safetensors", theirs.state_dict(), contract("anger", "fear"))
    assert "all weights" in initialize(mine, tmp_path / "a.safetensors", contract("anger", "fear"))
    assert same(mine, theirs, "")


def test_another_number_of_classes_leaves_out_the_last_layer(tmp_path):
    theirs, mine, fresh = network(1000, 1), network(2, 2), network(2, 2)
    torch.save(
        {"state_dict": {f"module.{name}": value for name, value in theirs.state_dict().items()}},
        tmp_path / "a.pth",
    )
    said = initialize(mine, tmp_path / "a.pth", contract("anger", "fear"))
    assert "except the last layer 3" in said
    assert same(mine, theirs, "0")
    assert same(mine, theirs, "1")
    assert same(mine, fresh, "3")


def test_other_labels_of_the_same_number_leave_it_out_too(tmp_path):
    theirs, mine, fresh = network(2, 1), network(2, 2), network(2, 2)
    write_checkpoint(tmp_path / "a.safetensors", theirs.state_dict(), contract("fear", "anger"))
    assert "except the last layer" in initialize(mine, tmp_path / "a.safetensors", contract("anger", "fear"))
    assert same(mine, fresh, "3")


def test_what_does_not_fit_otherwise_is_refused(tmp_path):
    torch.save(nn.Sequential(nn.Conv2d(3, 2, 3)).state_dict(), tmp_path / "a.pth")
    with pytest.raises(CheckpointError, match=r"0\.weight 2x3x3x3 instead of 2x1x3x3"):
        initialize(network(2, 0), tmp_path / "a.pth", contract("anger", "fear"))


def test_the_last_layer_has_weights_of_its_own():
    assert last_layer(nn.Sequential(nn.Linear(1, 1), nn.Sequential(nn.Linear(1, 1), nn.ReLU()))) == "1.0."
    assert last_layer(nn.Linear(1, 1)) == ""
