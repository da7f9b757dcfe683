"""fer-predict from the command line on a model whose answers are worked out by hand."""

import json
import math
import os

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image
from skimage import data

from fer_edge.predict.cli import main

BRIGHT, DARK = 230, 25


def expected(brightness):
    """softmax(6m - 3, 0, 1 - 3m), the model of conftest.py."""
    shares = [math.exp(6 * brightness - 3), 1.0, math.exp(1 - 3 * brightness)]
    return [share / sum(shares) for share in shares]


@pytest.fixture
def run(artifact):
    def invoke(*arguments, model=artifact):
        return CliRunner().invoke(main, [*map(str, arguments), "--model", str(model)])

    return invoke


@pytest.fixture
def two_faces(tmp_path):
    """A gray picture with a bright square on the right and a dark one on the left, and the file of their boxes."""
    pixels = np.full((100, 160, 3), 128, np.uint8)
    pixels[10:60, 100:150] = BRIGHT
    pixels[20:70, 5:55] = DARK
    Image.fromarray(pixels).save(tmp_path / "two.png")
    boxes = [["100", "10", "150", "60"], ["5", "20", "55", "70"]]
    (tmp_path / "faces.json").write_text(
        json.dumps({"images": [{"file_name": "two.png", "faces": [{"bbox": box} for box in boxes]}]})
    )
    return tmp_path / "two.png"


