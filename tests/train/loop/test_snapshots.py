"""Snapshots: what stands in them, who may go on from them, and what a killed process leaves."""

import json
import random
from dataclasses import replace

import numpy as np
import pytest
import torch

from fer_edge.console.output import Output
from fer_edge.export.cli import main as export
from fer_edge.runtime.errors import CheckpointError, FerEdgeError
from fer_edge.train.checkpoint.checkpoint import read_checkpoint
from fer_edge.train.evaluation.compare_command import compare_command
from fer_edge.train.evaluation.evaluate_command import evaluate_command
from fer_edge.train.loop import snapshots
from fer_edge.train.loop.network import network_of
from fer_edge.train.loop.pipeline import train
from fer_edge.train.loop.random_state import RandomState
from fer_edge.train.loop.run_options import RunOptions
from fer_edge.train.loop.snapshots import AtomicFiles, Keeping, Snapshot, check_same, clear
from fer_edge.train.optimization.monitors import MONITORS

QUIET = Output(quiet=True)
BARE = RunOptions(workers=1, report=False)


def same(first, second, path=""):
    """All of two trees, tensors bit for bit."""
    assert type(first) is type(second), path
    if isinstance(first, dict):
        assert first.keys() == second.keys(), path
        for name in first:
            same(first[name], second[name], f"{path}.{name}")
    elif isinstance(first, list | tuple):
        for at, (one, other) in enumerate(zip(first, second, strict=True)):
            same(one, other, f"{path}[{at}]")
    elif isinstance(first, torch.Tensor):
        assert torch.equal(first, second), path
    else:
        assert first == second, path


def content(path):
    return torch.load(path, weights_only=True)


class Stop(Exception):
    """The power is off."""


@pytest.fixture
def dies_after(monkeypatch):
    """Let the next training end like a killed one: right after a file was written."""

    def arrange(files):
        written = []
        save = snapshots.write_snapshot_file

        def counted(path, content):
            save(path, content)
            written.append(path)
            if len(written) == files:
                raise Stop

        monkeypatch.setattr(snapshots, "write_snapshot_file", counted)
        return lambda: monkeypatch.setattr(snapshots, "write_snapshot_file", save)

    return arrange


@pytest.mark.parametrize("files", [1, 2, 3])
def test_a_resumed_run_ends_in_the_same_bytes(nets, short, dies_after, files):
    chosen = replace(short, monitor="loss", class_weights="balanced", optimizer="sgd")
    train(chosen, nets / "whole", QUIET, BARE)
    alive = dies_after(files)
    with pytest.raises(Stop):
        train(chosen, nets / "broken", QUIET, BARE)
    alive()
    torch.manual_seed(99)  # whatever was drawn in between
    (nets / "broken" / f".last.ckpt.{'0' * 16}.tmp").write_bytes(b"half")
    train(chosen, nets / "broken", QUIET, replace(BARE, resume=True))
    for name in ("best.safetensors", "log.jsonl", "report.json"):
        assert (nets / "whole" / name).read_bytes() == (nets / "broken" / name).read_bytes(), name
    same(content(nets / "whole/last.ckpt"), content(nets / "broken/last.ckpt"))
    assert not list((nets / "broken").glob(".*.tmp"))


def test_a_finished_run_resumes_to_the_same_bytes(nets, short):
    def files():
        return [(nets / "a" / name).read_bytes() for name in ("best.safetensors", "log.jsonl", "report.json")]

    train(short, nets / "a", QUIET, BARE)
    before = files()
    train(short, nets / "a", QUIET, replace(BARE, resume=True))
    assert files() == before


def test_other_choices_are_refused_by_name(nets, short):
    train(short, nets / "a", QUIET, BARE)
    again = replace(BARE, resume=True)
    with pytest.raises(FerEdgeError, match=r"recipe\.seed is 7, was 0") as caught:
        train(replace(short, seed=7), nets / "a", QUIET, again)
    assert "data.train.sha256" in str(caught.value)
    with pytest.raises(FerEdgeError, match=r"recipe\.learning_rate is 0\.5, was 0\.004"):
        train(replace(short, learning_rate=0.5), nets / "a", QUIET, again)


