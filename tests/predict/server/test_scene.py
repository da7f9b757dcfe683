"""A made scene with three drawn faces, one of them below the threshold: command line, server and database say the same."""

import json
import re

import numpy as np
import pytest
from PIL import Image

from fer_edge.runtime.camera import upright
from fer_edge.synthetic import render_face

LABELS = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt")


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    """Three faces beside each other, the middle one lower."""
    pixels = np.full((420, 760, 3), 127, np.uint8)
    for number, emotion in enumerate(("happiness", "contempt", "surprise")):
        face = upright(render_face(10_000 + number, emotion=emotion, frontal=True, size=200).frame)
        top = 180 if number == 1 else 20
        pixels[top : top + 200, 30 + 250 * number : 230 + 250 * number] = face
    place = tmp_path_factory.mktemp("scene") / "scene.png"
    Image.fromarray(pixels).save(place)
    return place


def test_all_three_say_the_same(serve, scene, builtin_bundle, run_command, tmp_path):
    def ask(*words):
        done = run_command("fer_edge.predict.cli", *words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    options = (scene, "--model", builtin_bundle, "--json", "--quiet")
    whole = json.loads(ask(*options, "--probabilities"))["images"][0]["faces"]
    best = sorted(max(face["probabilities"].values()) for face in whole)
    assert len(whole) == 3
    assert best[0] < best[1]
    threshold = (best[0] + best[1]) / 2

    printed = ask(*options, "--threshold", threshold, "--db", tmp_path / "scene.db")
    exported = ask("db", "export", tmp_path / "scene.db")
    with serve("--workers", 1, "--db", tmp_path / "scene.db") as running, running.client() as client:
        answered = client.post(
            "/v1/predict", params={"threshold": threshold}, files={"file": ("scene.png", scene.read_bytes())}
        )
        stored = client.get("/v1/images").json()
    assert answered.text == printed
    assert json.loads(exported) == json.loads(printed)
    assert stored == json.loads(printed) | {"next": None}
    _check(json.loads(printed), threshold)


def _check(document, threshold):
    """Every field, as INTERFACES has it."""
    assert set(document) == {"images"}
    (image,) = document["images"]
    assert list(image) == ["file_name", "threshold", "faces"]
    assert (image["file_name"], image["threshold"]) == ("scene.png", threshold)
    named = 0
    for number, face in enumerate(image["faces"], start=1):
        emotions = set(face) - {"face_id", "bbox"}
        assert face["face_id"] == number
        assert all(re.fullmatch("[0-9]+", side) for side in face["bbox"])
        x0, y0, x1, y1 = map(int, face["bbox"])
        assert 0 <= x0 < x1 <= 760
        assert 0 <= y0 < y1 <= 420
        assert emotions <= set(LABELS)
        assert all(threshold <= face[emotion] <= 1 for emotion in emotions)
        named += bool(emotions)
    assert named == 2
    assert [int(face["bbox"][0]) for face in image["faces"]] == sorted(
        int(face["bbox"][0]) for face in image["faces"]
    )
