"""All forms of one run say the same, and none harms what is there."""

import csv
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from fer_edge.predict.cli import main
from fer_edge.predict.outputs.csv import safe_cell
from support.processes import fer_command


@pytest.fixture
def folder(tmp_path):
    """Five pictures, whose faces are those of a file: none, one, two, and names that need care."""
    place = tmp_path / "pictures"
    (place / "sub").mkdir(parents=True)
    stream = np.random.default_rng(5)
    names = ["a.png", "=cmd.png", 'sub/c, "d".png', "sub/e.png", "z\u00e9\U0001f600.png"]
    images = []
    for count, name in enumerate(names):
        Image.fromarray(stream.integers(0, 256, (90, 120, 3), np.uint8)).save(place / name, format="PNG")
        boxes = [[20 * face, 5, 20 * face + 40, 60] for face in range(count % 3)]
        images.append({"file_name": name, "faces": [{"bbox": box} for box in boxes]})
    (tmp_path / "faces.json").write_text(json.dumps({"images": images}))
    return place


@pytest.fixture
def run(artifact, folder):
    def invoke(*arguments):
        faces = ["--faces", str(folder.parent / "faces.json"), "--model", str(artifact)]
        return CliRunner().invoke(main, [*map(str, arguments), *faces])

    return invoke


def test_every_form_says_the_same(run, folder, tmp_path):
    places = {form: tmp_path / f"out.{form}" for form in ("csv", "jsonl", "db")}
    asked = [word for form, place in places.items() for word in (f"--{form}", place)]
    done = run(folder, "--json", "--probabilities", "--threshold", 0.4, *asked)
    assert done.exit_code == 0, done.stderr
    images = json.loads(done.stdout)["images"]
    assert [json.loads(line) for line in places["jsonl"].read_text().splitlines()] == images
    exported = CliRunner().invoke(main, ["db", "export", str(places["db"])])
    assert exported.stdout_bytes == done.stdout_bytes
    with places["csv"].open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    faces = [(image, face) for image in images for face in image["faces"]]
    assert len(rows) == len(faces) == 4
    for row, (image, face) in zip(rows, faces, strict=True):
        shown = image["file_name"].encode("utf-8", "backslashreplace").decode()
        assert row["file_name"] == (f"'{shown}" if shown.startswith("=") else shown)
        assert [row[side] for side in ("x0", "y0", "x1", "y1")] == face["bbox"]
        every = face["probabilities"]
        assert {name: row[f"p_{name}"] for name in every} == {
            name: repr(value) for name, value in every.items()
        }
        best = max(every, key=every.get)
        assert (row["emotion"], row["probability"]) == (
            (best, repr(every[best])) if every[best] >= 0.4 else ("", "")
        )


def test_a_name_that_is_no_text(artifact, tmp_path):
    """Bytes that are no UTF-8: escaped in JSON, spelled out in a spreadsheet."""
    Image.new("RGB", (40, 40)).save(tmp_path / os.fsdecode(b"z\xe9.png"), format="PNG")
    options = ["--model", str(artifact), "--detector", "none", "--json"]
    for form in ("csv", "jsonl", "db"):
        options += [f"--{form}", str(tmp_path / f"out.{form}")]
    done = fer_command("fer_edge.predict.cli", tmp_path, *options)
    assert done.returncode == 0, done.stderr
    (image,) = json.loads(done.stdout)["images"]
    assert image["file_name"] == "z\udce9.png"
    assert json.loads((tmp_path / "out.jsonl").read_text()) == image
    assert fer_command("fer_edge.predict.cli", "db", "export", tmp_path / "out.db").stdout == done.stdout
    assert "z\\udce9.png" in (tmp_path / "out.csv").read_text(encoding="utf-8")


def test_lines_alone_on_standard_output(run, folder):
    """The word after --jsonl is a source here, not a file to write to."""
    before = (folder / "a.png").read_bytes()
    done = run("--jsonl", folder / "a.png", "--quiet")
    assert json.loads(done.stdout) == {"file_name": "a.png", "threshold": 0.5, "faces": []}
    assert (folder / "a.png").read_bytes() == before
    lines = run(folder, "--jsonl", "--quiet").stdout.splitlines()
    assert [json.loads(line)["file_name"] for line in lines][:2] == ["=cmd.png", "a.png"]
    assert run(folder, "--jsonl", "--json").exit_code == 2
    assert run(folder, "--jsonl", "--json", "--db", "").exit_code == 2