def test_the_document_is_that_of_the_interface(run, two_faces):
    done = run(two_faces, "--faces", two_faces.parent / "faces.json", "--json", "--quiet", "--threshold", 0.6)
    assert (done.exit_code, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    assert list(document) == ["images"]
    (image,) = document["images"]
    assert list(image) == ["file_name", "threshold", "faces"]
    assert (image["file_name"], image["threshold"]) == ("two.png", 0.6)
    left, right = image["faces"]
    assert list(right) == ["face_id", "neutral", "bbox"]
    assert (left["face_id"], left["bbox"]) == (1, ["5", "20", "55", "70"])
    assert (right["face_id"], right["bbox"]) == (2, ["100", "10", "150", "60"])
    assert right["neutral"] == pytest.approx(expected(BRIGHT / 255)[0], abs=1e-6)
    assert left["surprise"] == pytest.approx(expected(DARK / 255)[2], abs=1e-6)


def test_numbers_are_shortest_float32_decimals(run, two_faces):
    done = run(two_faces, "--faces", two_faces.parent / "faces.json", "--json", "--probabilities")
    for face in json.loads(done.stdout)["images"][0]["faces"]:
        assert list(face["probabilities"]) == ["neutral", "happiness", "surprise"]
        for value in face["probabilities"].values():
            assert value == float(str(np.float32(value)))


def test_a_high_threshold_names_no_emotion(run, two_faces):
    done = run(two_faces, "--faces", two_faces.parent / "faces.json", "--json", "--threshold", "1")
    assert [list(face) for face in json.loads(done.stdout)["images"][0]["faces"]] == [["face_id", "bbox"]] * 2


def test_boxes_that_stick_out_are_clipped(run, two_faces, tmp_path):
    boxes = {"images": [{"file_name": "two.png", "faces": [{"bbox": [-9.5, "-3", 55.2, "70"]}]}]}
    (tmp_path / "out.json").write_text(json.dumps(boxes))
    done = run(two_faces, "--faces", tmp_path / "out.json", "--json")
    assert json.loads(done.stdout)["images"][0]["faces"][0]["bbox"] == ["0", "0", "56", "70"]


def test_the_astronaut(run, tmp_path):
    Image.fromarray(data.astronaut()).save(tmp_path / "astronaut.png")
    done = run(tmp_path / "astronaut.png", "--annotate", tmp_path / "new" / "seen.png", "--json")
    (image,) = json.loads(done.stdout)["images"]
    (face,) = image["faces"]
    assert [int(side) for side in face["bbox"]] == pytest.approx([177, 66, 272, 161], abs=3)
    before, after = (
        np.asarray(Image.open(tmp_path / "astronaut.png")),
        np.asarray(Image.open(tmp_path / "new" / "seen.png")),
    )
    assert before.shape == after.shape
    changed = (before != after).any(axis=2)
    x0, y0, x1, y1 = (int(side) for side in face["bbox"])
    assert changed[y0, x0:x1].all()
    assert changed[y0:y1, x1 - 1].all()
    assert not changed[:, x1 + 100 :].any()
    assert not changed[y0 + 10 : y1 - 10, x0 + 10 : x1 - 10].any()


def test_no_face(run, tmp_path):
    Image.new("RGB", (50, 50)).save(tmp_path / "black.png")
    done = run(tmp_path / "black.png", "--json")
    assert json.loads(done.stdout) == {"images": [{"file_name": "black.png", "threshold": 0.5, "faces": []}]}
    assert "no face found" in run(tmp_path / "black.png").stdout


def test_a_folder_keeps_relative_names(run, tmp_path):
    for name in ("b.png", "a/c.jpg", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("RGB", (40, 40)).save(tmp_path / name, format="PNG")
    names = [image["file_name"] for image in json.loads(run(tmp_path, "--json").stdout)["images"]]
    assert names == ["a/c.jpg", "b.png"]


def test_exif_turns_the_picture_before_the_faces_are_sought(run, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = Image.fromarray(data.astronaut()).rotate(
        90
    )  # counterclockwise, as a phone held upright stores it
    turned.save(tmp_path / "turned.png", exif=exif)
    (face,) = json.loads(run(tmp_path / "turned.png", "--json").stdout)["images"][0]["faces"]
    assert [int(side) for side in face["bbox"]] == pytest.approx([177, 66, 272, 161], abs=3)


def test_the_table(run, two_faces):
    done = run(two_faces, "--faces", two_faces.parent / "faces.json")
    header, _, first, second = done.stdout.splitlines()
    assert header.split() == ["picture", "face", "box", "emotion", "probability", "second", "guess"]
    percent = [f"{100 * value:.1f}" for value in expected(DARK / 255)]
    assert first.split() == [
        "two.png",
        "1",
        "5,20",
        "50x50",
        "surprise",
        percent[2],
        "%",
        "happiness",
        percent[1],
        "%",
    ]
    assert second.split()[4] == "neutral"
    assert "brightness: onnx-fp32 by onnxruntime" in done.stderr
    assert "1 thread\n" in done.stderr


def test_one_bad_picture_among_many(run, tmp_path):
    Image.new("RGB", (40, 40)).save(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(b"no picture")
    Image.new("RGB", (40, 40)).save(tmp_path / "c.png")
    done = run(tmp_path, "--json")
    assert done.exit_code == 1
    assert [image["file_name"] for image in json.loads(done.stdout)["images"]] == ["a.png", "c.png"]
    assert f"Error: {tmp_path}/b.png cannot be decoded" in done.stderr
    assert done.stderr.endswith("Error: 1 of 3 pictures could not be answered\n")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("none.jpg", "does not exist"),
        ("camera:0", "is an address"),
        ("https://example.com/a.jpg", "is an address"),
        ("film.MP4", "is a video"),
        ("empty", "holds no pictures"),
        ("", "is empty"),
        ("pipe.jpg", "neither a file nor a folder"),
        ("broken.jpg", "cannot be decoded"),
    ],
)
def test_sources_that_are_not_read(run, tmp_path, monkeypatch, source, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "film.MP4").touch()
    (tmp_path / "broken.jpg").touch()
    (tmp_path / "empty").mkdir()
    os.mkfifo(tmp_path / "pipe.jpg")
    done = run(source, "--quiet")
    assert done.exit_code == 1
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("Error: ")
    assert words in done.stderr


def test_no_source_is_ever_overwritten(run, tmp_path):
    Image.new("RGB", (40, 40)).save(tmp_path / "a.png")
    Image.new("RGB", (40, 40)).save(tmp_path / "b.png")
    (tmp_path / "link.png").symlink_to("a.png")
    (tmp_path / "hard.png").hardlink_to(tmp_path / "a.png")
    before = (tmp_path / "a.png").read_bytes()
    for place in (tmp_path / "a.png", tmp_path / "link.png", tmp_path / "hard.png", tmp_path):
        done = run(tmp_path / "a.png", "--annotate", place)
        assert (done.exit_code, "is a source" in done.stderr) == (1, True)
    assert (tmp_path / "a.png").read_bytes() == before
    done = run(tmp_path / "a.png", tmp_path / "b.png", "--annotate", tmp_path / "one.png")
    assert (done.exit_code, "name a folder" in done.stderr) == (1, True)
    done = run(tmp_path / "a.png", tmp_path, "--annotate", tmp_path / "out")
    assert (done.exit_code, "two pictures" in done.stderr) == (1, True)
    assert not (tmp_path / "out").exists()
    done = run(tmp_path / "a.png", tmp_path / "b.png", "--annotate", tmp_path / "out")
    assert done.exit_code == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.png", "b.png"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--threshold", "1.5"],
        ["--threshold", "nan"],
        ["--threads", "0"],
        ["--variant", "tflte-fp32"],
        ["--modle", "x"],
    ],
)
def test_usage(run, two_faces, arguments):
    assert run(two_faces, *arguments).exit_code == 2


def test_no_model(run, two_faces, tmp_path):
    done = run(two_faces, "--quiet", model=tmp_path / "none")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: ")
    assert done.stderr.count("\n") == 1


def test_an_unknown_engine_and_detector(run, two_faces):
    done = run(two_faces, "--detector", "har")
    assert done.exit_code == 2
    assert "haar" in done.stderr
    done = run(two_faces, "--engine", "onnxruntim")
    assert done.exit_code == 2
    assert "Did you mean 'onnxruntime'?" in done.stderr
