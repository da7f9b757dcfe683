"""``fer-train look`` as people call it: every layout, whole and damaged."""

import json
import os
import shlex
import shutil

import pytest
from PIL import Image

from fer_edge.train.look.look_command import look_command as look
from fer_edge.train.recipes import recipe
from fer_edge.train.recipes.overrides import override

ALWAYS = {"look.html", "classes.png", "examples.png", "altered.png"}
FACES = {
    "folder": ("folder", {"train": 14, "validation": 7}),
    "fer2013": ("fer2013", {"train": 14, "validation": 7, "test": 7}),
    "ferplus": ("ferplus", {"train": 17, "validation": 9, "test": 9}),
    "jaffe": ("jaffe", {"train": 7, "validation": 7, "test": 7}),
    "affectnet": ("affectnet", {"train": 16, "validation": 8}),
    "affectnet-sets": ("affectnet", {"train": 16, "validation": 8}),
}
"""Layout -> the recipe that reads it, and its faces as they were drawn."""


@pytest.mark.parametrize("layout", FACES)
def test_each_layout_is_recognized_and_counted(call, drawn_data, tmp_path, layout):
    code, out, err = call(look, drawn_data(layout), "--json", "--out", tmp_path / "look")
    assert code == 0, err
    told = json.loads(out)
    name, faces = FACES[layout]
    assert told["recipe"] == name
    assert {split: part["faces"] for split, part in told["splits"].items()} == faces
    assert all(sum(part["classes"].values()) == part["faces"] for part in told["splits"].values())
    assert (told["faults"], told["refused"]) == ({}, False)
    there = {path.name for path in (tmp_path / "look").iterdir()}
    assert there == ALWAYS | ({"fer-ferplus.png"} if layout == "ferplus" else set())
    for path in (tmp_path / "look").glob("*.png"):
        with Image.open(path) as picture:
            picture.verify()
    page = (tmp_path / "look" / "look.html").read_text()
    assert "http" not in page
    assert "<script" not in page
    assert page.count("data:image/png") > sum(told["splits"]["train"]["classes"].values())


def test_classes_are_counted_as_the_recipe_merges_them(call, drawn_data, tmp_path):
    _, out, _ = call(look, drawn_data("fer2013"), "--json", "--out", tmp_path)
    assert json.loads(out)["splits"]["train"]["classes"] == {
        "neutral": 2, "happiness": 2, "surprise": 2, "sadness": 2, "anger": 4, "fear": 2,
    }  # fmt: skip
    _, out, _ = call(look, drawn_data("fer2013"), "--set", "disgust=keep", "--json", "--out", tmp_path)
    assert json.loads(out)["splits"]["test"]["classes"] == dict.fromkeys(recipe("folder").classes, 1)


def test_drawn_faces_need_no_data(call, tmp_path):
    code, out, err = call(look, "--recipe", "synthetic", "--examples", 1, "--out", tmp_path)
    assert code == 0, err
    assert "together   20000        1000  3000  100.0 %" in out
    assert "Next: fer-train synthetic --out run" in out
    assert {path.name for path in tmp_path.iterdir()} == ALWAYS


def test_equal_data_give_equal_bytes(call, drawn_data, tmp_path):
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        assert call(look, drawn_data("ferplus"), "--out", folder)[0] == 0
    one, two = ({path.name: path.read_bytes() for path in folder.iterdir()} for folder in folders)
    assert one == two


@pytest.fixture
def damaged(own_data):
    """A folder with a broken picture, a copy under another label in the other split, a re-encoded copy, and a stray list."""
    root = own_data("folder") / "images"
    first, second = sorted((root / "train" / "happy").iterdir())
    (root / "train" / "sad" / "broken.jpg").write_bytes(first.read_bytes()[:300])
    (root / "validation" / "fear" / "copy.jpg").write_bytes(first.read_bytes())
    with Image.open(second) as picture:
        picture.resize((96, 96), Image.Resampling.BICUBIC).save(root / "train" / "happy" / "large.png")
    (root / "train" / "sad" / "list.txt").write_text("notes")
    return root.parent


