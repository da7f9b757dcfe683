"""The three commands from end to end on drawn faces, tiny."""

import csv
import json
import shlex

import click
import pytest
from PIL import Image

from fer_edge.faces.pictures import save_picture
from fer_edge.runtime.camera import scaled
from fer_edge.runtime.labels import EMOTIONS, canonical
from fer_edge.synthetic import SyntheticFaces
from fer_edge.train.cli import main as fer_train
from fer_edge.train.cyclegan.choices import Origin
from fer_edge.train.cyclegan.commands import ambiguous_command, cyclegan_command, generate_command, pairs_of
from fer_edge.train.cyclegan.data import open_faces
from fer_edge.train.cyclegan.model import MODEL, read_model
from fer_edge.train.datasets.curated import augment, reduce

PAIR = ("happiness", "sadness")
SMALL = ("--size", "24x24x1", "--width", "2", "--blocks", "1", "--workers", "1")
DRAWN = ("--recipe", "synthetic", "--classes", "happy,sad", "--limit", "4")


@pytest.fixture
def run(capsys):
    """Runs a command as a shell would; its exit code, JSON document and messages."""

    def call(chosen, *words):
        with pytest.raises(SystemExit) as ended:
            chosen.main([*map(str, words), "--threads", "1", "--json"], chosen.name)
        said = capsys.readouterr()
        return ended.value.code, json.loads(said.out) if said.out else None, said.err

    return call


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Six face crops in class folders, with a third class that nobody asks for."""
    made = tmp_path_factory.mktemp("faces")
    faces = SyntheticFaces("train", 6, emotions=(*PAIR, "anger"))
    for index in range(6):
        name = faces[index].emotion
        (made / name).mkdir(exist_ok=True)
        save_picture(made / name / f"{index}.png", scaled(faces[index].frame, 40, 40, box=faces[index].box))
    return made


def rows_of(path):
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def test_from_faces_to_list_and_new_faces(run, tmp_path):
    model = tmp_path / "model"
    code, result, said = run(
        cyclegan_command, "--from", "happy", "--to", "sad", *DRAWN, *SMALL, "--epochs", 2, "--out", model
    )
    assert code == 0, said
    assert "epoch 2/2: adversarial" in said
    assert "images/s" in said
    assert result["faces"] == {"happiness": 2, "sadness": 2}
    assert set(result["losses"]) == {"adversarial", "cycle", "identity", "discriminator"}
    assert sorted(path.name for path in (model / "samples").iterdir()) == ["epoch-0001.png", "epoch-0002.png"]
    with Image.open(model / "samples" / "epoch-0002.png") as grid:
        assert grid.size == (2 * 26 + 2, 6 * 26 + 2)  # two faces a row, six rows, two pixels between

    # The faces of the training again, without saying so.
    faces = open_faces(Origin("synthetic", PAIR, 4), None, PAIR)
    code, result, said = run(
        ambiguous_command,
        "--model",
        model,
        "--out",
        tmp_path / "all.csv",
        "--threshold",
        "-1",
    )
    assert code == 0, said
    assert (result["faces"], result["listed"]) == (4, 4)
    assert "4 of 4 faces are listed" in said
    rows = rows_of(tmp_path / "all.csv")
    assert {row["name"] for row in rows} == {faces.name(index) for index in range(4)}
    assert sum(map(sum, (one["histogram"] for one in result["classes"].values()))) == 4
    assert json.loads((tmp_path / "all.json").read_text(encoding="utf-8"))["listed"] == 4
    assert (tmp_path / "all.png").exists()

    # The threshold decides, and --only.
    between = (float(rows[1]["ssim"]) + float(rows[2]["ssim"])) / 2
    words = (
        "--model",
        model,
        "--threshold",
        f"{between:.6f}",
        "--workers",
        1,
        *DRAWN,
    )
    assert run(ambiguous_command, *words, "--out", tmp_path / "some.csv")[1]["listed"] == 2
    assert len(reduce(faces, tmp_path / "some.csv")) == 2
    assert list(
        run(ambiguous_command, *words, "--only", "sad", "--out", tmp_path / "sad.csv")[1]["classes"]
    ) == ["sadness"]

    code, result, said = run(
        generate_command, "--model", model, "--out", tmp_path / "made", "--count", 1, "--workers", 1
    )
    assert code == 0, said
    assert result["made"] == {"sadness": 1, "happiness": 1}
    more = augment(faces, tmp_path / "made", PAIR)
    assert len(more) == 6
    provenance = json.loads((tmp_path / "made" / "provenance.json").read_text(encoding="utf-8"))
    assert provenance["model_sha256"] == read_model(model).sha256
    assert [entry["label"] for entry in provenance["images"]] == ["sadness", "happiness"]
    assert [entry["source_label"] for entry in provenance["images"]] == ["happiness", "sadness"]

    # Two listed faces less, two generated ones more.
    words = (
        "--classes",
        "happy,sad",
        "--limit",
        4,
        "--size",
        24,
        "--epochs",
        1,
        "--batch-size",
        2,
        "--views",
        1,
        "--workers",
        1,
    )
    files = (
        "--reduced",
        tmp_path / "some.csv",
        "--augmented",
        tmp_path / "made",
        "--out",
        tmp_path / "trained",
    )
    code, _, said = run(fer_train, "synthetic", *words, *files)
    assert code == 0, said
    report = json.loads((tmp_path / "trained" / "report.json").read_text(encoding="utf-8"))
    assert report["data"]["train"]["faces"] == 4 - 2 + 2
    assert (tmp_path / "trained" / "best.safetensors").exists()

    # A second run must not mix its pictures with the first one's.
    code, result, _ = run(generate_command, "--model", model, "--out", tmp_path / "made", "--workers", 1)
    assert code == 1
    assert "not an empty folder" in result["error"]["message"]


def test_a_labeled_folder(run, folder, tmp_path):
    words = (
        "--from",
        "sadness",
        "--to",
        "happiness",
        "--data",
        folder,
        *SMALL,
        "--epochs",
        1,
        "--out",
        tmp_path / "model",
    )
    code, result, said = run(cyclegan_command, *words)
    assert code == 0, said
    assert result["faces"] == {"sadness": 2, "happiness": 2}
    options = ("--model", tmp_path / "model", "--data", folder, "--workers", 1)
    code, result, said = run(ambiguous_command, *options, "--out", tmp_path / "list.csv", "--threshold", "-1")
    assert code == 0, said
    names = {row["name"] for row in rows_of(tmp_path / "list.csv")}
    assert names == {f"{name}/{index}.png" for name, index in zip([*PAIR] * 2, (0, 1, 3, 4), strict=True)}
    words = (*options, "--out", tmp_path / "made", "--without", tmp_path / "list.csv")
    code, result, _ = run(generate_command, *words)
    assert code == 1
    assert "lists all 4 faces" in result["error"]["message"]
    code, result, _ = run(generate_command, *options, "--out", tmp_path / "made", "--only", "sad")
    assert result["made"] == {"sadness": 2}


def test_equal_choices_give_equal_bytes_also_after_a_stop(run, tmp_path):
    words = ("--from", "happy", "--to", "sad", *DRAWN, *SMALL, "--epochs", 2)
    for name in ("first", "second"):
        assert run(cyclegan_command, *words, "--out", tmp_path / name)[0] == 0
    assert (tmp_path / "first" / MODEL).read_bytes() == (tmp_path / "second" / MODEL).read_bytes()
    # As if the second run had been killed before it could write its model; kills between epochs have a test of their own.
    (tmp_path / "second" / MODEL).unlink()
    assert run(cyclegan_command, *words, "--out", tmp_path / "second", "--resume")[0] == 0
    assert (tmp_path / "first" / MODEL).read_bytes() == (tmp_path / "second" / MODEL).read_bytes()
    assert len((tmp_path / "second" / "log.jsonl").read_text(encoding="utf-8").splitlines()) == 2


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("--from", "happy", "--to", "happy", "--recipe", "synthetic"), 2, "name two classes"),
        (("--from", "hapy", "--to", "sad", "--recipe", "synthetic"), 2, "happiness"),
        (("--from", "happy", "--to", "sad", "--recipe", "synthetic", "--size", "48x64"), 2, "square"),
        (("--from", "happy", "--to", "sad", "--recipe", "synthetic", "--size", "50"), 1, "multiples of 4"),
        (("--from", "happy", "--to", "sad", "--recipe", "syntetic"), 2, "synthetic"),
        (("--from", "happy", "--to", "sad"), 1, "--recipe NAME"),
        (("--from", "happy", "--to", "sad", "--recipe", "fer2013"), 1, "needs --data"),
        (("--from", "happy", "--to", "sad", "--data", "nowhere"), 1, "nowhere is not a folder"),
        (("--from", "happy", "--to", "sad", *DRAWN[:2], "--classes", "happy,anger", "--limit", "4", "--workers", "1"), 1, "none of the 4 faces"),
    ],
)  # fmt: skip
def test_wrong_words_are_one_sentence(run, tmp_path, words, code, message):
    ended, result, said = run(cyclegan_command, *words, "--out", tmp_path / "out")
    assert ended == code
    assert message in result["error"]["message"]
    assert "Traceback" not in said


def test_a_model_that_is_none(run, tmp_path):
    words = ("--model", tmp_path, "--out", tmp_path / "list.csv", "--recipe", "synthetic")
    code, result, _ = run(ambiguous_command, *words)
    assert code == 1
    assert "after its last epoch" in result["error"]["message"]
    (tmp_path / MODEL).write_bytes(b"no model")
    assert "not a sound safetensors file" in run(ambiguous_command, *words)[1]["error"]["message"]
    code, result, _ = run(ambiguous_command, "--model", tmp_path, "--out", tmp_path / "list.txt")
    assert code == 2
    assert "does not end in .csv" in result["error"]["message"]


def test_the_paper_s_values_are_the_defaults():
    defaults = {option.name: option.default for option in cyclegan_command.params}
    assert (defaults["epochs"], defaults["width"], defaults["layers"], defaults["batch_size"]) == (
        200,
        64,
        3,
        1,
    )
    assert {option.name: option.default for option in ambiguous_command.params}["threshold"] == 0.85
    assert set(PAIR) < set(EMOTIONS)


@pytest.fixture
def printed(capsys):
    """Runs a command for people; the commands of its "Next:" lines."""

    def call(chosen, *words):
        with pytest.raises(SystemExit) as ended:
            chosen.main([str(word) for word in words])
        said = capsys.readouterr()
        assert ended.value.code == 0, said.err
        lines = [line.removeprefix("Next: ") for line in said.out.splitlines() if line.startswith("Next: ")]
        return [shlex.split(line) for line in lines], said.out

    return call


SHORT = ("--epochs", "1", "--size", "24", "--batch-size", "2", "--views", "1", "--workers", "1")


def test_several_pairs_in_one_run_and_every_next_command_as_printed(printed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    drawn = ("--recipe", "synthetic", "--classes", "happy,sad,anger", "--limit", "6")
    words = ("--from", "happy", "--to", "sad,anger", *drawn, *SMALL, "--epochs", 1, "--out", "all pairs")
    found, _ = printed(cyclegan_command, *words)
    folders = ["happiness-sadness", "happiness-anger"]
    assert sorted(path.name for path in (tmp_path / "all pairs").iterdir()) == sorted(folders)
    assert found == [
        ["fer-train", "ambiguous", "--model", f"all pairs/{name}", "--out", f"{name}.csv"] for name in folders
    ]
    followed, said = printed(fer_train, *found[0][1:], "--threshold", "-0.9")
    assert "The listed faces: happiness-sadness.html" in said
    expected = "fer-train synthetic --classes happiness,sadness,anger --limit 6 --reduced happiness-sadness.csv --out runs/reduced"
    assert followed == [expected.split()]
    # As many faces as keep the training alive.
    rows = (tmp_path / "happiness-sadness.csv").read_text().splitlines()[:3]
    (tmp_path / "happiness-sadness.csv").write_text("\n".join(rows) + "\n")
    printed(fer_train, *followed[0][1:], *SHORT)
    report = json.loads((tmp_path / "runs/reduced/report.json").read_text())
    assert [(one["option"], one["faces"]) for one in report["lists"]] == [("reduced", 2)]
    (more,), _ = printed(
        fer_train, "generate", "--model", f"all pairs/{folders[0]}", "--out", "new", "--workers", "1"
    )
    assert more[-4:] == ["--augmented", "new", "--out", "runs/augmented"]
    printed(fer_train, *more[1:], *SHORT)
    assert (tmp_path / "runs/augmented/best.safetensors").is_file()


def test_the_listed_faces_are_shown_beside_their_translation(printed, folder, tmp_path):
    model, page = tmp_path / "model", tmp_path / "list.html"
    words = (
        "--from",
        "sadness",
        "--to",
        "happiness",
        "--data",
        folder,
        *SMALL,
        "--epochs",
        1,
        "--out",
        model,
    )
    ((*_, data, _, _),), _ = printed(cyclegan_command, *words)
    assert data == str(folder)
    words = ("--model", model, "--data", folder, "--workers", 1, "--out", tmp_path / "list.csv")
    found, said = printed(ambiguous_command, *words, "--threshold", "-1")
    # A folder's faces are in no recipe's split under these names: no command is promised that would be refused.
    assert (found, "make it with --recipe" in said) == ([], True)
    text = page.read_text(encoding="utf-8")
    assert text.count('<div class="face"') == 4
    assert text.count("data:image/png") == 2 * 4 + 1  # and the histogram
    for row in rows_of(tmp_path / "list.csv"):
        assert f"<b>{float(row['ssim']):.3f}</b><br>{row['name']}" in text
    before = page.read_bytes()
    printed(ambiguous_command, *words, "--threshold", "-1")
    assert page.read_bytes() == before
    printed(ambiguous_command, *words, "--threshold", "1")
    assert page.read_text(encoding="utf-8").count("<p>None.</p>") == 2


@pytest.mark.parametrize(
    ("sources", "targets", "said"),
    [
        ("happy,sad", "anger,fear,disgust", "--from names 2 classes and --to 3"),
        ("happy,sad", "sad,happy", "are named twice"),
        ("happy,sad", "sad", "are both sadness"),
    ],
)
def test_pairs_that_do_not_fit_are_usage(sources, targets, said):
    split = (tuple(canonical(word) for word in text.split(",")) for text in (sources, targets))
    with pytest.raises(click.UsageError, match=said):
        pairs_of(*split)


def test_pairs_go_place_by_place():
    assert pairs_of(("a", "b"), ("c", "d")) == [("a", "c"), ("b", "d")]
    assert pairs_of(("a",), ("b", "c")) == [("a", "b"), ("a", "c")]
    assert pairs_of(("a", "b"), ("c",)) == [("a", "c"), ("b", "c")]
