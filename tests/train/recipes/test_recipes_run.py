"""Every recipe, from a data set in its published layout to weights and through the exporter.

Two optimizer steps on eight images, by the smallest network of the recipe's family at a small size;
``benchmarks/studies/recipes_full_size.py`` does it with the networks themselves.
"""

import json

import pytest
import torch

from fer_edge.export.cli import main as export
from fer_edge.runtime import Contract
from fer_edge.train.checkpoint.checkpoint import read_checkpoint
from fer_edge.train.cli import main as train
from fer_edge.train.datasets.label_maps import EIGHT, FIVE, FOUR, JAFFE_SIX, SEVEN, SIX
from fer_edge.train.recipes import RECIPES

STEPS = ("--limit", 8, "--batch-size", 4, "--epochs", 1, "--views", 1, "--workers", 1, "--threads", 1)
VGG = ("--arch", "ferplus_vgg13", "--size", "16x16", "--arch-arg", "size=16")
# Recipe, its data, what is made smaller or chosen, and the labels that must come out.
RUNS = {
    "synthetic": ("synthetic", None, ("--size", "32"), EIGHT),
    "jaffe": ("jaffe", "jaffe-four", ("--arch", "resnet18", "--size", "32"), JAFFE_SIX),
    "jaffe-mobile": ("jaffe-mobile", "jaffe-four", ("--size", "32", "--set", "split=image"), JAFFE_SIX),
    "fer2013": ("fer2013", "fer2013", ("--size", "24", "--arch-arg", "size=24"), SIX),
    "fer2013, seven": ("fer2013", "fer2013", ("--arch", "fer_mini", "--size", "32", "--set", "disgust=keep"), SEVEN),
    "ferplus": ("ferplus", "ferplus", VGG, EIGHT),
    "ferplus, five": ("ferplus", "ferplus", (*VGG, "--set", "emotions=5", "--set", "labels=majority"), FIVE),
    "ferplus-fast": ("ferplus-fast", "ferplus", ("--size", "32"), EIGHT),
    "affectnet": ("affectnet", "affectnet", ("--size", "32"), EIGHT),
    "affectnet, sets": ("affectnet", "affectnet-sets", ("--arch", "fer_mini", "--size", "32"), EIGHT),
    "ferplus, pictures": ("ferplus", "ferplus-pictures", VGG, EIGHT),
    "rafdb": ("rafdb", "rafdb", ("--arch", "fer_mini", "--size", "32"), SEVEN),
    "folder": ("folder", "folder", VGG, SEVEN),
    "folder, four": ("folder", "folder", (*VGG, "--classes", "neutral,happy,sad,angry"), FOUR),
}  # fmt: skip


def run(command, *words):
    with pytest.raises(SystemExit) as ending:
        command([str(word) for word in words])
    return ending.value.code


def test_every_recipe_runs_here():
    # What people needs are the listed photographs alone: tests/train/datasets/test_photographs.py.
    assert {name for name, _, _, _ in RUNS.values()} == {recipe.name for recipe in RECIPES} - {"people"}


@pytest.mark.slow
@pytest.mark.parametrize("case", RUNS)
def test_from_its_data_to_onnx(case, drawn_data, tmp_path, capsys):
    name, layout, smaller, labels = RUNS[case]
    data = ("--data", drawn_data(layout)) if layout else ()
    out, bundle = tmp_path / "run", tmp_path / "bundle"
    assert run(train, name, *data, "--out", out, *STEPS, *smaller) == 0, capsys.readouterr().err
    checkpoint = read_checkpoint(out / "best.safetensors")
    assert checkpoint.contract.labels == labels
    assert json.loads(checkpoint.metadata["fer_edge_training"])["recipe"]["name"] == name
    assert torch.load(out / "best.ckpt", weights_only=True)["global_step"] == 2
    code = run(export, out / "best.safetensors", "--format", "onnx", "--parity-inputs", 16, "--out", bundle)
    assert code == 0, capsys.readouterr().err
    (artifact,) = json.loads((bundle / "manifest.json").read_text())["artifacts"]
    assert artifact["parity"]["verdict"] == "pass"
    assert artifact["parity"]["inputs"] >= 16
    assert Contract.parse(artifact["contract"]).labels == labels


@pytest.mark.parametrize("name", [recipe.name for recipe in RECIPES if recipe.needs_data])
def test_without_data_it_says_what_it_needs(name, tmp_path, capsys):
    assert run(train, name, "--out", tmp_path / "run") == 1
    assert f"recipe '{name}' needs --data" in capsys.readouterr().err
    empty = tmp_path / "data"
    empty.mkdir()
    assert run(train, name, "--out", tmp_path / "run", "--data", empty) == 1
    said = capsys.readouterr().err
    assert "missing files" in said
    assert "Traceback" not in said