def test_faults_and_repetitions_are_shown_and_not_refused(call, damaged, tmp_path):
    code, out, err = call(look, damaged, "--json", "--out", tmp_path / "look")
    assert code == 0, err
    told = json.loads(out)
    assert told["refused"]
    assert told["splits"]["train"]["classes"]["sadness"] == 2
    assert told["splits"]["train"]["classes"]["happiness"] == 3
    assert [kind["count"] for kind in told["faults"].values()] == [1]
    assert "sad/broken.jpg" in told["faults"]["unreadable images"]["first"][0]
    again = told["repeated"]
    numbers = ("pictures", "faces", "same_bytes", "in_two_splits", "of_different_labels")
    assert [again[name] for name in numbers] == [2, 4, 1, 1, 1]
    assert again["first"][0].startswith("same bytes: train train/happy/")
    assert again["first"][0].endswith("validation validation/fear/copy.jpg (fear)")
    assert again["first"][1].startswith("alike: train train/happy/")
    assert any("1 .txt" in note for note in told["notes"])
    folder = tmp_path / "look"
    assert (folder / "faults.txt").read_text().startswith("unreadable images: train/sad/broken.jpg")
    assert len((folder / "repeated.txt").read_text().splitlines()) == 2
    assert (folder / "repeated.png").is_file()
    page = (folder / "look.html").read_text()
    assert "fer-train refuses the data as it is" in page
    assert "broken.jpg" in page


def test_a_repaired_data_set_leaves_no_list_behind(call, damaged, tmp_path):
    out = tmp_path / "look"
    assert "\nNext:" not in call(look, damaged, "--out", out)[1]
    (damaged / "images" / "validation" / "fear" / "copy.jpg").unlink()
    (damaged / "images" / "train" / "sad" / "broken.jpg").unlink()
    (damaged / "images" / "train" / "happy" / "large.png").unlink()
    code, text, _ = call(look, damaged, "--out", out)
    assert code == 0
    assert "Nothing is wrong with the files." in text
    assert f"Next: fer-train folder --data {damaged} --out run" in text
    assert {path.name for path in out.iterdir()} == ALWAYS


def test_faces_that_training_leaves_out_are_listed_too(call, damaged, tmp_path):
    _, out, _ = call(look, damaged, "--set", "faulty=drop", "--json", "--out", tmp_path / "look")
    told = json.loads(out)
    assert not told["refused"]
    assert told["faults"]["unreadable images"]["count"] == 1


def test_long_lists_are_cut_and_counted(call, own_data, tmp_path):
    root = own_data("folder")
    for number in range(30):
        (root / "images" / "train" / "sad" / f"{number}{'x' * 200}.jpg").write_bytes(b"no picture")
    _, out, _ = call(look, root, "--json", "--out", tmp_path / "look")
    found = json.loads(out)["faults"]["unreadable images"]
    assert (found["count"], len(found["first"])) == (30, 20)
    assert max(map(len, found["first"])) <= 300
    assert len((tmp_path / "look" / "faults.txt").read_text().splitlines()) == 30
    assert "and 10 more; all of them are in faults.txt" in (tmp_path / "look" / "look.html").read_text()


@pytest.mark.parametrize("layout", ["fer2013", "ferplus", "jaffe", "affectnet", "affectnet-sets"])
def test_a_damaged_published_layout_is_still_shown(call, own_data, tmp_path, layout):
    root = own_data(layout)
    damage(root, layout)
    code, out, err = call(look, root, "--json", "--out", tmp_path / "look")
    assert code == 0, err
    told = json.loads(out)
    assert told["refused"]
    assert sum(kind["count"] for kind in told["faults"].values()) >= 1
    assert sum(part["faces"] for part in told["splits"].values()) >= 1


def damage(root, layout):
    if layout == "fer2013":
        table = root / "fer2013.csv"
        table.write_text(table.read_text().replace("Training", "Holiday", 1) + "9,1 2 3,Training\n")
    elif layout == "ferplus":
        table = root / "fer2013.csv"
        lines = table.read_text().splitlines()
        table.write_text("\n".join([lines[0], f"{lines[1][:9]},Training", *lines[2:]]) + "\n")
    elif layout == "jaffe":
        next(root.glob("KA.HA*.tiff")).write_bytes(b"II*\0")
    elif layout == "affectnet":
        next(root.rglob("*.jpg")).unlink()
    else:
        next((root / "train_set" / "annotations").glob("*_exp.npy")).unlink()


