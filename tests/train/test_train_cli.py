"""``fer-train`` as people and scripts call it."""

import json
from pathlib import Path

import pytest
import torch

from fer_edge.runtime import Contract
from fer_edge.train.checkpoint.checkpoint import read_checkpoint
from fer_edge.train.checkpoint.load_weights import load_weights
from fer_edge.train.cli import main
from fer_edge.train.models import resolve
from fer_edge.train.recipes import RECIPES
from support.processes import python

SMALL = (
    "--limit",
    "16",
    "--epochs",
    "1",
    "--batch-size",
    "8",
    "--views",
    "1",
    "--workers",
    "1",
    "--threads",
    "1",
)


@pytest.fixture
def call(capsys):
    """Run the command; (exit code, standard output, standard error)."""

    def run(*words):
        with pytest.raises(SystemExit) as ending:
            main([str(word) for word in words])
        captured = capsys.readouterr()
        return ending.value.code, captured.out, captured.err

    return run


def test_a_training_leaves_what_export_takes(call, tmp_path):
    code, out, err = call("synthetic", "--out", tmp_path, "--json", *SMALL)
    assert code == 0, err
    document = json.loads(out)
    assert document["weights"] == str(tmp_path / "best.safetensors")
    assert {path.name for path in tmp_path.iterdir() if path.suffix != ".png"} == {
        *(
            "best.safetensors",
            "best.safetensors.contract.json",
            "best.ckpt",
            "last.ckpt",
            "log.jsonl",
            "report.json",
            "report.html",
            "evaluation.json",
        )
    }
    checkpoint = read_checkpoint(tmp_path / "best.safetensors")
    assert checkpoint.metadata["fer_edge_arch"] == "fer_mini"
    assert checkpoint.contract.text == (tmp_path / "best.safetensors.contract.json").read_text()
    assert checkpoint.contract.output.kind == "logits"
    assert checkpoint.contract.input.shape == (1, 1, 64, 64)
    load_weights(resolve("fer_mini", num_classes=8), checkpoint)
    report = json.loads((tmp_path / "report.json").read_text())
    assert len(report["epochs"]) == len((tmp_path / "log.jsonl").read_text().splitlines()) == 1
    assert sum(map(sum, report["test"]["all"]["confusion"])) == 16
    assert str(tmp_path) not in (tmp_path / "report.json").read_text()
    inference = json.loads((tmp_path / "evaluation.json").read_text())["inference"]
    assert 0 < inference["seconds_a_face"] < 10
    assert "median of 16 faces" in inference["how"]


def test_it_repeats_to_the_byte_on_one_machine(call, tmp_path):
    for name in ("a", "b"):
        assert call("synthetic", "--out", tmp_path / name, *SMALL)[0] == 0
    assert (tmp_path / "a/best.safetensors").read_bytes() == (tmp_path / "b/best.safetensors").read_bytes()
    assert (tmp_path / "a/report.json").read_bytes() == (tmp_path / "b/report.json").read_bytes()


def test_somebody_elses_network_with_five_labels_in_color(call, tmp_path):
    code, _, err = call(
        *(
            "synthetic",
            "--out",
            tmp_path,
            "--arch",
            "torchvision.models:shufflenet_v2_x1_0",
            "--size",
            "96x96x3",
        ),
        *("--classes", "happy,sad,angry,neutral,surprise", *SMALL),
    )
    assert code == 0, err
    checkpoint = read_checkpoint(tmp_path / "best.safetensors")
    assert checkpoint.contract.labels == ("happiness", "sadness", "anger", "neutral", "surprise")
    assert checkpoint.contract.input.shape == (1, 3, 96, 96)
    assert checkpoint.contract.model == "shufflenet-v2-x1-0"
    assert checkpoint.metadata["fer_edge_arch"] == "torchvision.models:shufflenet_v2_x1_0"
    assert checkpoint.state["fc.weight"].shape == (5, 1024)


def test_snapshots_pass_the_door(call, tmp_path):
    assert call("synthetic", "--out", tmp_path, *SMALL)[0] == 0
    best, weights = (
        read_checkpoint(tmp_path / "best.ckpt"),
        read_checkpoint(tmp_path / "best.safetensors"),
    )
    module = load_weights(resolve("fer_mini", num_classes=8), best)
    for name, tensor in weights.state.items():
        assert torch.equal(module.state_dict()[name], tensor)


def test_the_list_names_every_recipe(call):
    code, out, _ = call("--list", "--json")
    assert code == 0
    assert [entry["name"] for entry in json.loads(out)["recipes"]] == [entry.name for entry in RECIPES]
    assert "mobilenet_v3_small" in call("--list")[1]


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        ((), 2, "RECIPE"),
        (("synthetic",), 2, "--out"),
        (("synthetik", "--out", "x"), 2, "Did you mean 'synthetic'"),
        (("synthetik",), 2, "Did you mean 'synthetic'"),
        (("synthetic", "--out", "x", "--arch", "resnet19"), 1, "Did you mean 'resnet18'"),
        (("synthetic", "--out", "x", "--arch", "torchvision.models:vgg11"), 1, "add --size"),
        (("synthetic", "--out", "x", "--size", "64x64x2"), 2, "cannot be read"),
        (("synthetic", "--out", "x", "--size", "0"), 2, "cannot be read"),
        (("synthetic", "--out", "x", "--classes", "happy,bored"), 2, "bored"),
        (("synthetic", "--out", "x", "--classes", "happy,happiness"), 2, "two or more"),
        (("synthetic", "--out", "x", "--arch-arg", "dropout"), 2, "KEY=VALUE"),
        (
            ("synthetic", "--out", "x", "--arch", "fer_mini", "--arch-arg", "depth=2", *SMALL),
            1,
            "refused its arguments",
        ),
        (("synthetic", "--out", "x", "--epochs", "0"), 2, "epochs"),
    ],
)
def test_faults_end_in_one_sentence(call, tmp_path, monkeypatch, words, code, sentence):
    monkeypatch.chdir(tmp_path)
    found, out, err = call(*words)
    assert found == code
    assert sentence in err
    assert not out
    assert "Traceback" not in err


def test_the_worked_example_names_real_files(call):
    code, out, _ = call("--help")
    assert code == 0
    assert "fer-train synthetic --out" in out
    assert Path("x/best.safetensors").name in out


def test_contract_texts_are_contracts(call, tmp_path):
    call("synthetic", "--out", tmp_path, *SMALL)
    assert Contract.parse((tmp_path / "best.safetensors.contract.json").read_text()).model == "fer-mini"


def test_it_runs_as_a_module_too():
    said = python("-m", "fer_edge.train.cli", "--help", check=True)
    assert said.stdout.startswith("Usage: fer-train ")
