"""Photographs that libraries ship, through every form of one run: the same numbers in all of them, and none lost."""

import csv
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from PIL import Image
from skimage import data

from support.processes import fer_command

COMMAND = "fer_edge.predict.cli"


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    """Two portraits and three pictures without a face."""
    folder = tmp_path_factory.mktemp("photographs")
    (folder / "people").mkdir()
    samples = Path(matplotlib.get_data_path(), "sample_data")
    (folder / "people/grace_hopper.jpg").write_bytes((samples / "grace_hopper.jpg").read_bytes())
    for name in ("astronaut", "camera", "coffee", "rocket"):
        Image.fromarray(getattr(data, name)()).save(folder / f"{name}.png")
    return folder


@pytest.fixture(scope="module")
def run(photographs, builtin_bundle, tmp_path_factory):
    """One run into every form: its document and where the others are."""
    out = tmp_path_factory.mktemp("forms")
    places = {form: out / f"r.{form}" for form in ("jsonl", "csv", "db", "parquet", "annotate")}
    options = [word for form, place in places.items() for word in (f"--{form}", place)]
    done = fer_command(COMMAND, photographs, "--model", builtin_bundle, "--json", "--probabilities", *options)
    assert done.returncode == 0, done.stderr
    return done.stdout, places


def plain(images):
    """(file name, box, every probability) of each face."""
    return [
        (image["file_name"], tuple(map(int, face["bbox"])), face["probabilities"])
        for image in images
        for face in image["faces"]
    ]


def test_the_portraits_have_faces(run):
    found = {name for name, _, _ in plain(json.loads(run[0])["images"])}
    assert {"astronaut.png", "people/grace_hopper.jpg"} <= found


def test_all_forms_agree(run):
    stdout, places = run
    images = json.loads(stdout)["images"]
    wanted = plain(images)
    assert [json.loads(line) for line in places["jsonl"].read_text().splitlines()] == images
    with places["csv"].open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert wanted == [
        (
            row["file_name"],
            tuple(int(row[side]) for side in ("x0", "y0", "x1", "y1")),
            {name.removeprefix("p_"): float(cell) for name, cell in row.items() if name.startswith("p_")},
        )
        for row in rows
    ]
    parquet = pytest.importorskip("pyarrow.parquet", reason="the extra [ray] is not installed")
    rows = parquet.read_table(places["parquet"]).to_pylist()
    assert [row["file_name"] for row in rows] == [image["file_name"] for image in images]
    assert wanted == [
        (
            row["file_name"],
            tuple(face[side] for side in ("x0", "y0", "x1", "y1")),
            {label: float(str(np.float32(value))) for label, value in face["probabilities"].items()},
        )
        for row in rows
        for face in row["faces"]
    ]


def test_the_database_gives_the_same_bytes(run):
    stdout, places = run
    assert fer_command(COMMAND, "db", "export", places["db"]).stdout == stdout
    with closing(sqlite3.connect(places["db"])) as plainly:
        rows = plainly.execute("SELECT file_name, emotion, probability FROM predictions").fetchall()
    best = [
        (name, *max(shares.items(), key=lambda item: item[1]))
        for name, _, shares in plain(json.loads(stdout)["images"])
    ]
    assert [(name, emotion, float(str(np.float32(value)))) for name, emotion, value in rows] == best


def test_every_picture_is_annotated(run, photographs):
    seen = run[1]["annotate"]
    names = sorted(path.relative_to(photographs) for path in photographs.rglob("*") if path.is_file())
    assert sorted(path.relative_to(seen) for path in seen.rglob("*") if path.is_file()) == names


@pytest.mark.parametrize("form", ["db", "parquet"])
def test_a_stopped_run_that_is_resumed_ends_as_if_it_had_not_been(
    run, photographs, builtin_bundle, tmp_path, form
):
    """Two of the five were done; the others are looked at by processes, and every form is whole."""
    stdout, places = run
    before = [photographs / "astronaut.png", photographs / "rocket.png"]
    model = ("--model", builtin_bundle, "--probabilities", f"--{form}", tmp_path / "held")
    assert fer_command(COMMAND, *before, *model).returncode == 0
    more = ("--resume", "--json", "--csv", tmp_path / "r.csv", "--jobs", "2")
    done = fer_command(COMMAND, photographs, *model, *more)
    assert (done.returncode, done.stdout) == (0, stdout)
    assert "2 of 5 had been answered before" in done.stderr
    assert (tmp_path / "r.csv").read_bytes() == places["csv"].read_bytes()
    if form == "db":
        assert fer_command(COMMAND, "db", "export", tmp_path / "held").stdout == stdout
    again = fer_command(COMMAND, photographs, *model, "--resume", "--json")
    assert (again.returncode, again.stdout) == (0, stdout)
    assert "5 of 5 had been answered before" in again.stderr


def test_a_folder_of_other_results(run, photographs, builtin_bundle, tmp_path):
    places = run[1]
    model = ("--model", builtin_bundle, "--quiet", "--parquet")
    source = photographs / "rocket.png"
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/letter.txt").touch()
    for place, options, words in (
        (places["parquet"], (), "--resume"),
        (places["parquet"], ("--resume", "--threshold", "0.1"), "another model, threshold"),
        (tmp_path / "mine", (), "letter.txt"),
    ):
        done = fer_command(COMMAND, source, *model, place, *options)
        assert (done.returncode, done.stderr.count("\n")) == (1, 1)
        assert words in done.stderr
