"""FER2013's table, its three parts, and the command that makes them."""

import csv
import hashlib
import json

import numpy as np
import pytest

from fer_edge.runtime.camera import scaled
from fer_edge.runtime.errors import DataError
from fer_edge.runtime.labels import EMOTIONS
from fer_edge.train.datasets.label_maps import SEVEN
from fer_edge.train.datasets.split_command import split_command
from support import data_layouts


def table(folder):
    with (folder / "fer2013.csv").open(newline="") as file:
        return list(csv.reader(file))


def rewrite(folder, rows, name="fer2013.csv"):
    data_layouts.write_table(folder / name, rows[0], rows[1:])


@pytest.fixture
def call(capsys):
    def run(*words):
        with pytest.raises(SystemExit) as ending:
            split_command.main([str(word) for word in words])
        captured = capsys.readouterr()
        return ending.value.code, captured.out, captured.err

    return run


def test_usages_are_the_splits_and_pixels_the_pictures(drawn_data, open_recipe):
    splits = open_recipe("fer2013", drawn_data("fer2013"), disgust="keep", classes=SEVEN)
    assert {split: len(faces) for split, faces in splits.items()} == {"train": 14, "validation": 7, "test": 7}
    rows = table(drawn_data("fer2013"))
    face = splits["validation"][0]
    emotion, pixels, usage = rows[15]
    assert (emotion, usage) == ("0", "PublicTest")
    assert splits["validation"].name(0) == "fer2013.csv line 16"
    upright = scaled(face.frame, 48, 48, box=face.box, crop_margin=0.1)
    assert upright[:, :, 1].reshape(-1).tolist() == [int(word) for word in pixels.split()]
    assert face.label.tolist() == [float(name == "anger") for name in EMOTIONS]


def test_disgust_goes_into_anger(drawn_data, open_recipe):
    merged = open_recipe("fer2013", drawn_data("fer2013"))
    labels = np.stack([merged["train"][at].label for at in range(14)])
    assert labels.sum(0).tolist() == [2, 2, 2, 2, 4, 0, 2, 0]


def test_merged_disgust_cannot_be_a_class(drawn_data, open_recipe):
    with pytest.raises(DataError, match=r"no disgust in train \(--set disgust=keep keeps it apart"):
        open_recipe("fer2013", drawn_data("fer2013"), classes=SEVEN)


def test_columns_are_found_by_name(own_data, open_recipe):
    folder = own_data("fer2013")
    before = open_recipe("fer2013", folder)["train"].sha256()
    rewrite(folder, [(f" {row[2]}", row[0], f" {row[1]}") for row in table(folder)])
    again = open_recipe("fer2013", folder)["train"]
    assert len(again) == 14
    assert again[3].label.argmax() == EMOTIONS.index("happiness")
    assert again.sha256() == before


def test_every_fault_is_named_at_once(own_data, open_recipe):
    folder = own_data("fer2013")
    rows = table(folder)
    rows[1][0] = "7"
    rows[2][1] = rows[2][1].rsplit(" ", 1)[0]
    rows[3][1] = "256" + rows[3][1][rows[3][1].index(" ") :]
    rows[4][2] = "Private"
    rows[5] = rows[5][:2]
    rows[16][1] = rows[6][1]
    rows = [row for row in rows if row[0] != "3" or row[-1] != "Training"]
    rewrite(folder, rows)
    with pytest.raises(DataError) as refused:
        open_recipe("fer2013", folder, overlap="refuse")
    message = str(refused.value)
    for part in (
        "line 2: emotion '7'; allowed: 0 to 6",
        "line 3: 2303 pixels; 48x48 = 2304 are needed",
        "line 4: pixel '256' is no whole number from 0 to 255",
        "'Private'; allowed: Training, PublicTest, PrivateTest" if rows[4][2] == "Private" else "line",
        "2 fields; 3 are needed",
        "no happiness in train",
        "train: fer2013.csv line",
        "--set overlap=drop",
    ):
        assert part in message, message


@pytest.mark.parametrize(("policy", "train", "validation"), [("drop", 13, 7), ("keep", 14, 7)])
def test_what_stands_in_two_parts_is_refused_dropped_or_kept(
    own_data, open_recipe, policy, train, validation
):
    folder = own_data("fer2013")
    rows = table(folder)
    rows[15][1] = rows[1][1]
    rewrite(folder, rows)
    with pytest.raises(
        DataError,
        match=r"images in two splits \(1\):\n +train: fer2013.csv line 2 is validation: fer2013.csv line 16",
    ):
        open_recipe("fer2013", folder, overlap="refuse")
    notes = []
    splits = open_recipe("fer2013", folder, overlap=policy, notes=notes)
    assert notes[0].startswith("1 of the 14 pictures of train stand in validation too")
    assert (len(splits["train"]), len(splits["validation"])) == (train, validation)


