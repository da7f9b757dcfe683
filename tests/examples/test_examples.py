"""The examples as their readers run them: fresh processes, a real video, a real server, a folder of photographs."""

import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np
import pytest
from PIL import Image
from skimage.data import astronaut

from support.paths import DEMO_BUNDLE, ROOT
from support.processes import environment, python
from support.servers import serving

EXAMPLES = ROOT / "examples"


def run(name, *words, cwd, **variables):
    return python(EXAMPLES / name, *words, cwd=cwd, env=environment(**variables))


@pytest.fixture
def photos(tmp_path):
    """Two albums with a photograph each, one of them empty of faces, and a damaged file."""
    folder = tmp_path / "photos"
    for album in ("space", "garden"):
        (folder / album).mkdir(parents=True)
    Image.fromarray(astronaut()).save(folder / "space" / "astronaut.jpg", quality=95)
    Image.fromarray(np.full((200, 300, 3), 128, np.uint8)).save(folder / "garden" / "fog.png")
    (folder / "garden" / "cut.jpg").write_bytes((folder / "space" / "astronaut.jpg").read_bytes()[:2000])
    return folder


@pytest.fixture
def commands(tmp_path):
    """``fer-predict`` on the PATH."""
    tools = tmp_path / "tools"
    tools.mkdir()
    script = tools / "fer-predict"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m fer_edge.predict.cli "$@"\n')
    script.chmod(0o755)
    return f"{tools}{os.pathsep}{os.environ['PATH']}"


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """A second of video: the photograph, moving a little."""
    path = tmp_path_factory.mktemp("clip") / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (512, 512))
    assert writer.isOpened()
    for shift in range(10):
        writer.write(np.roll(astronaut()[:, :, ::-1], shift, axis=1))
    writer.release()
    return path


def test_webcam_reads_a_video_to_its_end(clip, tmp_path):
    done = run("webcam.py", "--model", DEMO_BUNDLE, "--source", clip, "--no-window", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 10
    assert all(line.startswith("happiness ") and "frames a second" in line for line in lines), lines


def test_webcam_stops_after_so_many_frames(clip, tmp_path):
    words = (
        "--model",
        DEMO_BUNDLE,
        "--variant",
        "tflite-int8",
        "--source",
        clip,
        "--no-window",
        "--frames",
        "2",
    )
    done = run("webcam.py", *words, cwd=tmp_path)
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 2), done.stderr


def test_webcam_draws_into_its_window(clip, tmp_path):
    """OpenCV's window is replaced by one that keeps what it is shown; the second key closes it."""
    script = f"""
import runpy, sys, cv2
shown, keys = [], iter([255, ord("q")])
cv2.imshow = lambda name, picture: shown.append(picture)
cv2.waitKey = lambda wait: next(keys)
cv2.getWindowProperty = lambda name, which: 1.0
sys.argv = ["webcam.py", "--model", {str(DEMO_BUNDLE)!r}, "--source", {str(clip)!r}]
runpy.run_path({str(EXAMPLES / "webcam.py")!r}, run_name="__main__")
assert len(shown) == 2
assert (shown[0] == (0, 215, 255)).all(axis=2).sum() > 300, "box and words in yellow"
"""
    done = python("-c", script, cwd=tmp_path, env=environment())
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--model", DEMO_BUNDLE, "--source", "no.mp4"), "no.mp4 cannot be opened"),
        (("--model", "no-bundle", "--source", "no.mp4"), "Error: no-bundle does not exist; make a bundle with fer-export"),
    ],
    ids=["source", "bundle"],
)  # fmt: skip
def test_webcam_says_what_is_missing(tmp_path, words, sentence):
    done = run("webcam.py", *words, "--no-window", cwd=tmp_path)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_batch_job_fills_the_database_and_counts(photos, commands, tmp_path):
    for _ in range(2):  # the second night finds everything done, and tries the damaged file again
        done = run("batch_job.py", photos, "faces.db", "--model", DEMO_BUNDLE, cwd=tmp_path, PATH=commands)
        assert done.returncode == 1, done.stderr
        assert done.stdout == "space: happiness 1\n"
        assert "cut.jpg" in done.stderr
        assert "Traceback" not in done.stderr


def test_batch_job_passes_a_usage_error_on(photos, commands, tmp_path):
    done = run("batch_job.py", photos, "faces.db", "--variant", "tflite-fp31", cwd=tmp_path, PATH=commands)
    assert (done.returncode, done.stdout) == (2, "")
    assert "fp31" in done.stderr


