"""``fer-train`` on folders that people have: what is refused, what is said, what goes to a list."""

import json
import shutil

import pytest

from fer_edge.runtime.labels import EMOTIONS
from fer_edge.train.checkpoint.checkpoint import read_checkpoint
from fer_edge.train.cli import main
from fer_edge.train.evaluation.figures import at_chance

TINY = (
    "--arch",
    "fer_mini",
    "--size",
    "32",
    "--batch-size",
    "4",
    "--epochs",
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


def test_what_is_kept_and_left_out_stands_on_screen_and_in_the_report(call, own_data, tmp_path):
    folder, out = own_data("folder"), tmp_path / "run"
    happy = folder / "images/train/happy"
    shutil.copy(happy / "6.jpg", folder / "images/validation/happy/again.jpg")
    (happy / "broken.jpg").write_bytes(b"nothing")
    (happy / "list.txt").write_text("")
    code, _, err = call("folder", "--data", folder, "--out", out, "--set", "faulty=drop", *TINY)
    assert code == 0, err
    notes = json.loads((out / "report.json").read_text())["notes"]
    for part in (
        "1 file left out (1 .txt)",
        "faulty faces are left out: 1 unreadable images",
        "1 of the 14 pictures of train stand in validation too",
        "is not proven to be above chance",
    ):
        assert f"Warning: {next(note for note in notes if part in note)}" in err
    page = (out / "report.html").read_text()
    assert "stand in validation too" in page
    assert (
        (out / "faults.txt")
        .read_text()
        .startswith("unreadable images: train/happy/broken.jpg cannot be decoded")
    )
    assert str(tmp_path) not in (out / "report.json").read_text()


def test_all_faults_go_to_a_list(call, own_data, tmp_path):
    folder, out = own_data("folder"), tmp_path / "run"
    for number in range(50):
        (folder / f"images/train/angry/x{number}.png").write_bytes(b"nothing")
    code, out_text, err = call("folder", "--data", folder, "--out", out, "--json", *TINY)
    assert code == 1
    assert "and 30 more" in err
    assert f"All of them: {out / 'faults.txt'}" in json.loads(out_text)["error"]["message"]
    assert len((out / "faults.txt").read_text().splitlines()) == 50


@pytest.mark.parametrize("place", ["", "runs/one", "images/../runs"])
def test_nothing_is_written_into_a_data_set(call, own_data, place):
    folder = own_data("folder")
    before = sorted(folder.rglob("*"))
    code, _, err = call("folder", "--data", folder, "--out", folder / place, *TINY)
    assert code == 1
    assert "lies in the data set" in err
    assert sorted(folder.rglob("*")) == before
    for words in (
        ("cyclegan", "--from", "happy", "--to", "sad"),
        ("generate", "--model", "none"),
        ("evaluate", "none.safetensors"),
    ):
        code, _, err = call(*words, "--data", folder, "--out", folder / "made")
        assert (code, "lies in the data set" in err) == (1, True), err


def test_classes_and_folders_of_other_names(call, own_data, tmp_path):
    folder = own_data("folder")
    for split in ("train", "validation"):
        (folder / "images" / split / "angry").rename(folder / "images" / split / "0")
        (folder / "images" / split / "sad").rename(folder / "images" / split / "Gähnen")
    words = ("--map", "0=angry", "--classes", "Gähnen,happy,anger")
    code, _, err = call("folder", "--data", folder, "--out", tmp_path / "run", *words, *TINY)
    assert code == 0, err
    assert read_checkpoint(tmp_path / "run/best.safetensors").contract.labels == (
        "Gähnen",
        "happiness",
        "anger",
    )
    assert "files left out (" in err
    assert json.loads((tmp_path / "run/report.json").read_text())["recipe"]["options"]["map"] == "0=anger"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("synthetic", "--map", "0=anger"), "--map is for recipes that read folders"),
        (("folder", "--map", "0"), "is not FOLDER=CLASS"),
        (("folder", "--classes", "bbox,happy"), "cannot be a label"),
        (("synthetic", "--data", "a", "--data", "b"), "--data is given 2 times"),
        (("synthetic", "--set", "loss=mse", "--set", "loss=kl"), "--set loss is given twice"),
    ],
)
def test_words_that_say_nothing_are_usage(call, tmp_path, words, said):
    code, _, err = call(*words, "--out", tmp_path / "run")
    assert (code, said in err) == (2, True), err


def test_a_cache_is_used_again(call, own_data, tmp_path):
    words = ("folder", "--data", own_data("folder"), *TINY)
    assert call(*words, "--out", tmp_path / "memory")[0] == 0
    for turn, said in (("first", "GB go to"), ("second", "prepared faces are taken from")):
        code, _, err = call(*words, "--out", tmp_path / turn, "--cache", tmp_path / "cache")
        assert (code, err.count(said)) == (0, 2), err
        weights = [(tmp_path / name / "best.safetensors").read_bytes() for name in (turn, "memory")]
        assert weights[0] == weights[1]


def test_more_epochs_lengthen_a_finished_run(call, tmp_path):
    words = (
        "synthetic",
        "--limit",
        "16",
        "--views",
        "1",
        "--size",
        "24",
        "--batch-size",
        "8",
        "--workers",
        "1",
    )
    words += ("--threads", "1", "--out", tmp_path)
    assert call(*words, "--epochs", "2")[0] == 0
    code, _, err = call(*words, "--epochs", "4", "--resume")
    assert code == 0, err
    assert "the run of 2 epochs goes on to 4" in err
    report = json.loads((tmp_path / "report.json").read_text())
    assert [line["epoch"] for line in report["epochs"]] == [1, 2, 3, 4]
    assert len((tmp_path / "log.jsonl").read_text().splitlines()) == 4
    code, _, err = call(*words, "--epochs", "3", "--resume")
    assert code == 1
    assert "recipe.epochs is 3, was 4" in err


def test_chance_is_what_one_answer_gets():
    classes = ("a", "b")
    assert "20 test faces" in at_chance({"confusion": [[10, 0], [8, 2]]}, classes, "test")
    assert "answering a to all of them gets 50.0 %" in at_chance(
        {"confusion": [[10, 0], [8, 2]]}, classes, "test"
    )
    assert at_chance({"confusion": [[10, 0], [0, 10]]}, classes, "test") == ""
    assert at_chance({"faces": 0}, EMOTIONS, "test") == ""
