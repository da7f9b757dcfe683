"""Folders of classes, with and without ``images/`` above, and the faults that every data set can have."""

import shutil

import data_layouts
import numpy as np
import pytest
from PIL import Image

from fer_edge.runtime.errors import DataError
from fer_edge.runtime.labels import EMOTIONS
from fer_edge.train.datasets.checks import check_persons
from fer_edge.train.datasets.faults import SHOWN, Faults


def train(folder):
    return folder / "images/train"


@pytest.mark.parametrize("images", [True, False])
def test_with_and_without_images_above(tmp_path, drawn_data, open_recipe, images):
    folder = data_layouts.folder(tmp_path, images=images)
    splits = open_recipe("folder", folder)
    assert {split: len(faces) for split, faces in splits.items()} == {"train": 14, "validation": 7}
    assert splits["train"].name(0) == "train/angry/0.jpg"
    assert splits["train"][0].label.tolist() == [float(name == "anger") for name in EMOTIONS]
    assert splits["train"].sha256() == open_recipe("folder", drawn_data("folder"))["train"].sha256()


def test_a_test_split_is_taken_where_there_is_one(own_data, open_recipe):
    folder = own_data("folder")
    place = folder / "images/test/Happy"
    place.mkdir(parents=True)
    Image.fromarray(data_layouts.gray_face("happiness", 1)).save(place / "1.png")
    splits = open_recipe("folder", folder)
    assert len(splits["test"]) == 1
    assert splits["test"][0].label.argmax() == EMOTIONS.index("happiness")


def test_any_subset_of_classes(drawn_data, open_recipe):
    splits = open_recipe("folder", drawn_data("folder"), classes=("happiness", "sadness", "anger", "neutral"))
    assert {split: len(faces) for split, faces in splits.items()} == {"train": 8, "validation": 4}


def test_every_fault_is_named_at_once(own_data, open_recipe):
    folder = own_data("folder")
    (train(folder) / "angry/0.jpg").write_bytes(b"nothing")
    shutil.rmtree(train(folder) / "disgust")
    for path in (folder / "images/validation/sad").iterdir():
        path.unlink()
    shutil.copy(train(folder) / "happy/6.jpg", folder / "images/validation/happy/again.jpg")
    (folder / "SHA256SUMS").write_text(f"{'0' * 64}  images/train/fear/4.jpg\n{'0' * 64}  labels.csv\n")
    with pytest.raises(DataError) as refused:
        open_recipe("folder", folder)
    message = str(refused.value)
    assert "6 faults" in message
    for part in (
        "missing files (1):\n    labels.csv, which SHA256SUMS lists",
        "wrong hashes (1):\n    images/train/fear/4.jpg: sha256 is",
        "unreadable images (1):\n    train/angry/0.jpg cannot be decoded",
        "empty classes (2):\n    no disgust in train (--classes takes any subset of them)",
        "no sadness in validation",
        "images in two splits (1):\n    train: train/happy/6.jpg is validation: validation/happy/again.jpg",
    ):
        assert part in message, message


def test_a_reencoded_copy_in_the_other_split_is_found(own_data, open_recipe):
    folder = own_data("folder")
    with Image.open(train(folder) / "happy/6.jpg") as picture:
        picture.resize((64, 64)).save(folder / "images/validation/happy/copy.png")
    with pytest.raises(
        DataError, match=r"train: train/happy/6\.jpg is validation: validation/happy/copy\.png"
    ):
        open_recipe("folder", folder)
    assert len(open_recipe("folder", folder, overlap="drop")["train"]) == 13


def test_folders_of_no_known_class(own_data, open_recipe):
    folder = own_data("folder")
    (train(folder) / "happy").rename(train(folder) / "happines")
    with pytest.raises(
        DataError, match=r"no class of the model: happines. Is happines meant to be happiness"
    ):
        open_recipe("folder", folder)


@pytest.mark.parametrize("split", ["train", "validation"])
def test_a_missing_split(own_data, open_recipe, split):
    folder = own_data("folder")
    shutil.rmtree(folder / "images" / split)
    with pytest.raises(DataError, match=rf"the folder {split}/<class>/"):
        open_recipe("folder", folder)


def test_no_folder_at_all(tmp_path, open_recipe):
    with pytest.raises(DataError, match="is not a folder"):
        open_recipe("folder", tmp_path / "absent")
    with pytest.raises(DataError, match="needs --data"):
        open_recipe("folder", None)


def test_many_faults_are_counted_and_the_first_shown(own_data, open_recipe):
    folder = own_data("folder")
    for number in range(SHOWN + 5):
        (train(folder) / f"angry/x{number}.png").write_bytes(b"nothing")
    with pytest.raises(DataError) as refused:
        open_recipe("folder", folder)
    assert f"unreadable images ({SHOWN + 5})" in str(refused.value)
    assert str(refused.value).count("cannot be decoded") == SHOWN
    assert "and 5 more" in str(refused.value)


def test_what_changes_a_face_changes_the_hash(own_data, open_recipe):
    folder = own_data("folder")
    before = open_recipe("folder", folder)["train"].sha256()
    with Image.open(train(folder) / "sad/10.jpg") as picture:
        pixels = np.asarray(picture).copy()
    pixels[0, 0] ^= 255
    Image.fromarray(pixels).save(train(folder) / "sad/10.jpg", quality=92)
    assert open_recipe("folder", folder)["train"].sha256() != before


def test_a_person_in_two_splits_is_named(drawn_data, open_recipe):
    from dataclasses import replace

    from fer_edge.train.datasets.checks import look

    faults = Faults("data")
    entries = [
        replace(entry, person="KA")
        for entry in open_recipe("folder", drawn_data("folder"))["train"].entries[:2]
    ]
    seen = look(entries, faults)
    check_persons({"train": seen[:1], "test": seen[1:]}, faults)
    with pytest.raises(DataError, match=r"persons in two splits \(1\):\n +KA in test and train"):
        faults.check()