def test_a_limit_keeps_all_classes(drawn_data, open_recipe):
    splits = open_recipe("fer2013", drawn_data("fer2013"), faces={"train": 6, "validation": 2})
    assert (len(splits["train"]), len(splits["validation"]), len(splits["test"])) == (6, 2, 7)
    assert len({int(splits["train"][at].label.argmax()) for at in range(6)}) == 6
    other = open_recipe("fer2013", drawn_data("fer2013"), faces={"train": 6}, seed=1)
    assert other["train"].sha256() != splits["train"].sha256()


@pytest.mark.parametrize("text", ["", "emotion,pixels\n0,1 2 3\n", "\n\n"])
def test_no_table(tmp_path, open_recipe, text):
    with pytest.raises(DataError, match=r"fer2013.csv, with the columns emotion,pixels,Usage"):
        open_recipe("fer2013", tmp_path)
    (tmp_path / "fer2013.csv").write_text(text)
    with pytest.raises(DataError, match="line 1 is no header emotion,pixels,Usage"):
        open_recipe("fer2013", tmp_path)


def test_hashes_are_compared_where_there_are_any(own_data, open_recipe):
    folder = own_data("fer2013")
    digest = hashlib.sha256((folder / "fer2013.csv").read_bytes()).hexdigest()
    (folder / "SHA256SUMS").write_text(f"{digest} *fer2013.csv\n")
    open_recipe("fer2013", folder)
    with pytest.raises(DataError, match=r"md5 is .*, should be f8428a1edbd21e88f42c73edd2a14f95"):
        open_recipe("fer2013", folder, hashes="published")
    (folder / "SHA256SUMS").write_text(f"{'0' * 64}  fer2013.csv\n{digest}  test.csv\nnonsense\n")
    with pytest.raises(DataError) as refused:
        open_recipe("fer2013", folder)
    assert f"fer2013.csv: sha256 is {digest}, should be {'0' * 64}" in str(refused.value)
    assert "test.csv, which SHA256SUMS lists" in str(refused.value)
    assert "SHA256SUMS line 3" in str(refused.value)
    open_recipe("fer2013", folder, hashes="ignore")


def test_split_writes_the_parts_and_the_recipe_reads_them(call, drawn_data, open_recipe, tmp_path):
    code, out, err = call(drawn_data("fer2013") / "fer2013.csv", "--out", tmp_path / "apart", "--json")
    assert code == 0, err
    files = json.loads(out)["files"]
    assert {usage: sum(counts.values()) for usage, counts in files.items()} == {
        "Training": 14, "PublicTest": 7, "PrivateTest": 7,
    }  # fmt: skip
    assert files["Training"]["disgust"] == 2
    assert sorted(path.name for path in (tmp_path / "apart").iterdir()) == [
        "PrivateTest.csv", "PublicTest.csv", "Training.csv",
    ]  # fmt: skip
    whole = (drawn_data("fer2013") / "fer2013.csv").read_text().splitlines()
    parts = [(tmp_path / "apart" / f"{usage}.csv").read_text().splitlines() for usage in files]
    assert [line for part in parts for line in part[1:]] == whole[1:]
    assert all(part[0] == whole[0] for part in parts)
    splits = open_recipe("fer2013", tmp_path / "apart")
    assert {split: len(faces) for split, faces in splits.items()} == {"train": 14, "validation": 7, "test": 7}
    assert "Training.csv" in call(drawn_data("fer2013") / "fer2013.csv", "--out", tmp_path / "apart")[1]


def test_split_refuses_malformed_rows_and_writes_nothing(call, own_data, tmp_path):
    folder = own_data("fer2013")
    rows = table(folder)
    rows[3][1] += " 1"
    rows[5][2] = "Test"
    rewrite(folder, rows)
    code, out, err = call(folder / "fer2013.csv", "--out", tmp_path / "apart")
    assert (code, out) == (1, "")
    assert "line 4: 2305 pixels" in err
    assert "line 6: Usage 'Test'" in err
    assert not (tmp_path / "apart").exists()


