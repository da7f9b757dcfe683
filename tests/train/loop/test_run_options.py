"""What a training is asked for beside its recipe, each once from its option to best.safetensors."""

import csv
import json
from dataclasses import replace

import pytest
import torch

from fer_edge.console.output import Output
from fer_edge.runtime.errors import CheckpointError, FerEdgeError, MissingExtra
from fer_edge.train.checkpoint.checkpoint import read_checkpoint
from fer_edge.train.loop.pipeline import train
from fer_edge.train.loop.record import TRAINING_KEY
from fer_edge.train.loop.run_options import RunOptions
from fer_edge.train.recipes import recipe

QUIET = Output(quiet=True)
BARE = RunOptions(workers=1, report=False)
SHORT = replace(
    recipe("synthetic"),
    width=32,
    height=32,
    channels=1,
    faces={"train": 16, "validation": 8, "test": 8},
    views=1,
    epochs=1,
    batch_size=8,
    ema_decay=0.9,
)


@pytest.fixture(scope="module")
def teacher(tmp_path_factory):
    folder = tmp_path_factory.mktemp("teacher")
    return train(SHORT, folder, QUIET, BARE).weights


def test_a_training_leaves_the_switches_of_the_process(tmp_path):
    torch.use_deterministic_algorithms(False)
    train(SHORT, tmp_path, QUIET, BARE)
    assert not torch.are_deterministic_algorithms_enabled()


def provenance(folder):
    return json.loads(read_checkpoint(folder / "best.safetensors").metadata[TRAINING_KEY])


def test_it_starts_from_weights_and_says_so(tmp_path, teacher, capsys):
    frozen = replace(SHORT, learning_rate=1e-12, weight_decay=0.0)
    train(frozen, tmp_path, Output(), replace(BARE, init=teacher))
    assert "starting from all weights of best.safetensors" in capsys.readouterr().err
    began, ended = read_checkpoint(teacher).state, read_checkpoint(tmp_path / "best.safetensors").state
    kernels = [name for name in began if began[name].ndim > 1]
    assert all((began[name] - ended[name]).abs().max() < 1e-6 for name in kernels)
    assert provenance(tmp_path)["init_sha256"] == read_checkpoint(teacher).sha256


def test_it_learns_from_a_teacher_with_class_weights(tmp_path, teacher):
    chosen = replace(SHORT, class_weights="balanced", distillation_weight=1.0)
    train(chosen, tmp_path / "a", QUIET, replace(BARE, teacher=teacher))
    assert provenance(tmp_path / "a")["teacher_sha256"] == read_checkpoint(teacher).sha256
    train(chosen, tmp_path / "b", QUIET, BARE)
    losses = [json.loads((tmp_path / name / "log.jsonl").read_text())["train_loss"] for name in "ab"]
    assert losses[0] != losses[1]


def test_a_teacher_of_other_classes_is_refused(tmp_path, teacher):
    chosen = replace(SHORT, classes=("anger", "fear"))
    with pytest.raises(CheckpointError, match="its labels are"):
        train(chosen, tmp_path, QUIET, replace(BARE, teacher=teacher))


def test_without_a_test_split_the_validation_faces_judge(tmp_path):
    def two_splits(request):
        return {
            name: faces for name, faces in recipe("synthetic").open_data(request).items() if name != "test"
        }

    result = train(replace(SHORT, open_data=two_splits), tmp_path, QUIET, BARE)
    assert result.report["judged_on"] == "validation"
    assert "test" not in result.report
    assert result.report["validation"]["all"]["faces"] == 8
    assert set(result.report["data"]) == {"train", "validation"}


def test_csv_logs_lie_beside(tmp_path):
    train(replace(SHORT, epochs=2), tmp_path, QUIET, replace(BARE, logger="csv"))
    with (tmp_path / "csv/version_0/metrics.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["train_loss"]]
    log = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [float(row["train_loss"]) for row in rows] == pytest.approx(
        [line["train_loss"] for line in log], abs=1e-5
    )


def test_tensorboard_logs_or_a_sentence(tmp_path):
    options = replace(BARE, logger="tensorboard")
    try:
        import tensorboard  # noqa: F401
    except ModuleNotFoundError:
        with pytest.raises(MissingExtra, match=r"fer-edge\[train\]"):
            train(SHORT, tmp_path, QUIET, options)
    else:
        train(SHORT, tmp_path, QUIET, options)
        assert list(tmp_path.glob("tensorboard/version_0/events.*"))


@pytest.mark.parametrize(
    ("name", "augmentation"),
    [("mse", "rotation-light-color"), ("kl", "none"), ("focal", "rotation-light-color")],
)
def test_every_loss_and_augmentation_trains(tmp_path, name, augmentation):
    chosen = replace(
        SHORT,
        loss=name,
        augmentation=augmentation,
        schedule="constant",
        optimizer="adam",
        label_smoothing=0.1,
    )
    report = train(chosen, tmp_path, QUIET, BARE).report
    assert report["epochs"][0]["train_loss"] >= 0


def test_color_is_augmented_in_color(tmp_path):
    chosen = replace(SHORT, channels=3, augmentation="rotation-light-color", precision="bf16-mixed")
    assert train(chosen, tmp_path, QUIET, replace(BARE, channels_last=False)).weights.is_file()


def test_half_precision_needs_a_gpu(tmp_path):
    import torch

    if torch.cuda.is_available() or torch.backends.mps.is_available():
        pytest.skip("there is one")
    with pytest.raises(FerEdgeError, match="take bf16-mixed"):
        train(replace(SHORT, precision="16-mixed"), tmp_path, QUIET, BARE)


def test_a_loss_that_is_no_number_ends_in_a_sentence(tmp_path):
    with pytest.raises(FerEdgeError, match="lower --lr"):
        train(
            replace(SHORT, learning_rate=1e30, epochs=4, optimizer="sgd"),
            tmp_path,
            QUIET,
            BARE,
        )


def test_a_size_that_the_network_does_not_take_is_one_sentence(tmp_path):
    with pytest.raises(FerEdgeError, match=r"fer2013_cnn does not take pictures of 2x2x1: .*another --size"):
        train(replace(SHORT, arch="fer2013_cnn", width=2, height=2), tmp_path, QUIET, BARE)


def test_a_network_must_give_a_logit_a_class(tmp_path, monkeypatch):
    (tmp_path / "other_nets.py").write_text("from torch import nn\n\ndef flat():\n    return nn.Flatten()\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(FerEdgeError, match=r"gives \(2, 1024\) for two pictures; \(2, 8\) is needed"):
        train(replace(SHORT, arch="other_nets:flat"), tmp_path / "out", QUIET, BARE)
