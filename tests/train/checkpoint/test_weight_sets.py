"""Checkpoints in the shapes that training scripts leave: which weights are taken, and when somebody is asked."""

import argparse
import collections
import pathlib

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import nn

from fer_edge.runtime.errors import CheckpointError
from fer_edge.train.checkpoint.checkpoint import read_checkpoint
from fer_edge.train.checkpoint.load_weights import load_weights


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
        self.head = nn.Linear(2, 4)


@pytest.fixture
def state():
    torch.manual_seed(1)
    return Net().state_dict()


def halved(state):
    return {
        name: tensor / 2 if tensor.is_floating_point() else tensor.clone() for name, tensor in state.items()
    }


def prefixed(state, prefix):
    return {prefix + name: tensor for name, tensor in state.items()}


def fitted(path, content, key=None, net=None):
    torch.save(content, path)
    return load_weights(net or Net(), read_checkpoint(path, weights_key=key)).state_dict()


def same(first, second):
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def optimizer(state):
    entry = {"exp_avg": torch.zeros(3), "step": torch.tensor(4.0)}
    return {"state": {0: entry, 1: entry}, "param_groups": [{"lr": 0.1, "params": [0, 1]}]}


def parts(state):
    found = {"backbone": {}, "head": {}}
    for name, tensor in state.items():
        part, _, rest = name.partition(".")
        found[part][rest] = tensor
    return found


