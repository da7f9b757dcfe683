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
from fer_edge.predict.outputs.annotated import PAPER, annotate, caption
from fer_edge.predict.result import RecognizedFace
from fer_edge.runtime import Prediction

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


def test_the_threshold_holds_in_the_table(run, two_faces):
    """The two faces' emotions are about 91 and 60 % probable."""
    dark, bright = expected(DARK / 255), expected(BRIGHT / 255)
    assert dark[2] < 0.8 < bright[0]

    def lines(*options):
        done = run(two_faces, "--faces", two_faces.parent / "faces.json", *options)
        return [line.split() for line in done.stdout.splitlines()[2:]]

    low, high = lines("--threshold", "0.8")
    assert low == ["two.png", "1", "5,20", "50x50", "-"]
    assert high[4] == "neutral"
    assert [row[4:] for row in lines("--threshold", "1")] == [["-"], ["-"]]
    # A low threshold names all that reach it, as the document does.
    assert " ".join(lines("--threshold", "0.01")[0]).count("%") == sum(share >= 0.01 for share in dark)


def test_what_the_picture_says(run, two_faces):
    faces = [RecognizedFace(7, (0, 0, 9, 9), Prediction({"neutral": 0.55, "fear": 0.25, "anger": 0.2}))]
    assert caption(faces[0], 0.5) == ["7: neutral 55 %", "or fear 25 %"]
    assert caption(faces[0], 0.2) == ["7: neutral 55 %", "or fear 25 %", "or anger 20 %"]
    assert caption(faces[0], 0.6) == ["7"]
    page = np.zeros((90, 90, 3), np.uint8)
    assert (annotate(page, faces, 0.5) != annotate(page, faces, 0.6)).any()


def test_the_threshold_holds_in_the_picture(run, two_faces, tmp_path):
    inked = []
    for threshold in ("0.5", "0.8", "0.99"):
        place = tmp_path / f"{threshold}.png"
        run(two_faces, "--faces", tmp_path / "faces.json", "--threshold", threshold, "--annotate", place)
        with Image.open(place) as seen:
            inked.append((np.asarray(seen) == PAPER).all(axis=2).sum())
    assert inked[0] > inked[1] > inked[2] > 0


def test_pictures_that_are_faces_already(run, tmp_path):
    Image.new("L", (1600, 1200), BRIGHT).save(tmp_path / "face.png")
    done = run(tmp_path / "face.png", "--detector", "none", "--json")
    (face,) = json.loads(done.stdout)["images"][0]["faces"]
    assert face["bbox"] == ["0", "0", "1600", "1200"]
    assert face["neutral"] == pytest.approx(expected(BRIGHT / 255)[0], abs=1e-6)


def test_what_a_folder_holds_besides_pictures_is_counted_in_one_line(run, tmp_path):
    for name in ("a.png", "b.JPG", "notes.txt", "more.txt", "phone.heic", ".hidden.png", "noending"):
        Image.new("RGB", (40, 40)).save(tmp_path / name, format="PNG")
    done = run(tmp_path, "--json")
    assert done.exit_code == 0
    assert "5 files left out (2 .txt, 1 " in done.stderr
    for reason in ("1 .heic", "1 hidden", "1 without an ending"):
        assert reason in done.stderr
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "phone.heic").touch()
    assert "holds no pictures; 1 file left out (1 .heic)" in run(tmp_path / "empty").stderr
    assert "left out" not in run(tmp_path / "a.png").stderr


def test_a_photograph_of_too_many_pixels_is_reduced_by_its_decoder(run, tmp_path, monkeypatch):
    """Boxes stay in pixels of the file, those of a file of boxes too."""
    monkeypatch.setattr("fer_edge.faces.pictures.LARGEST_PIXELS", 600_000)
    big = Image.fromarray(data.astronaut()).resize((1021, 1021), Image.Resampling.BICUBIC)
    big.save(tmp_path / "big.jpg", quality=95)
    done = run(tmp_path / "big.jpg", "--json", "--annotate", tmp_path / "seen.png")
    assert "has 1021x1021 pixels and was decoded as 511x511" in done.stderr
    (face,) = json.loads(done.stdout)["images"][0]["faces"]
    assert [int(side) * 512 / 1021 for side in face["bbox"]] == pytest.approx([177, 66, 272, 161], abs=4)
    with Image.open(tmp_path / "seen.png") as seen:
        assert seen.size == (511, 511)
    (tmp_path / "boxes.json").write_text(done.stdout)
    again = run(tmp_path / "big.jpg", "--json", "--faces", tmp_path / "boxes.json")
    assert json.loads(again.stdout) == json.loads(done.stdout)


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


def test_where_every_picture_failed_there_is_no_table(run, tmp_path):
    (tmp_path / "b.png").write_bytes(b"no picture")
    done = run(tmp_path / "b.png")
    assert (done.exit_code, done.stdout) == (1, "")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("none.jpg", "does not exist"),
        ("rtsp://10.0.0.1/live", "allowed are https://"),
        ("zero\0byte.jpg", "embedded null byte"),
        ("x" * 5000, "File name too long"),
        ("http://example.com/a.jpg", "use https://"),
        ("film.MP4", "is empty; allowed: MP4"),
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
        ["--annotate", ""],
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
