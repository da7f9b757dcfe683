"""What a training tells: the kept epoch, the end, every choice, the lists, class frequencies; and its next command."""

import hashlib
import json
import shlex

import numpy as np
import pytest

from fer_edge.export.cli import main as export
from fer_edge.export.verify.cli import main as verify
from fer_edge.train.cli import main
from fer_edge.train.datasets.ambiguous_list import AmbiguousFace, pixels_sha256, write_list
from fer_edge.train.evaluation.texts import describe_end
from fer_edge.train.loop import record
from fer_edge.train.loop.log import log_lines
from fer_edge.train.models.foreign import argument_text, parse_arguments
from fer_edge.train.recipes import recipe

SMALL = ("--limit", "16", "--set", "views=1", "--batch-size", "8", "--size", "32", "--workers", "1")


@pytest.fixture
def call(capsys):
    """``call(command, *words)``: exit code, standard output, standard error."""

    def run(command, *words):
        with pytest.raises(SystemExit) as ending:
            command.main([str(word) for word in words])
        captured = capsys.readouterr()
        return ending.value.code, captured.out, captured.err

    return run


def test_a_training_tells_everything_in_all_four_places(call, tmp_path):
    faces = recipe("synthetic").open_data(request_of(16))["train"]
    rows = [AmbiguousFace(faces.name(at), "neutral", 0.9, pixels_sha256(faces[at])) for at in (2, 5, 11)]
    listed = tmp_path / "doubt.csv"
    write_list(listed, rows)
    sha256 = hashlib.sha256(listed.read_bytes()).hexdigest()
    words = ("--epochs", 9, "--set", "early_stopping=2", "--lr", "1e-9", "--reduced", listed)
    code, out, err = call(main, "synthetic", "--out", tmp_path / "a", *SMALL, *words)
    assert code == 0, err
    screen = err + out
    # At that rate the first epoch stays the best: two more are tried.
    assert "Kept: epoch 1, which has the best validation accuracy" in out
    assert (
        "Stopped early after epoch 3 of 9: validation accuracy was no better than in epoch 1 for 2 epochs."
        in out
    )
    assert "epochs 9 instead of 16" in err
    assert f"--reduced doubt.csv: 3 training faces left out (SHA-256 {sha256})" in err
    assert "optimizer adamw" in err
    assert "validation: 16 faces: neutral 2, happiness 2" in err
    assert "(best so far)" in err
    assert "the second is right in" in screen
    log = [json.loads(line) for line in (tmp_path / "a/log.jsonl").read_text().splitlines()]
    assert [line.get("chosen", False) for line in log] == [True, False, False]
    assert log[-1]["ended"] == {
        "after": 3, "of": 9, "early": True, "why": "validation accuracy was no better than in epoch 1 for 2 epochs",
    }  # fmt: skip
    assert log[0]["run"]["recipe"]["epochs"] == 9
    assert log[0]["run"]["lists"] == [
        {"option": "reduced", "name": "doubt.csv", "sha256": sha256, "faces": 3}
    ]
    report = json.loads((tmp_path / "a/report.json").read_text())
    assert report["changed"]["epochs"] == {"here": 9, "listed": 16}
    assert report["changed"]["width"] == {"here": 32, "listed": 64}
    assert sum(report["classes"]["train"].values()) == 13
    assert report["chosen"]["epoch"] == 1
    assert {key: log[0][key] for key in report["epochs"][0]} == report["epochs"][0]
    page = (tmp_path / "a/report.html").read_text()
    for said in (
        "Kept: epoch 1",
        "Stopped early after epoch 3 of 9",
        "9, instead of 16",
        sha256,
        "2 (12.5 %)",
    ):
        assert said in page, said


def request_of(limit):
    from fer_edge.train.datasets.request import DataRequest

    chosen = recipe("synthetic")
    return DataRequest(
        None, chosen.classes, dict.fromkeys(("train", "validation", "test"), limit), 0, chosen.options
    )


def test_a_training_to_the_end_says_so():
    history = [{"epoch": n, "validation_loss": value} for n, value in ((1, 0.5), (2, 0.25), (3, 0.3))]
    from dataclasses import replace

    end = record.summarize_end(history, 2, replace(recipe("synthetic"), epochs=3, monitor="loss"))
    assert describe_end(end) == [
        "Kept: epoch 2, which has the best validation loss, 0.2500.",
        "Ended after epoch 3 of 3: all epochs are done.",
    ]
    assert [line.get("chosen") for line in log_lines(history, {"seed": 1}, end)] == [None, True, None]
    assert "run" not in history[0]


def test_frequencies_are_those_of_the_strongest_part():
    labels = np.array([[0.6, 0.4, 0], [0.5, 0.5, 0], [0, 0.1, 0.9]], np.float32)
    assert record.count_classes(labels, ("a", "b", "c")) == {"a": 2, "b": 0, "c": 1}


NET = """
from torch import nn

def small(num_classes, width=8, kind="relu"):
    return nn.Sequential(nn.Conv2d(1, width, 3, stride=2), {"relu": nn.ReLU, "silu": nn.SiLU}[kind](),
                         nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(4 * width, num_classes))
"""


@pytest.mark.parametrize(
    ("arch", "arguments"),
    [("story_nets:small", ("--arch-arg", "kind=silu", "--arch-arg", "width=6")), ("fer_mini", ())],
)
def test_the_next_commands_run_as_printed(call, tmp_path, monkeypatch, arch, arguments):
    (tmp_path / "story_nets.py").write_text(NET)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    words = ("--arch", arch, *arguments, "--size", "32x32x1", "--epochs", 1)
    code, out, err = call(main, "synthetic", "--out", "a run", *SMALL[:-4], "--workers", "1", *words)
    assert code == 0, err
    program, *rest = next_of(out)
    assert program == "fer-export"
    # All formats take minutes; which ones are made is no part of what is printed.
    code, out, err = call(
        export, *rest, "--format", "torchscript", "--parity-inputs", 16, "--allow-insensitive"
    )
    assert code == 0, err
    program, *rest = next_of(out)
    assert program == "fer-verify"
    assert rest == ["bundle", *(["--arch", arch, *arguments] if ":" in arch else [])]
    code, out, err = call(verify, *rest, "--json")
    assert code == 0, err
    checks = {one["name"]: one["verdict"] for one in json.loads(out)["checks"]}
    assert checks["reference"] == "pass", checks


def next_of(out):
    (printed,) = [line.removeprefix("Next: ") for line in out.splitlines() if line.startswith("Next: ")]
    return shlex.split(printed)


def test_arguments_of_a_network_are_written_as_they_are_read():
    values = {"a": 2, "b": "2", "c": "silu", "d": [1, 2], "e": True, "f": "true", "g": "two words", "h": None}
    assert parse_arguments({name: argument_text(value) for name, value in values.items()}) == values