def test_what_is_no_snapshot_is_refused(tmp_path):
    (tmp_path / "last.ckpt").write_bytes(b"PK\x03\x04 nothing")
    with pytest.raises(CheckpointError, match="not a snapshot"):
        Snapshot.read(tmp_path / "last.ckpt")
    torch.save({"state_dict": {}}, tmp_path / "last.ckpt")
    with pytest.raises(CheckpointError, match="not a snapshot"):
        Snapshot.read(tmp_path / "last.ckpt")


def test_no_changed_byte_is_trained_on(tmp_path):
    path = tmp_path / "last.ckpt"
    AtomicFiles().save_checkpoint(
        {"state_dict": {"w": torch.arange(4.0)}, "fer_edge_run": {"score": 1.0}}, path
    )
    whole = path.read_bytes()
    assert torch.equal(AtomicFiles().load_checkpoint(path)["state_dict"]["w"], torch.arange(4.0))
    for at in [*range(0, len(whole), 17), *range(len(whole) - 120, len(whole))]:
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :])
        with pytest.raises(CheckpointError, match=r"last\.ckpt is (damaged|not a snapshot)"):
            AtomicFiles().load_checkpoint(path)
    path.write_bytes(whole[:-200])
    with pytest.raises(CheckpointError, match=r"without --resume"):
        Snapshot.read(path)


def test_a_resumed_run_says_that_its_snapshot_was_changed(nets, short):
    train(short, nets / "a", QUIET, BARE)
    path = nets / "a" / "last.ckpt"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(CheckpointError, match=r"last\.ckpt is damaged: .* start anew without --resume"):
        train(
            replace(short, epochs=short.epochs + 1),
            nets / "a",
            QUIET,
            replace(BARE, resume=True),
        )


def test_differences_are_listed_all_at_once():
    with pytest.raises(FerEdgeError, match=r"a\.b is 1, was 2; c is None, was 'x'"):
        check_same({"a": {"b": 1}, "d": [1]}, {"a": {"b": 2}, "c": "x", "d": [1]}, "last.ckpt")
    check_same({"a": {"b": (1, 2)}}, {"a": {"b": [1, 2]}}, "last.ckpt")


def test_only_what_is_ours_is_cleared(tmp_path):
    ours = ("best.ckpt", "last.ckpt", "epoch-003.ckpt", f".best.ckpt.{'a' * 16}.tmp", "best.safetensors")
    for name in (*ours, "mine.ckpt", ".mine.tmp", "notes.txt"):
        (tmp_path / name).touch()
    clear(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"mine.ckpt", ".mine.tmp", "notes.txt"}


def test_generators_go_on_where_they_stood():
    state = RandomState()
    state.note()
    torch.empty((), dtype=torch.int64).random_()  # the loader's own
    expected = (torch.rand(3), np.random.rand(), random.random())  # noqa: NPY002
    state.begin()
    found = (torch.rand(3), np.random.rand(), random.random())  # noqa: NPY002
    assert torch.equal(found[0], expected[0])
    assert found[1:] == expected[1:]


def test_every_epoch_is_kept_if_asked_for(nets, short):
    train(replace(short, keep_snapshots="all"), nets / "a", QUIET, BARE)
    names = sorted(path.name for path in (nets / "a").glob("*.ckpt"))
    assert names == ["best.ckpt", "epoch-001.ckpt", "epoch-002.ckpt", "epoch-003.ckpt", "last.ckpt"]


@pytest.mark.parametrize(("monitor", "figure", "choose"), [
    ("accuracy", "validation_accuracy", max), ("macro-f1", "validation_macro_f1", max), ("loss", "validation_loss", min),
])  # fmt: skip
def test_the_best_epoch_is_that_of_the_monitored_figure(nets, short, monitor, figure, choose):
    train(
        replace(short, monitor=monitor, epochs=4, learning_rate=0.05),
        nets / "a",
        QUIET,
        BARE,
    )
    log = [json.loads(line) for line in (nets / "a/log.jsonl").read_text().splitlines()]
    best = content(nets / "a/best.ckpt")["epoch"]
    assert log[best - 1][figure] == choose(line[figure] for line in log)
    # Of equals the first one.
    assert all(line[figure] != log[best - 1][figure] for line in log[: best - 1])


