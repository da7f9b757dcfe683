"""Labeled folders: names of classes, counts and hashes."""

import hashlib

import pytest

from fer_edge.faces.labeled_folder import classes_in, content_sha256, labeled_pictures, order_classes, spread
from fer_edge.runtime.errors import PictureError
from fer_edge.runtime.labels import EMOTIONS


def fill(root, names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(name.encode())


def test_spellings_of_a_class_are_one_class(tmp_path):
    fill(tmp_path, ["happy/1.jpg", "Happiness/2.png", "FEAR/deep/3.bmp", "sad /4.JPG", "sad /readme.txt"])
    pictures = labeled_pictures(tmp_path, EMOTIONS)
    assert [(picture.name, picture.label) for picture in pictures] == [
        ("FEAR/deep/3.bmp", "fear"),
        ("Happiness/2.png", "happiness"),
        ("happy/1.jpg", "happiness"),
        ("sad /4.JPG", "sadness"),
    ]


def test_labels_keep_the_models_spelling(tmp_path):
    fill(tmp_path, ["happiness/1.jpg", "Calm/2.jpg"])
    labels = ("happy", "calm")
    assert [picture.label for picture in labeled_pictures(tmp_path, labels)] == ["calm", "happy"]


def test_classes_are_known_by_any_spelling_and_emotions_come_first():
    there = classes_in(["Yawning", "happy", "0", "HAPPINESS", "yawning"], {"0": "fear"})
    assert there == {"yawning": "Yawning", "happiness": "happiness", "fear": "fear"}
    assert order_classes(there.values()) == ("happiness", "fear", "Yawning")


def test_a_limit_spreads_over_all_pictures(tmp_path):
    fill(tmp_path, [f"sad/{number}.jpg" for number in range(10)])
    pictures = labeled_pictures(tmp_path, EMOTIONS)
    assert [picture.path.stem for picture in spread(pictures, 4)] == ["0", "2", "5", "7"]
    assert spread(pictures, 10) == spread(pictures, None) == pictures


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ([], "holds no pictures"),
        (["1.jpg", "sad/2.jpg"], "outside class folders, such as 1.jpg"),
        (["hapiness/1.jpg", "boredom/2.jpg", "sad/3.jpg"], "boredom, hapiness"),
        (["hapiness/1.jpg"], "meant to be happiness"),
        (["train/happy/1.jpg", "test/sad/2.jpg"], "test, train.*stand one folder deeper: give .*/t[a-z]+"),
    ],
)
def test_folders_of_another_form(tmp_path, names, words):
    fill(tmp_path, names)
    with pytest.raises(PictureError, match=words):
        labeled_pictures(tmp_path, EMOTIONS)


def test_a_set_is_known_by_names_and_contents(tmp_path):
    fill(tmp_path, ["sad/b.jpg", "fear/a.jpg"])
    pictures = labeled_pictures(tmp_path, EMOTIONS)
    lines = "".join(
        f"{hashlib.sha256(name.encode()).hexdigest()}  {name}\n" for name in ("fear/a.jpg", "sad/b.jpg")
    )
    assert content_sha256(pictures) == hashlib.sha256(lines.encode()).hexdigest()
    assert content_sha256(reversed(pictures)) == content_sha256(pictures)
    (tmp_path / "sad" / "b.jpg").write_bytes(b"other")
    assert content_sha256(pictures) != hashlib.sha256(lines.encode()).hexdigest()
