"""``fer-predict evaluate`` on figures that are worked out by hand."""

import json

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from fer_edge.predict.cli import main

BRIGHT, DARK = 230, 25
"""The model of conftest.py calls these neutral and surprise; its second guesses are happiness."""


@pytest.fixture
def pictures(tmp_path):
    """Two pictures with squares that a file of boxes finds; one that is broken, one of which nothing is known.

    a.png: a bright square, said to be neutral (right), and a dark one, said to be happiness (wrong, second guess right); a third true face
    that is not found, and a box that is no face. b.png: a dark square, found a little beside (IoU 30 x 40 / (2 x 1600 - 1200) =
    0.6), said to be surprise (right); a box on an ignored face.
    """
    place = tmp_path / "pictures"
    place.mkdir()
    squares = {"a.png": [(10, 10, BRIGHT), (60, 10, DARK)], "b.png": [(20, 20, DARK)], "d.png": []}
    for name, found in squares.items():
        pixels = np.full((120, 160, 3), 128, np.uint8)
        for x, y, value in found:
            pixels[y : y + 40, x : x + 40] = value
        Image.fromarray(pixels).save(place / name)
    (place / "c.png").write_bytes(b"broken")
    write(
        tmp_path / "boxes.json",
        {
            "a.png": [{"bbox": [10, 10, 50, 50]}, {"bbox": [60, 10, 100, 50]}, {"bbox": [110, 70, 150, 110]}],
            "b.png": [{"bbox": [30, 20, 60, 60]}, {"bbox": [100, 60, 120, 80]}],
            "c.png": [],
            "d.png": [],
        },
    )
    write(
        tmp_path / "truth.json",
        {
            "a.png": [
                {"bbox": [10, 10, 50, 50], "emotion": "neutral"},
                {"bbox": [60, 10, 100, 50], "emotion": "happy"},
                {"bbox": [10, 70, 50, 110], "emotion": "neutral"},
            ],
            "b.png": [
                {"bbox": [20, 20, 60, 60], "emotion": "surprise"},
                {"bbox": [90, 50, 130, 90], "ignored": True},
            ],
            "c.png": [{"bbox": [1, 1, 9, 9], "emotion": "neutral"}],
            "e.png": [{"bbox": [1, 1, 9, 9], "emotion": "neutral"}],
        },
    )
    return place


def write(path, images):
    path.write_text(
        json.dumps({"images": [{"file_name": name, "faces": faces} for name, faces in images.items()]})
    )


@pytest.fixture
def run(artifact, pictures):
    def invoke(*arguments, sources=(pictures,), truth=pictures.parent / "truth.json"):
        options = ["--truth", truth, "--model", artifact, "--faces", pictures.parent / "boxes.json"]
        return CliRunner().invoke(main, ["evaluate", *map(str, (*sources, *options, *arguments))])

    return invoke


def test_the_figures(run):
    done = run("--json")
    assert done.exit_code == 1
    assert "1 of 3 pictures could not be read" in done.stderr
    assert "not judged: 1 pictures" in done.stderr
    assert "not there: 1 pictures" in done.stderr
    found = json.loads(done.stdout)
    assert found["schema"] == "fer-edge-evaluation/1"
    assert [found[name] for name in ("iou", "pictures", "failed", "untold", "absent")] == [0.5, 2, 1, 1, 1]
    detection, recognition = found["detection"], found["recognition"]
    # Wilson of 3 of 4 at 95 %: 0.300642 to 0.954413 (R: prop.test(3, 4, correct = FALSE)).
    assert detection["found"] == {"count": 3, "of": 4, "share": 0.75, "interval": [0.300642, 0.954413]}
    assert (detection["missed"], detection["ignored"]) == (1, 1)
    assert (detection["false"]["count"], detection["false"]["of"]) == (1, 4)
    counts = {
        name: (recognition[name]["count"], recognition[name]["of"])
        for name in ("accuracy", "second_guess", "end_to_end")
    }
    assert counts == {"accuracy": (2, 3), "second_guess": (3, 3), "end_to_end": (2, 4)}
    rows = [
        (one["label"], one["there"], one["accuracy"]["count"], one["accuracy"]["of"], one["taken_for"])
        for one in recognition["per_class"]
    ]
    assert rows == [
        ("neutral", 2, 1, 1, {"neutral": 1}),
        ("happiness", 1, 0, 1, {"surprise": 1}),
        ("surprise", 1, 1, 1, {"surprise": 1}),
    ]
    assert found["seconds"]["median"] > 0


def test_a_stricter_overlap(run):
    """b.png's box overlaps its face by 30 x 40 / 1600 = 0.75."""
    for iou, count in (("0.75", 3), ("0.76", 2)):
        assert json.loads(run("--json", "--iou", iou).stdout)["detection"]["found"]["count"] == count


def test_the_table_fits_80_columns(run, monkeypatch):
    monkeypatch.setattr("fer_edge.console.output.Output.width", 80)
    text = run().stdout
    assert max(map(len, text.splitlines())) <= 80
    assert "found, of those there" in text
    assert "happiness" in text


def test_a_truth_of_other_pictures(run, pictures, tmp_path):
    write(tmp_path / "other.json", {"q.png": []})
    done = run("--json", truth=tmp_path / "other.json")
    assert done.exit_code == 1
    assert "which are called a.png, b.png, c.png, ...; it names q.png" in done.stderr
    assert run("--iou", "0").exit_code == 2
    assert run("--iou", "nan").exit_code == 2


def test_all_is_well(run, pictures):
    done = run("--quiet", "--json", sources=(pictures / "a.png", pictures / "b.png"))
    assert (done.exit_code, done.stderr) == (0, "")