def test_the_notebook_prints_what_is_stored(monkeypatch):
    """If not: PYTHONPATH=src:tests python -m support.notebook examples/first_steps.ipynb"""
    nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed: pip install '.[test]'")
    from support.notebook import METADATA, execute

    monkeypatch.setenv("PYTHONPATH", environment()["PYTHONPATH"])
    path = EXAMPLES / "first_steps.ipynb"
    stored, fresh = nbformat.read(path, as_version=4), execute(path)
    assert stored.metadata == METADATA
    for before, now in zip(stored.cells, fresh.cells, strict=True):
        assert before.metadata == {}
        assert printed(before) == printed(now), before.source


def printed(cell):
    """Texts of a cell's outputs, and the kinds of its pictures."""
    outputs = cell.get("outputs", [])
    return [output.get("text", sorted(output.get("data", {}))) for output in outputs]


def test_the_client_asks_the_server(photos, tmp_path):
    token = "t" * 32
    with serving("--model", DEMO_BUNDLE, "--workers", "1", FER_EDGE_TOKEN=token) as server:
        pictures = (
            photos / "space" / "astronaut.jpg",
            photos / "garden" / "cut.jpg",
            photos / "garden" / "fog.png",
        )
        asked = ("--server", server.url, *pictures)
        done = run("predict_client.py", *asked, cwd=tmp_path, FER_EDGE_TOKEN=token)
        refused = run("predict_client.py", *asked, cwd=tmp_path, FER_EDGE_TOKEN="another" * 5)
        unsure = run(
            "predict_client.py", "--threshold", "0.99", *asked[:3], cwd=tmp_path, FER_EDGE_TOKEN=token
        )
    first, face, last = done.stdout.splitlines()
    assert done.returncode == 1
    assert first.endswith("astronaut.jpg: 1 faces")
    assert face.startswith("  1 at ")
    assert ": happiness " in face
    assert last.endswith("fog.png: 0 faces")
    assert "cut.jpg: " in done.stderr
    assert "Traceback" not in done.stderr + refused.stderr
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "unsure (happiness " in unsure.stdout


def test_the_client_waits_where_the_server_is_busy(photos, tmp_path):
    """A server that refuses twice and answers the third time, without a wait; the picture is sent whole each time."""
    bodies = []

    class Busy(BaseHTTPRequestHandler):
        def do_POST(self):
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            late = len(bodies) < 3
            self.send_response(429 if late else 200)
            self.send_header("Retry-After", "0")
            self.end_headers()
            self.wfile.write(
                b'{"error": {"code": "busy", "message": "later"}}' if late else b'{"images": [{"faces": []}]}'
            )

        def log_message(self, *_):
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Busy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        done = run("predict_client.py", photos / "garden" / "fog.png", "--server", address, cwd=tmp_path)
        server.shutdown()
    assert (done.returncode, done.stdout.count("0 faces")) == (0, 1), done.stderr
    picture = (photos / "garden" / "fog.png").read_bytes()
    assert [picture in body for body in bodies] == [True] * 3


def test_the_client_says_that_no_server_is_there(photos, tmp_path):
    words = (photos / "garden" / "fog.png", "--server", "http://127.0.0.1:9")
    done = run("predict_client.py", *words, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: the server does not answer")


def test_networks_side_by_side(tmp_path):
    """A bundle beside itself agrees with itself; the photograph's face is the one that fer-predict finds."""
    words = (DEMO_BUNDLE, DEMO_BUNDLE, "--out", tmp_path / "out", "--json", tmp_path / "answers.json")
    done = run("two_networks.py", *words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "the same first guess for 100 of 100" in done.stdout
    found = json.loads((tmp_path / "answers.json").read_text())
    first, second = found["networks"]
    assert first == second
    assert first["photograph"][0][0] == "happiness"
    assert sum(first["portraits"].values()) == found["same_first_guess"] == 100
    assert first["int8_changes"] <= 15
    for name, size in {"two-networks.png": (900, 360), "portraits.png": (1080, 1400)}.items():
        with Image.open(tmp_path / "out" / name) as picture:
            assert picture.size == size


def test_one_network_alone(tmp_path):
    done = run("two_networks.py", DEMO_BUNDLE, "--out", tmp_path, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "same first guess" not in done.stdout
    missing = run("two_networks.py", tmp_path / "nothing", cwd=tmp_path)
    assert missing.returncode == 1
    assert "Traceback" not in missing.stderr