SHAPES = {
    "bare": lambda s: s,
    "net": lambda s: {"net": s, "acc": 71.0, "epoch": 9},
    "network": lambda s: {"network": s},
    "private test": lambda s: {"net": s, "best_PublicTest_acc": torch.tensor(71.4), "best_PrivateTest_acc": 73.1, "best_PublicTest_acc_epoch": 9},
    "attention heads": lambda s: {"iter": 6, "model_state_dict": prefixed(s, "module."), "optimizer_state_dict": optimizer(s)},
    "timm": lambda s: {"epoch": 3, "arch": "x", "state_dict": s, "optimizer": optimizer(s), "args": argparse.Namespace(a=1)},
    "lightning": lambda s: {
        "state_dict": {**prefixed(s, "model."), "criterion.weight": torch.ones(3), "train_acc.tp": torch.zeros(1), "f1.fn": torch.zeros(3)},
        "hyper_parameters": {"out": pathlib.PurePosixPath("runs"), "lr": np.float64(0.1)},
        "loops": {"fit_loop": {"state_dict": {}}},
        "optimizer_states": [optimizer(s)],
        "callbacks": {"ModelCheckpoint{'monitor': None}": {"best_model_score": torch.tensor(0.5)}},
    },
    "torchmetrics": lambda s: {**prefixed(s, "net."), "val_MulticlassF1Score.tp": torch.zeros(4), "loss_fn.weight": torch.ones(4)},
    "averaged": lambda s: {**prefixed(s, "module."), "n_averaged": torch.tensor(5)},
    "compiled inside": lambda s: {n.replace("head.", "head._orig_mod."): t for n, t in s.items()},
    "compiled around": lambda s: prefixed(s, "_orig_mod."),
    "distributed and compiled": lambda s: prefixed(s, "module._orig_mod."),
    "distributed inside": lambda s: {n.replace("backbone.", "backbone.module."): t for n, t in s.items()},
    "mmengine": lambda s: {"meta": {"epoch": 3}, "state_dict": s, "message_hub": collections.defaultdict(list)},
    "fastai": lambda s: {"model": s, "opt": {"state": [{"mom": torch.zeros(2)}], "hypers": [{"lr": 0.1}]}},
    "two deep": lambda s: {"checkpoint": {"weights": s}, "best": np.float32(0.7)},
    "list": lambda s: [s, optimizer(s), 7],
    "parts": parts,
    "operation counter": lambda s: {**s, "total_ops": torch.zeros(1), "head.total_params": torch.zeros(1)},
    "numbers beside": lambda s: {**s, "epoch": 3, "labels": ["a", "b"]},
    "half": lambda s: {n: t.half() if t.is_floating_point() else t for n, t in s.items()},
    "parameters": lambda s: {n: nn.Parameter(t) if t.is_floating_point() else t for n, t in s.items()},
    "twice the same": lambda s: {"state_dict": s, "state_dict_ema": dict(s)},
    "another network beside": lambda s: {"generator": s, "discriminator": {"w": torch.zeros(3)}},
    "faulty things beside": lambda s: {"model": s, "buffer": {"w": torch.tensor([float("nan")])}, "mask": {"m": torch.eye(2).to_sparse()}},
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("new", [True, False])
def test_the_weights_are_found(tmp_path, state, shape, new):
    path = tmp_path / "a.pth"
    torch.save(SHAPES[shape](state), path, _use_new_zipfile_serialization=new)
    got = load_weights(Net(), read_checkpoint(path)).state_dict()
    expected = {n: t.half().to(t.dtype) for n, t in state.items()} if shape == "half" else state
    assert same(got, expected)


TWO = {
    "ema beside": (lambda a, b: {"state_dict": a, "state_dict_ema": b}, ("state_dict", "state_dict_ema")),
    "timm": (lambda a, b: {"model": a, "model_ema": b, "epoch": 1}, ("model", "model_ema")),
    "yolo": (lambda a, b: {"ema": a, "model": b}, ("ema", "model")),
    "deep": (lambda a, b: {"x": {"a": {"net": a}, "b": {"net": b}}}, ("x.a.net", "x.b.net")),
    "student and teacher": (
        lambda a, b: {"state_dict": {**prefixed(a, "student."), **prefixed(b, "teacher.")}},
        ("state_dict.student", "state_dict.teacher"),
    ),
    "folds": (lambda a, b: [a, b], ("0", "1")),
    "itself and inside": (lambda a, b: {**a, "ema": b}, (".", "ema")),
    "averages in a model": (
        lambda a, b: {"state_dict": {**prefixed(a, "model."), **prefixed(b, "ema_model.module."), "criterion.w": torch.ones(1)}},
        ("state_dict.model", "state_dict.ema_model"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("shape", TWO)
def test_two_that_fit_are_asked_about(tmp_path, state, shape):
    make, keys = TWO[shape]
    content = make(state, halved(state))
    with pytest.raises(CheckpointError, match="2 sets of weights that fit and differ") as caught:
        fitted(tmp_path / "a.pth", content)
    assert all(f"{key} (9 tensors, fits)" in str(caught.value) for key in keys)
    assert "--weights-key" in str(caught.value)
    assert same(fitted(tmp_path / "a.pth", content, keys[0]), state)
    assert same(fitted(tmp_path / "a.pth", content, keys[1]), halved(state))


def test_an_unknown_key_lists_what_there_is(tmp_path, state):
    with pytest.raises(
        CheckpointError,
        match=r"nothing under --weights-key emma; it has model \(9 tensors\), ema \(9 tensors\)",
    ):
        fitted(tmp_path / "a.pth", {"model": state, "ema": state}, "emma")


def test_two_sets_of_a_safetensors_file_are_asked_about_too(tmp_path, state):
    content = {**prefixed(state, "model."), **prefixed(halved(state), "ema.")}
    safetensors.torch.save_file(content, tmp_path / "a.safetensors")
    with pytest.raises(CheckpointError, match=r"ema \(9 tensors, fits\), model \(9 tensors, fits\)"):
        load_weights(Net(), read_checkpoint(tmp_path / "a.safetensors"))
    assert same(
        load_weights(Net(), read_checkpoint(tmp_path / "a.safetensors", weights_key="ema")).state_dict(),
        halved(state),
    )


def test_a_part_that_is_neither_loss_nor_metric_is_not_left_out_silently(tmp_path, state):
    content = {"state_dict": {**prefixed(state, "model."), "attention.weight": torch.ones(2)}}
    with pytest.raises(
        CheckpointError, match=r"1 unexpected: attention.weight\..*--weights-key state_dict.model"
    ):
        fitted(tmp_path / "a.pth", content)
    assert same(fitted(tmp_path / "a.pth", content, "state_dict.model"), state)


def test_the_nearest_set_is_the_one_whose_faults_are_told(tmp_path, state):
    content = {"state_dict": {**state, "head.weight": torch.zeros(7, 2)}, "stats": {"mean": torch.zeros(1)}}
    with pytest.raises(
        CheckpointError, match=r"\(state_dict, the nearest of 2 sets\).*head.weight 7x2 instead of 4x2"
    ):
        fitted(tmp_path / "a.pth", content)


@pytest.mark.filterwarnings("ignore")  # PyTorch announces the end of these functions
def test_observers_of_quantization_aware_training_stand_beside_the_weights(tmp_path, state):
    net = Net().train()
    net.load_state_dict(state)
    net.qconfig = torch.ao.quantization.get_default_qat_qconfig("qnnpack")
    trained = torch.ao.quantization.prepare_qat(net).state_dict()
    assert len(trained) > 3 * len(state)
    assert same(fitted(tmp_path / "qat.pth", trained), state)


@pytest.mark.parametrize(
    ("wrap", "advice"),
    [
        (nn.utils.parametrizations.weight_norm, "remove_parametrizations"),
        (nn.utils.spectral_norm, "remove_spectral_norm"),
        (lambda module: nn.utils.prune.l1_unstructured(module, "weight", 1), r"prune.remove"),
    ],
)
def test_weights_that_are_computed_from_others_are_told(tmp_path, wrap, advice):
    import torch.nn.utils.prune  # noqa: F401 - not imported by torch itself

    net = Net()
    wrap(net.head)
    with pytest.raises(CheckpointError, match=f"computed from other ones: call .*{advice}"):
        fitted(tmp_path / "a.pth", net.state_dict())


def test_versions_of_modules_come_along(tmp_path):
    import torchvision

    net = torchvision.models.mnasnet0_5(num_classes=3)  # which refuses a state dictionary without its version
    torch.save({"state_dict": net.state_dict()}, tmp_path / "a.pth")
    read = read_checkpoint(tmp_path / "a.pth")
    assert read.sets["state_dict"].versions[""] == {"version": 2}
    other = load_weights(torchvision.models.mnasnet0_5(num_classes=3), read)
    assert same(other.state_dict(), net.state_dict())


def test_names_without_end_are_cut(tmp_path, state):
    content = {**state, "a" * 3_000_000: torch.zeros(1), "b." * 100_000: torch.zeros(1)}
    with pytest.raises(CheckpointError, match="2 unexpected") as caught:
        fitted(tmp_path / "a.pth", content)
    assert len(str(caught.value)) < 1000
