"""Similarity on constructed pictures, and the list that is made of it."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from fer_edge.runtime.errors import DataError
from fer_edge.synthetic import SyntheticFaces
from fer_edge.train.cyclegan.data import Domain
from fer_edge.train.cyclegan.pictures import save_histogram
from fer_edge.train.cyclegan.similarity import Score, list_ambiguous, scores, similarities
from fer_edge.train.datasets.ambiguous_list import (
    COLUMNS,
    AmbiguousFace,
    pixels_sha256,
    read_list,
    write_list,
)


class Same(nn.Module):
    """A generator that changes nothing, or turns light into dark."""

    def __init__(self, factor=1.0):
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(factor), requires_grad=False)

    def forward(self, images):
        return images * self.factor


def noise(count):
    return torch.from_numpy(np.random.default_rng(0).integers(0, 256, (count, 1, 16, 16), dtype=np.uint8))


def test_flat_pictures_by_hand():
    # Without variance, SSIM is its first factor: (2ab + C1) / (a^2 + b^2 + C1) with C1 = (0.01 * 255)^2.
    a, b, constant = 100, 150, 2.55**2
    flat = [
        torch.full((1, channels, 8, 8), value, dtype=torch.uint8) for channels in (1, 3) for value in (a, b)
    ]
    wanted = (2 * a * b + constant) / (a * a + b * b + constant)
    assert similarities(flat[0], flat[1]) == pytest.approx([wanted])
    assert similarities(flat[2], flat[3]) == pytest.approx([wanted])


def test_a_face_that_stays_as_it_is_has_similarity_one():
    domain = Domain(noise(4), (7, 3, 5, 1))
    found = scores(Same(), domain, "sadness")
    assert found == [Score(index, "sadness", 1.0) for index in domain.indices]
    assert all(score.ssim < 0 for score in scores(Same(-1.0), domain, "sadness"))


def test_the_list_holds_what_reaches_the_threshold_most_similar_first():
    faces = SyntheticFaces("train", 4, seed=1)
    found = [
        Score(0, "happiness", 0.85),
        Score(1, "sadness", 0.8499),
        Score(2, "happiness", 0.91),
        Score(3, "sadness", 0.85),
    ]
    rows = list_ambiguous(found, faces)
    assert [row.name for row in rows] == [faces.name(index) for index in (2, 0, 3)]
    assert [row.label for row in rows] == ["happiness", "happiness", "sadness"]
    assert rows[0].sha256 == pixels_sha256(faces[2])
    assert list_ambiguous(found, faces, 0.92) == []


def test_a_hash_is_that_of_the_upright_picture(tmp_path):
    import hashlib

    from fer_edge.faces.face import LabeledFace
    from fer_edge.runtime import Frame

    picture = np.random.default_rng(1).integers(0, 256, (5, 4, 3), dtype=np.uint8)
    wanted = hashlib.sha256(b"4x5\n" + picture.tobytes()).hexdigest()
    rgba = np.concatenate(
        [np.rot90(picture), np.full((4, 5, 1), 255, np.uint8)], axis=2
    )  # counterclockwise by 90
    turned = Frame.from_rgba(rgba.tobytes(), width=5, height=4, rotation=90)
    for frame in (Frame.from_rgb(picture), turned):
        assert pixels_sha256(LabeledFace(frame, (0, 0, 4, 5), np.zeros(8, np.float32), True)) == wanted


def test_the_list_is_read_as_it_was_written(tmp_path):
    rows = [
        AmbiguousFace('a "strange", name/\u2028.png', "happiness", 0.912345, "0" * 64),
        AmbiguousFace("\udcff", "sadness", 0.85, "f" * 64),
    ]
    write_list(tmp_path / "list.csv", rows)
    assert read_list(tmp_path / "list.csv") == rows
    assert (tmp_path / "list.csv").read_bytes().startswith(b"name,label,ssim,sha256\n")
    write_list(tmp_path / "none.csv", [])
    assert read_list(tmp_path / "none.csv") == []


HASH = "0" * 64


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "header"),
        ("name,label\n", "header"),
        (
            f"{','.join(COLUMNS)}\na,sadness,high,{HASH}\nb,sadness\n",
            "2 faults: line 2: ssim 'high' is not a number; line 3: 2 cells",
        ),
        (
            f"{','.join(COLUMNS)}\na,sadness,0.9,{HASH}\na,sadness,0.9,{HASH}\n",
            "line 3: a stands there twice",
        ),
        (f"{','.join(COLUMNS)}\na,sadness,nan,{HASH}\n", "not in -1..1"),
        (f"{','.join(COLUMNS)}\na,sadness,0.9,12\n", "sha256 '12' is not one"),
    ],
)
def test_a_malformed_list_is_refused(tmp_path, text, message):
    (tmp_path / "list.csv").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        read_list(tmp_path / "list.csv")


def test_a_list_that_is_not_there(tmp_path):
    with pytest.raises(DataError, match="cannot be read: No such file"):
        read_list(tmp_path / "list.csv")


def test_the_histogram_is_a_picture_with_the_same_bytes_each_time(tmp_path):
    values = {"happiness": [0.2, 0.5, 0.9], "sadness": [-0.3, 0.95]}
    for name in ("a.png", "b.png"):
        save_histogram(tmp_path / name, values, 0.85)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    with Image.open(tmp_path / "a.png") as image:
        assert image.size == (700, 400)