def test_names_that_are_no_text_are_shown(call, own_data, tmp_path):
    root = own_data("folder") / "images" / "train" / "sad"
    first = min(root.iterdir())
    shutil.copy(first, os.fsdecode(os.fsencode(root) + b"/\xff<b>.jpg"))
    (root / "\x1b[31m.jpg").write_bytes(b"")
    code, out, err = call(look, root.parents[2], "--json", "--out", tmp_path / "look")
    assert code == 0, err
    assert json.loads(out)["repeated"]["pictures"] == 1
    page = (tmp_path / "look" / "look.html").read_text("utf-8")
    assert "\\udcff&lt;b&gt;.jpg" in page
    assert "\x1b" not in page
    assert "\x1b" not in out + err


def test_nothing_readable_is_a_page_too(call, tmp_path):
    data = tmp_path / "FER"
    data.mkdir()
    (data / "fer2013.csv").write_text("no,header\n")
    code, out, err = call(look, data, "--out", tmp_path / "look")
    assert code == 0, err
    assert "1 fault (1 malformed rows): fer-train refuses the data as it is." in out
    assert "There is nothing that the recipe could read." in (tmp_path / "look" / "look.html").read_text()


def test_folders_of_other_names_are_their_own_classes(call, own_data, tmp_path):
    root = own_data("folder") / "images"
    for split in ("train", "validation"):
        for name in ("angry", "disgust", "fear", "surprise"):
            shutil.rmtree(root / split / name)
        (root / split / "sad").rename(root / split / "half asleep")
    code, out, err = call(look, root, "--out", tmp_path / "look")
    assert code == 0, err
    assert "Nothing is wrong with the files." in out
    words = shlex.split(out.split("Next: ")[1])
    assert words[:3] == ["fer-train", "folder", "--data"]
    assert words[5] == "neutral,happiness,half asleep"
    # The line that it prints trains on these classes.
    chosen = override(recipe("folder"), {"classes": tuple(words[5].split(","))})
    assert chosen.classes == ("neutral", "happiness", "half asleep")


def test_what_folders_hold_can_be_said(call, own_data, tmp_path):
    root = own_data("folder") / "images"
    for split in ("train", "validation"):
        (root / split / "happy").rename(root / split / "3")
    _, out, _ = call(look, root, "--map", "3=happy", "--json", "--out", tmp_path / "look")
    told = json.loads(out)
    assert (told["faults"], told["splits"]["train"]["classes"]["happiness"]) == ({}, 2)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 2, "Missing argument 'DATA'"),
        (("--recipe", "fer2014", "x"), 1, "x is not there"),
        (("--recipe", "fer2014", "."), 2, "Did you mean 'fer2013'?"),
        (("--recipe", "fer2013"), 1, "recipe 'fer2013' needs DATA"),
        (("absent",), 1, "absent is not there"),
        ((".", "--out", "./look"), 1, "lies in the data set"),
        (("table.csv",), 1, "no table of FER2013"),
        ((".", "--recipe", "fer2013", "--set", "disgust=hide"), 1, "allowed: disgust=merge, disgust=keep"),
        ((".", "--classes", "happy"), 2, "--classes needs two or more"),
        ((".", "--map", "happy"), 2, "is not FOLDER=CLASS"),
    ],
)
def test_what_cannot_be_looked_at_is_one_sentence(call, tmp_path, monkeypatch, words, code, said):
    (tmp_path / "data").mkdir()
    monkeypatch.chdir(tmp_path / "data")
    (tmp_path / "data" / "table.csv").write_text("a,b\n1,2\n")
    given = words if "--out" in words else (*words, "--out", tmp_path / "look")
    found, out, err = call(look, *given)
    assert (found, out) == (code, "")
    assert said in err
    assert "Traceback" not in err
    assert not (tmp_path / "look").exists()
