"""Tables of faces for ``--calibration`` and ``--accuracy``: FER2013's pixels, and names of pictures."""

from collections import Counter

import numpy as np
import pytest
from PIL import Image

from fer_edge.faces.labeled_folder import UnknownClasses
from fer_edge.faces.labeled_table import table_pictures
from fer_edge.runtime.camera import upright
from fer_edge.runtime.errors import PictureError

LABELS = ("happiness", "Sad")


def faces(path, *, labeled=True, skip=False, labels=LABELS, **renamed):
    left = Counter()
    found = table_pictures(path, labels, renamed=renamed, left_out=left, skip_unknown=skip, labeled=labeled)
    return found, +left


@pytest.fixture
def fer2013(tmp_path):
    """Two rows to train by, three to judge by, one of these of another class."""
    pixels = [" ".join([str(value)] * 2304) for value in range(5)]
    usages = ("Training", "Training", "PublicTest", "PrivateTest", "PrivateTest")
    rows = [f"{code},{row},{usage}" for code, row, usage in zip((3, 4, 3, 4, 0), pixels, usages, strict=True)]
    (tmp_path / "fer2013.csv").write_text("\n".join(["emotion,pixels,Usage", *rows, ""]))
    return tmp_path / "fer2013.csv"


def test_pixels_of_fer2013(fer2013):
    found, left = faces(fer2013, skip=True)
    assert [(face.name, face.label) for face in found] == [("line 4", "happiness"), ("line 5", "Sad")]
    assert left == {"of another Usage": 2, "of class 0": 1}
    assert np.array_equal(upright(found[1].read()), np.full((48, 48, 3), 3))
    assert found[0].sha256() != found[1].sha256()
    measuring, _ = faces(fer2013, labeled=False)
    assert [face.name for face in measuring] == ["line 2", "line 3"]
    with pytest.raises(UnknownClasses, match=r"rows that are of no class of the model: 0\..*happiness, Sad"):
        faces(fer2013)
    swapped, _ = faces(fer2013, labeled=False, **{"3": "sad", "4": "happy"})
    assert [face.label for face in swapped] == ["Sad", "happiness"]
    numbers, _ = faces(fer2013, labeled=False, labels=("3", "4"))
    assert [face.label for face in numbers] == ["3", "4"]


def test_names_of_pictures(tmp_path):
    (tmp_path / "crops").mkdir()
    Image.fromarray(np.full((4, 6, 3), 7, np.uint8)).save(tmp_path / "crops/a.png")
    table = tmp_path / "faces.csv"
    table.write_text('\ufeffImage , Label\n"crops/a.png",happy\ncrops/gone.png,SAD\n', "utf-8")
    found, _ = faces(table)
    assert [(face.name, face.label) for face in found] == [
        ("crops/a.png", "happiness"),
        ("crops/gone.png", "Sad"),
    ]
    assert found[0].read().width == 6
    with pytest.raises(PictureError, match=r"gone\.png does not exist"):
        found[1].read()
    table.write_text("path\ncrops/a.png\n")
    assert [face.label for face in faces(table, labeled=False)[0]] == [""]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("emotion,pixels\n", "has no rows to judge by"),
        (
            "emotion,picture\n3,a.png\n",
            "the columns are 'emotion, picture'; a table of faces has emotion or label",
        ),
        ("path\na.png\n", "the columns are 'path'"),
        ("file_name,x0,y0,x1,y1,emotion\na.png,1,1,9,9,happy\n", "boxes by --faces"),
        ("file_name,emotion\n,happy\n", "line 2 names no picture"),
    ],
)
def test_what_is_no_table_of_faces(tmp_path, text, said):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(PictureError, match=said):
        faces(tmp_path / "t.csv")


def test_pixels_that_are_none_are_said_when_they_are_read(tmp_path):
    (tmp_path / "t.csv").write_text("emotion,pixels\n3,1 2 3\n")
    (face,), _ = faces(tmp_path / "t.csv")
    with pytest.raises(PictureError, match=r"t\.csv line 2: 3 pixels; 48x48 = 2304 are needed"):
        face.read()