@pytest.mark.parametrize("form", ["--csv", "--jsonl", "--db"])
def test_no_source_is_written_over(run, folder, form, tmp_path):
    link = tmp_path / "link.jsonl"
    link.symlink_to(folder / "a.png")
    before = (folder / "a.png").read_bytes()
    done = run(folder, form, link)
    assert done.exit_code == 1
    assert done.stderr.count("\n") == 1 + ("brightness" in done.stderr)
    assert (folder / "a.png").read_bytes() == before


@pytest.mark.parametrize("form", ["--csv", "--jsonl", "--db"])
def test_a_folder_that_is_not_there(run, folder, form, tmp_path):
    done = run(folder / "a.png", form, tmp_path / "none" / "out.jsonl", "--quiet")
    assert (done.exit_code, done.stderr.count("\n")) == (1, 1)
    assert str(tmp_path / "none") in done.stderr


def test_earlier_results_stay_when_a_run_does_not_begin(run, folder, tmp_path):
    for name in ("out.csv", "out.jsonl"):
        (tmp_path / name).write_text("before\n")
    done = run(folder, "--csv", tmp_path / "out.csv", "--jsonl", tmp_path / "out.jsonl", "--db", tmp_path)
    assert done.exit_code == 1
    assert {(tmp_path / name).read_text() for name in ("out.csv", "out.jsonl")} == {"before\n"}
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "faces.json",
        "out.csv",
        "out.jsonl",
        "pictures",
    ]


LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
from fer_edge.predict.cli import main
sys.argv[1:] = sys.argv[2:]
main()
"""


@pytest.mark.parametrize(("form", "size"), [("--csv", 150), ("--jsonl", 150), ("--db", 20_000)])
def test_a_full_disk(artifact, folder, tmp_path, form, size):
    place = tmp_path / "out.jsonl"
    options = ["--faces", tmp_path / "faces.json", "--model", artifact, "--quiet", form, place]
    command = [sys.executable, "-c", LIMITED, str(size), folder, *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    assert f"{place}" in done.stderr
    # A spreadsheet takes its name at the end, when the result has been printed: nothing that was computed is lost.
    assert (done.stdout == "") == (form != "--csv")
    if form == "--jsonl":
        assert all(json.loads(line) for line in place.read_text().splitlines())
        assert place.read_bytes().endswith(b"\n")
    if form == "--csv":
        assert not place.exists()
    assert not [path for path in tmp_path.iterdir() if path.name.endswith(".tmp")]


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@sum", "\tx", "\rx"])
def test_no_cell_is_a_formula(cell):
    assert safe_cell(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["-", "a=1", "", 5, -1.5])
def test_other_cells_stay(cell):
    assert safe_cell(cell) == cell


def test_a_label_that_is_a_formula(run, folder):
    """Columns of labels begin with ``p_``."""
    assert safe_cell("p_=1+1") == "p_=1+1"


def test_the_table_and_other_models_of_a_database(run, folder, tmp_path, artifact):
    place = tmp_path / "out.db"
    run(folder, "--db", place, "--quiet")
    table = CliRunner().invoke(main, ["db", "show", str(place)])
    assert len(table.stdout.splitlines()) == 2 + 6
    assert "5 of 5 pictures, answered by brightness onnx-fp32" in table.stderr
    last = CliRunner().invoke(main, ["db", "show", "--db", str(place), "--limit", "1"])
    assert len(last.stdout.splitlines()) == 3
    for wrong, code in (["--variant", "tflite-int8"], 1), (["more.db"], 2), ([], 2):
        words = ["db", "export", *([str(place)] if wrong else []), *wrong]
        assert CliRunner().invoke(main, words).exit_code == code
    assert CliRunner().invoke(main, ["db"]).exit_code == 2
    done = fer_command(
        "fer_edge.predict.cli", "db", "export", place, "--threshold", "0.9", "--out", tmp_path / "o.json"
    )
    assert (done.returncode, done.stdout) == (0, "")
    assert {image["threshold"] for image in json.loads((tmp_path / "o.json").read_text())["images"]} == {0.9}