def test_early_stopping_ends_and_a_resumed_run_stays_ended(nets, short):
    chosen = replace(short, epochs=9, early_stopping=2, learning_rate=1e-12, monitor="accuracy")
    train(chosen, nets / "a", QUIET, BARE)
    log = (nets / "a/log.jsonl").read_text()
    assert len(log.splitlines()) == 3  # the first is the best, then two that are no better
    train(chosen, nets / "a", QUIET, replace(BARE, resume=True))
    assert (nets / "a/log.jsonl").read_text() == log


def test_a_run_that_fails_leaves_no_earlier_weights(nets, short):
    train(short, nets / "a", QUIET, BARE)
    with pytest.raises(FerEdgeError, match="not finite"):
        train(replace(short, learning_rate=1e30), nets / "a", QUIET, BARE)
    assert {path.name for path in (nets / "a").iterdir()} <= {"last.ckpt", "best.ckpt", "log.jsonl"}


def test_the_snapshots_for_people_hold_what_evaluation_used_and_nothing_else(nets, short):
    """Averaged weights (ema_decay of the fixture), by the network's own names; the optimizer is in last.ckpt alone."""
    train(replace(short, keep_snapshots="all"), nets / "a", QUIET, BARE)
    resumable = content(nets / "a/last.ckpt")
    kept = content(nets / "a/epoch-003.ckpt")
    averaged = {name.removeprefix("model."): value for name, value in resumable["state_dict"].items()}
    same({name: kept["state_dict"][name] for name in kept["state_dict"]}, averaged)
    assert not torch.equal(averaged["0.weight"], resumable["current_model_state"]["model.0.weight"])
    assert "optimizer_states" in resumable
    log = [json.loads(line) for line in (nets / "a/log.jsonl").read_text().splitlines()]
    assert kept["figures"]["validation_loss"] == log[2]["validation_loss"]
    assert kept["epoch"] == 3
    assert set(kept) == {
        *("state_dict", "epoch", "global_step", "figures"),
        *("fer_edge_contract", "fer_edge_arch", "fer_edge_arch_args", "fer_edge_training"),
    }
    network = network_of(short)
    network.load_state_dict(kept["state_dict"])


def test_a_snapshot_is_evaluated_compared_and_exported_as_it_is(nets, short, capsys):
    train(replace(short, keep_snapshots="2"), nets / "a", QUIET, BARE)
    taken = sorted((nets / "a").glob("epoch-*.ckpt"))
    found = read_checkpoint(taken[0])
    assert found.contract == read_checkpoint(nets / "a/best.safetensors").contract
    assert json.loads(found.metadata["fer_edge_training"])["recipe"]["keep_snapshots"] == "2"
    faces = ("--recipe", "synthetic", "--limit", "8", "--arch", short.arch)
    for command, words in (
        (evaluate_command, (taken[0], *faces)),
        (compare_command, (taken[0], taken[1], nets / "a/best.ckpt", *faces)),
        (export, (taken[0], "--arch", short.arch, "--format", "torchscript", "--parity-inputs", "16")),
    ):
        with pytest.raises(SystemExit) as ending:
            command.main([str(word) for word in words])
        assert ending.value.code == 0, capsys.readouterr().err
    data = bytearray(taken[0].read_bytes())
    data[len(data) // 2] ^= 1
    taken[0].write_bytes(data)
    with pytest.raises(CheckpointError, match=r"epoch-00.\.ckpt"):
        read_checkpoint(taken[0])


def test_the_best_epochs_are_kept_and_the_others_removed(nets, short):
    chosen = replace(short, epochs=5, keep_snapshots="2", monitor="loss", learning_rate=0.05)
    train(chosen, nets / "a", QUIET, BARE)
    log = [json.loads(line) for line in (nets / "a/log.jsonl").read_text().splitlines()]
    best = sorted(range(1, 6), key=lambda epoch: log[epoch - 1]["validation_loss"])[:2]
    names = {path.name for path in (nets / "a").glob("epoch-*.ckpt")}
    assert names == {f"epoch-{epoch:03d}.ckpt" for epoch in best}


@pytest.mark.parametrize(
    ("word", "kept"), [("all", [2, 3, 1, 4]), ("best", []), ("1", [2]), ("3", [2, 3, 1]), ("9", [2, 3, 1, 4])]
)
def test_of_equal_epochs_the_earlier_is_kept(word, kept):
    assert Keeping(MONITORS["accuracy"], word).ranked([0.5, 0.7, 0.7, 0.1]) == kept
