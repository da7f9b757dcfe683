"""Folders of classes, with and without ``images/`` above, and the faults that every data set can have."""

import shutil

import numpy as np
import pytest
from PIL import Image

from fer_edge.runtime.errors import DataError
from fer_edge.runtime.labels import EMOTIONS
from fer_edge.train.datasets.checks import check_persons
from fer_edge.train.datasets.faults import SHOWN, Faults
from support import data_layouts


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
        open_recipe("folder", folder, overlap="refuse")
    message = str(refused.value)
    assert "6 faults" in message
    for part in (
        "missing files (1):\n    labels.csv, which SHA256SUMS lists",
        "wrong hashes (1):\n    images/train/fear/4.jpg: sha256 is",
        "unreadable images (1):\n    train/angry/0.jpg cannot be decoded",
        "empty classes (2):\n    no disgust in train (--classes takes any subset of them; there are",
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
        open_recipe("folder", folder, overlap="refuse")
    assert len(open_recipe("folder", folder, overlap="drop")["train"]) == 13


def test_folders_of_no_known_class(own_data, open_recipe):
    folder = own_data("folder")
    (train(folder) / "happy").rename(train(folder) / "happines")
    with pytest.raises(
        DataError, match=r"no class of the model: happines. Is happines meant to be happiness"
    ):
        open_recipe("folder", folder)


def test_without_a_training_split(own_data, open_recipe):
    folder = own_data("folder")
    shutil.rmtree(folder / "images/train")
    with pytest.raises(DataError, match="the folder train/<class>/ beside validation/"):
        open_recipe("folder", folder)


def pictures_in(folder, split, count=2, classes=data_layouts.SEVEN, seed=3000):
    for at, (name, take) in enumerate((name, take) for take in range(count) for name in classes):
        place = folder / split / name
        place.mkdir(parents=True, exist_ok=True)
        face = data_layouts.gray_face(data_layouts.SPOKEN.get(name, "fear"), seed + at)
        Image.fromarray(face).save(place / f"{take}.png")
    return folder


@pytest.mark.parametrize(
    ("train", "test"), [("train", "test"), ("Train", "TEST"), ("images/Training", "images/testing")]
)
def test_train_and_test_without_validation(tmp_path, open_recipe, train, test):
    pictures_in(pictures_in(tmp_path, train, 4), test, 1, seed=4000)
    notes = []
    splits = open_recipe("folder", tmp_path, notes=notes)
    assert {split: len(faces) for split, faces in splits.items()} == {"train": 25, "validation": 3, "test": 7}
    assert notes == [
        "the data has no validation split: of the 28 pictures to train on, 3 for validation are held out by --seed 0"
    ]
    names = {split: {faces.name(at) for at in range(len(faces))} for split, faces in splits.items()}
    assert not names["train"] & names["validation"]
    other = open_recipe("folder", tmp_path, seed=1)["validation"]
    assert {other.name(at) for at in range(len(other))} != names["validation"]


def test_a_picture_that_comes_twice_is_never_torn_apart(tmp_path, open_recipe):
    pictures_in(tmp_path, "train", 3)
    pictures_in(tmp_path, "test", 1, seed=4000)
    for path in sorted((tmp_path / "train").rglob("*.png")):
        with Image.open(path) as picture:
            picture.resize((60, 60)).save(path.with_suffix(".jpg"))
    splits = open_recipe("folder", tmp_path)
    held = {splits["validation"].name(at).rpartition(".")[0] for at in range(len(splits["validation"]))}
    learned = {splits["train"].name(at).rpartition(".")[0] for at in range(len(splits["train"]))}
    assert len(splits["validation"]) == 4  # two of 21 pictures, each with its copy
    assert not held & learned


@pytest.mark.parametrize("above", ["", "CK+48", "archive/CK+48"])
def test_class_folders_alone(tmp_path, open_recipe, above):
    pictures_in(tmp_path, above, 3)
    (tmp_path / "@eaDir").mkdir()
    splits = open_recipe("folder", tmp_path)
    assert {split: len(faces) for split, faces in splits.items()} == {"train": 17, "validation": 2, "test": 2}


@pytest.mark.parametrize("name", ["val", "Valid", "VALIDATION", "dev"])
def test_validation_by_other_names(own_data, open_recipe, name):
    folder = own_data("folder")
    (folder / "images/validation").rename(folder / f"images/{name}")
    assert len(open_recipe("folder", folder)["validation"]) == 7


def test_two_folders_for_one_split_are_refused(own_data, open_recipe):
    folder = own_data("folder")
    (folder / "images/val").mkdir()
    with pytest.raises(DataError, match="has val and validation; leave one folder for the validation split"):
        open_recipe("folder", folder)


def test_links_leftovers_and_other_files(own_data, open_recipe, tmp_path):
    folder = own_data("folder")
    expected = [open_recipe("folder", folder)["train"].name(at) for at in range(14)]
    (train(folder) / "happy").rename(tmp_path / "elsewhere")
    (train(folder) / "happy").symlink_to(tmp_path / "elsewhere")
    (train(folder) / "sad/again").symlink_to(train(folder))
    (train(folder) / "loop").symlink_to(folder)
    for name in (
        "@eaDir/happy/x.jpg",
        "sad/@eaDir/SYNO.jpg",
        "__MACOSX/._0.jpg",
        "sad/.DS_Store",
        "fear/Thumbs.db",
    ):
        (train(folder) / name).parent.mkdir(parents=True, exist_ok=True)
        (train(folder) / name).write_bytes(b"nothing")
    for name in ("sad/a.HEIC", "sad/b.heic", "fear/list.txt", "fear/README"):
        (train(folder) / name).write_bytes(b"nothing")
    notes = []
    splits = open_recipe("folder", folder, notes=notes)
    assert [splits["train"].name(at) for at in range(14)] == expected
    assert len(notes) == 1
    assert notes[0].startswith("11 files left out (4 of the system's own, 2 .heic, 1 .txt, 1 hidden, ")
    assert notes[0].endswith("1 linked folders, 1 links to a folder above, 1 without an ending)")


def test_numbers_and_other_languages(tmp_path, open_recipe):
    for split in ("train", "validation"):
        pictures_in(tmp_path, split, 2, ("0", "1", "Wut", "Überraschung".encode().decode()))
    with pytest.raises(
        DataError, match=r"no class of the model: 0, 1, Wut, Überraschung.*--map FOLDER=CLASS"
    ):
        open_recipe("folder", tmp_path)
    chosen = ("anger", "surprise", "neutral", "fear")
    text = "0=neutral,1=fear,wut=anger,Überraschung=surprise"  # the folder is composed, this is decomposed
    splits = open_recipe("folder", tmp_path, classes=chosen, map=text)
    labels = [EMOTIONS[int(splits["train"][at].label.argmax())] for at in range(len(splits["train"]))]
    assert sorted(labels) == sorted(2 * ["neutral", "fear", "anger", "surprise"])


@pytest.mark.parametrize(
    ("text", "said"), [("0", "is not FOLDER=CLASS"), ("0=anger,0=fear", "two classes, anger and fear")]
)
def test_a_map_that_says_nothing(drawn_data, open_recipe, text, said):
    with pytest.raises(DataError, match=said):
        open_recipe("folder", drawn_data("folder"), map=text)


def test_classes_of_any_name(tmp_path, open_recipe):
    for split, seed in (("train", 100), ("validation", 200)):
        pictures_in(tmp_path, split, 2, ("Yawning", "happy", "sad", "bored"), seed)
    notes = []
    splits = open_recipe("folder", tmp_path, classes=("Yawning", "happiness"), notes=notes)
    assert [splits["train"][at].label.tolist() for at in range(4)] == [[1, 0], [1, 0], [0, 1], [0, 1]]
    assert notes == ["8 files left out (4 of class bored, 4 of class sad)"]


def test_faulty_faces_are_left_out_where_that_is_asked_for(own_data, open_recipe):
    folder = own_data("folder")
    for number in range(SHOWN + 5):
        (train(folder) / f"angry/x{number}.png").write_bytes(b"nothing")
    notes, left_out = [], []
    splits = open_recipe("folder", folder, faulty="drop", notes=notes, left_out=left_out)
    assert len(splits["train"]) == 14
    assert notes == [f"faulty faces are left out: {SHOWN + 5} unreadable images"]
    assert len(left_out) == SHOWN + 5
    assert left_out[0].startswith("unreadable images: train/angry/x0.png cannot be decoded")


def test_repeated_pictures_of_published_splits_are_kept_and_counted(own_data, open_recipe):
    folder = own_data("folder")
    shutil.copy(train(folder) / "happy/6.jpg", folder / "images/validation/happy/again.jpg")
    notes = []
    assert len(open_recipe("folder", folder, notes=notes)["train"]) == 14
    assert len(notes) == 1
    assert notes[0].startswith("1 of the 14 pictures of train stand in validation too: they are kept")


def test_a_table_is_no_folder(drawn_data, tmp_path, open_recipe):
    (tmp_path / "list.csv").write_text("a,b\n")
    for name in ("folder", "jaffe"):
        with pytest.raises(DataError, match="is a file; this recipe takes the folder"):
            open_recipe(name, tmp_path / "list.csv")


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

    from fer_edge.train.datasets.checks import examine

    faults = Faults("data")
    entries = [
        replace(entry, person="KA")
        for entry in open_recipe("folder", drawn_data("folder"))["train"].entries[:2]
    ]
    seen = examine(entries, faults)
    check_persons({"train": seen[:1], "test": seen[1:]}, faults)
    with pytest.raises(DataError, match=r"persons in two splits \(1\):\n +KA in test and train"):
        faults.check()