@pytest.mark.parametrize(
    ("words", "code"), [((), 2), (("fer2013.csv",), 2), (("absent.csv", "--out", "x"), 1)]
)
def test_split_needs_a_table_and_a_place(call, tmp_path, monkeypatch, words, code):
    monkeypatch.chdir(tmp_path)
    found, out, err = call(*words)
    assert found == code
    assert err
    assert not out


def test_a_missing_part_is_named(call, drawn_data, open_recipe, tmp_path):
    call(drawn_data("fer2013") / "fer2013.csv", "--out", tmp_path)
    (tmp_path / "PublicTest.csv").unlink()
    with pytest.raises(DataError, match=r"PublicTest.csv, which fer-train split writes"):
        open_recipe("fer2013", tmp_path)


@pytest.mark.parametrize(
    "place", ["FER2013.CSV", "icml_face_data.csv", "fer2013/fer2013.csv", "icml_face_data/icml_face_data.csv"]
)
def test_the_table_as_archives_and_systems_name_it(own_data, open_recipe, call, place):
    def truth(data):
        faces = open_recipe("fer2013", data)["train"]
        return [int(faces[at].label.argmax()) for at in range(len(faces))]

    folder = own_data("fer2013")
    expected = truth(folder)
    (folder / place).parent.mkdir(exist_ok=True)
    (folder / "fer2013.csv").rename(folder / place)
    assert truth(folder) == expected
    if "/" not in place:
        assert truth(folder / place) == expected
    for words in ((folder,), ("--data", folder)):
        code, _, err = call(*words, "--out", folder / "apart")
        assert code == 0, err
        assert (folder / "apart" / "PublicTest.csv").is_file()


def test_split_takes_one_table(call, drawn_data, tmp_path):
    code, _, err = call(drawn_data("fer2013"), "--data", drawn_data("fer2013"), "--out", tmp_path / "apart")
    assert code == 2
    assert "either FER2013.CSV or --data" in err


def test_a_named_table_is_the_one_that_is_read(own_data, open_recipe):
    folder = own_data("fer2013")
    rewrite_as(folder / "mine.csv", [row for row in table(folder) if row[0] != "1"])
    assert len(open_recipe("fer2013", folder)["train"]) == 14
    splits = open_recipe("fer2013", folder / "mine.csv")
    assert {split: len(faces) for split, faces in splits.items()} == {"train": 12, "validation": 6, "test": 6}
    assert splits["train"].name(0) == "mine.csv line 2"


def rewrite_as(path, rows):
    path.write_text("".join(",".join(row) + "\n" for row in rows))


def test_the_header_as_kaggle_writes_it(own_data, open_recipe):
    """``icml_face_data.csv`` begins with ``emotion, Usage, pixels``."""
    folder = own_data("fer2013")
    expected = [faces.sha256() for faces in open_recipe("fer2013", folder).values()]
    rows = [[row[0], f" {row[2]}", f" {row[1]}"] for row in table(folder)]
    (folder / "fer2013.csv").unlink()
    rewrite_as(folder / "icml_face_data.csv", rows)
    splits = open_recipe("fer2013", folder)
    assert [len(faces) for faces in splits.values()] == [14, 7, 7]
    assert [faces.sha256() for faces in splits.values()] != expected  # rows are called by their table


def test_the_training_table_alone_is_divided(tmp_path, open_recipe):
    rows = data_layouts.fer2013_rows({"Training": 4})
    rewrite_as(tmp_path / "train.csv", [("emotion", "pixels"), *((str(row[0]), row[1]) for row in rows)])
    rewrite_as(tmp_path / "test.csv", [("pixels",), *((row[1],) for row in rows)])
    notes = []
    splits = open_recipe("fer2013", tmp_path, notes=notes)
    assert {split: len(faces) for split, faces in splits.items()} == {"train": 22, "validation": 3, "test": 3}
    assert "no validation and no test split" in notes[0]


def test_folders_of_its_pictures(tmp_path, open_recipe):
    from PIL import Image

    for split, take in (("train", 0), ("train", 1), ("test", 2)):
        for name in data_layouts.SEVEN:
            place = tmp_path / split / name
            place.mkdir(parents=True, exist_ok=True)
            face = data_layouts.gray_face(data_layouts.SPOKEN[name], 60 + take * 7 + len(name))
            Image.fromarray(face).save(place / f"{take}.png")
    splits = open_recipe("fer2013", tmp_path)
    assert {split: len(faces) for split, faces in splits.items()} == {"train": 13, "validation": 1, "test": 7}
    truth = [int(splits["test"][at].label.argmax()) for at in range(7)]
    assert truth.count(EMOTIONS.index("anger")) == 2  # disgust is merged into it
