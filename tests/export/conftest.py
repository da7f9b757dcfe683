"""A network of somebody else, small enough that its export takes seconds, and the command run in this process."""

import importlib.util
import json
from pathlib import Path

import pytest
import torch

from fer_edge.export.cli import main as export_main
from fer_edge.export.verify.cli import main as verify_main

ARCHITECTURE = '''
"""Somebody's network: reacts to its input, and misbehaves on request."""

import os
import time

import torch
from torch import nn


class Tiny(nn.Module):
    """16x16 gray to logits."""

    def __init__(self, num_classes, fault):
        super().__init__()
        self.fault = fault
        self.features = nn.Sequential(nn.Conv2d(1, 4, 3, stride=2, padding=1), nn.ReLU(), nn.AvgPool2d(2))
        self.head = nn.Linear(64, num_classes)

    def forward(self, x):
        traced = torch.jit.is_tracing()
        if self.fault == "abort" and traced:
            os.abort()
        # On every road to a file: what cannot be traced is exported.
        if self.fault == "refuse" and (traced or torch.compiler.is_exporting()):
            raise RuntimeError("nothing to trace in /home/somebody/secret/place.py")
        logits = self.head(self.features(x).flatten(1))
        if self.fault == "distribution":
            return torch.softmax(logits, 1)
        if self.fault == "wrong" and traced:
            return logits.flip(1)
        if self.fault == "hot":
            return logits * 1e6 / 1e6
        if self.fault == "constant":
            return logits * 0 + self.head.bias
        if self.fault == "tuple":
            return logits, x
        return logits


def tiny(num_classes, fault="good"):
    return Tiny(num_classes, fault)
'''
LABELS = ("happy", "sad", "neutral")
OPTIONS = (
    "--arch", "somebodys_net:tiny", "--labels", ",".join(LABELS), "--input", "16x16x1", "--mean", "0.5", "--std", "0.5",
)  # fmt: skip


@pytest.fixture(scope="session")
def foreign(tmp_path_factory):
    """A folder with somebody's code and weights: ``somebodys_net.py``, ``weights.pth``."""
    folder = tmp_path_factory.mktemp("foreign")
    (folder / "somebodys_net.py").write_text(ARCHITECTURE)
    generator = torch.Generator().manual_seed(3)

    def values(*shape):
        return torch.randn(*shape, generator=generator)

    state = {
        "features.0.weight": values(4, 1, 3, 3),
        "features.0.bias": values(4) / 4,
        "head.weight": values(3, 64),
        "head.bias": values(3),
    }
    torch.save(state, folder / "weights.pth")
    return folder


def finished(command, arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        command.main([str(argument) for argument in arguments])
    texts = capsys.readouterr()
    document = json.loads(texts.out) if "--json" in map(str, arguments) and texts.out.strip() else None
    return ended.value.code, document, texts


@pytest.fixture
def export(foreign, monkeypatch, capsys):
    """``export(*arguments)`` in the folder of somebody's code: exit code, JSON document, texts."""
    monkeypatch.chdir(foreign)
    return lambda *arguments: finished(export_main, arguments, capsys)


@pytest.fixture
def verify(foreign, monkeypatch, capsys):
    """``verify(*arguments)``: the same for fer-verify."""
    monkeypatch.chdir(foreign)
    return lambda *arguments: finished(verify_main, arguments, capsys)


@pytest.fixture(scope="session")
def foreign_options():
    """What somebody's weights need on the command line."""
    return OPTIONS


@pytest.fixture(scope="session")
def foreign_bundle(foreign, tmp_path_factory, run_command):
    """TorchScript of somebody's network; not to be changed: copy it first."""
    out = tmp_path_factory.mktemp("bundles") / "foreign"
    arguments = ("weights.pth", *OPTIONS, "--format", "torchscript", "--parity-inputs", "16", "--out", out)
    made = run_command("fer_edge.export.cli", *arguments, cwd=foreign)
    assert made.returncode == 0, made.stderr
    return out


@pytest.fixture(scope="session")
def mil():
    """``formats/mil_reference.py``, the evaluator of Core ML programs: test files are not importable by name."""
    place = Path(__file__).parent / "formats" / "mil_reference.py"
    spec = importlib.util.spec_from_file_location("mil_reference", place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
