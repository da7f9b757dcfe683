"""Splits without listed faces and with generated ones: what is taken, what is refused."""

import hashlib
import json
import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from fer_edge.faces.face import LabeledFace
from fer_edge.runtime import Frame
from fer_edge.runtime.errors import DataError
from fer_edge.runtime.labels import EMOTIONS
from fer_edge.synthetic import SyntheticFaces
from fer_edge.train.cyclegan.generate import inner_box
from fer_edge.train.data.faces import Crops
from fer_edge.train.datasets.ambiguous_list import AmbiguousFace, pixels_sha256, write_list
from fer_edge.train.datasets.curated import augment, reduce
from fer_edge.train.datasets.generated import PROVENANCE, GeneratedPicture, read_provenance, write_provenance

FACES = SyntheticFaces("train", 6, seed=4, emotions=("happiness", "sadness"))
PAIR = ("happiness", "sadness")


def row(index, faces=FACES, **changes):
    return AmbiguousFace(
        **{"name": faces.name(index), "label": "sadness", "ssim": 0.9, "sha256": pixels_sha256(faces[index])}
        | changes
    )


def test_listed_faces_are_gone_and_the_others_stay_in_order(tmp_path):
    write_list(tmp_path / "list.csv", [row(4), row(1)])
    left = reduce(FACES, tmp_path / "list.csv")
    assert [left.name(index) for index in range(len(left))] == [FACES.name(index) for index in (0, 2, 3, 5)]
    assert pixels_sha256(left[3]) == pixels_sha256(FACES[5])
    assert left.sha256() != FACES.sha256()
    write_list(tmp_path / "none.csv", [])
    assert len(reduce(FACES, tmp_path / "none.csv")) == 6


def test_every_row_that_does_not_fit_is_named(tmp_path):
    write_list(
        tmp_path / "list.csv", [row(0, name="train/1"), row(1, sha256="0" * 64), row(2), row(3, name="x.png")]
    )
    with pytest.raises(DataError) as caught:
        reduce(FACES, tmp_path / "list.csv")
    message = str(caught.value)
    assert "3 faults" in message
    assert "train/1 is not in the training split" in message
    assert "x.png is not in the training split" in message
    assert f"{FACES.name(1)} has other pixels" in message


def test_a_list_of_all_faces_is_refused(tmp_path):
    write_list(tmp_path / "list.csv", [row(index) for index in range(6)])
    with pytest.raises(DataError, match=r"lists all 6 faces .* raise --threshold"):
        reduce(FACES, tmp_path / "list.csv")


@pytest.fixture
def folder(tmp_path):
    """Two generated faces, each in a flat gray of its own."""
    made = []
    for label, value, source in (("sadness", 40, 0), ("happiness", 200, 1)):
        file = f"{label}/{value}.png"
        (tmp_path / "made" / label).mkdir(parents=True)
        Image.new("RGB", (24, 24), (value, value, value)).save(tmp_path / "made" / file)
        digest = hashlib.sha256((tmp_path / "made" / file).read_bytes()).hexdigest()
        origin = pixels_sha256(FACES[source])
        made.append(
            GeneratedPicture(
                file, digest, label, inner_box(24, 0.1), FACES.name(source), PAIR[source], origin
            )
        )
    write_provenance(tmp_path / "made", {"model_sha256": "0" * 64}, made)
    return tmp_path / "made"


def test_generated_faces_stand_behind_the_split(folder):
    both = augment(FACES, folder, EMOTIONS)
    assert len(both) == 8
    assert both.name(5) == FACES.name(5)
    assert [both.name(6), both.name(7)] == ["generated/sadness/40.png", "generated/happiness/200.png"]
    assert [EMOTIONS[int(both[index].label.argmax())] for index in (6, 7)] == ["sadness", "happiness"]
    crop = Crops(24, 24, 1, 0.1, 1, 0).of_face(both[7], 7)
    np.testing.assert_array_equal(crop, np.full((1, 1, 24, 24), 200))
    assert both.sha256() != FACES.sha256()


def test_generated_faces_of_other_classes_are_left_out(folder):
    assert len(augment(FACES, folder, ("happiness", "anger"))) == 7


def test_both_together(folder, tmp_path):
    write_list(tmp_path / "list.csv", [row(0)])
    assert len(augment(reduce(FACES, tmp_path / "list.csv"), folder, EMOTIONS)) == 7


def test_faces_made_of_another_split_are_refused(folder):
    with pytest.raises(DataError, match=r"2 faults: .* which is not in the training split"):
        augment(SyntheticFaces("validation", 6, seed=4), folder, EMOTIONS)


def change(folder, **changes):
    document = json.loads((folder / PROVENANCE).read_text(encoding="utf-8"))
    document["images"][0] |= changes
    (folder / PROVENANCE).write_text(json.dumps(document), encoding="utf-8")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / PROVENANCE).unlink(), "cannot be read"),
        (lambda folder: (folder / PROVENANCE).write_text("{}", encoding="utf-8"), "schema"),
        (lambda folder: (folder / "sadness/40.png").unlink(), "sadness/40.png is missing"),
        (lambda folder: (folder / "sadness/40.png").write_bytes(b""), "is not the file that was generated"),
        (
            lambda folder: shutil.copy(folder / "sadness/40.png", folder / "sadness/41.png"),
            "41.png is not in provenance",
        ),
        (lambda folder: change(folder, file="../40.png"), "allowed: <label>/<name>"),
        (lambda folder: change(folder, file="sadness/.."), "allowed: <label>/<name>"),
        (lambda folder: change(folder, label="joy"), "label is 'joy'; allowed: neutral"),
        (lambda folder: change(folder, box=[1, 2, 3]), "box is list of 3; allowed: a list of 4"),
        (lambda folder: change(folder, box=[3, 2, 3, 4]), "allowed: x0 < x1"),
        (lambda folder: change(folder, sha256="12"), "sha256 is '12'; allowed: a SHA-256"),
        (lambda folder: change(folder, source=3), "source is 3; allowed: a string"),
        (lambda folder: change(folder, more=1), "unknown key"),
    ],
)
def test_a_folder_that_is_not_as_it_was_made_is_refused(folder, damage, message):
    damage(folder)
    with pytest.raises(DataError, match=message):
        augment(FACES, folder, EMOTIONS)


def test_the_provenance_is_read_as_it_was_written(folder):
    entries = read_provenance(folder)
    write_provenance(folder, {"model_sha256": "0" * 64}, entries)
    assert read_provenance(folder) == entries


@given(st.integers(6, 64).map(lambda quarter: 4 * quarter), st.floats(0, 1))
def test_the_box_and_its_margin_are_the_whole_picture(size, margin):
    picture = np.random.default_rng(size).integers(0, 256, (size, size, 3), dtype=np.uint8)
    face = LabeledFace(Frame.from_rgb(picture), inner_box(size, margin), np.zeros(8, np.float32), True)
    crop = Crops(size, size, 3, margin, 1, 0).of_face(face, 0)
    np.testing.assert_array_equal(crop[0].transpose(1, 2, 0), picture)
