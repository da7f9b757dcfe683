"""The answers are fer-predict's own, byte for byte."""

import json
import shutil
import subprocess

import httpx
import pytest
from skimage import data

from support.servers import encoded

PHOTOGRAPHS = {
    "astronaut.jpg": lambda: encoded(data.astronaut(), quality=90),
    "astronaut.png": lambda: encoded(data.astronaut(), "PNG"),
    "astronaut.webp": lambda: encoded(data.astronaut(), "WEBP"),
    "camera.png": lambda: encoded(data.camera(), "PNG"),
    "coffee.jpg": lambda: encoded(data.coffee()),
    "cat.tiff": lambda: encoded(data.chelsea(), "TIFF"),
    "upside down ü.jpg": lambda: encoded(data.astronaut()[::-1], exif=b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x04\0\0\0\0\0\0\0"),
    "small.png": lambda: encoded(data.astronaut()[::8, ::8], "PNG"),
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("photographs")
    for name, make in PHOTOGRAPHS.items():
        (made / name).write_bytes(make())
    return made


def test_every_photograph_has_the_command_lines_answer(client, folder, builtin_bundle, run_command):
    options = ("--model", builtin_bundle, "--json", "--quiet", "--probabilities", "--threshold", "0.2")
    for name in ("astronaut.jpg", "camera.png", "upside down ü.jpg"):
        done = run_command("fer_edge.predict.cli", folder / name, *options)
        with (folder / name).open("rb") as file:
            answer = client.post("/v1/predict?threshold=0.2&probabilities=true", files={"file": (name, file)})
        assert (answer.status_code, done.returncode) == (200, 0)
        assert answer.text == done.stdout
    done = run_command("fer_edge.predict.cli", folder, *options)
    together = {entry["file_name"]: entry for entry in json.loads(done.stdout)["images"]}
    assert set(together) == set(PHOTOGRAPHS)
    assert sum(len(entry["faces"]) for entry in together.values()) >= 4
    for name, expected in together.items():
        answer = client.post(
            "/v1/predict",
            params={"threshold": 0.2, "probabilities": True, "file_name": name},
            content=(folder / name).read_bytes(),
        )
        assert answer.json() == {"images": [expected]}


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
def test_curl_posts_forms_and_bodies(server, folder, astronaut):
    photo = folder / "astronaut.jpg"
    form = ("-F", f"file=@{photo}", "-F", "threshold=0.9", "-F", "probabilities=true")
    ways = {
        "form": (form, "astronaut.jpg"),
        "body": (("-H", "Content-Type: image/jpeg", "--data-binary", f"@{photo}"), "picture"),
        "curl's own type": (("--data-binary", f"@{photo}"), "picture"),
        "chunked": (("-H", "Transfer-Encoding: chunked", "-H", "Content-Type: image/png", "--data-binary", f"@{photo}"), "picture"),
        "HTTP/1.0": (("--http1.0", *form), "astronaut.jpg"),
        "upgrade": (("--http2", *form), "astronaut.jpg"),
        "expect": (("-H", "Expect: 100-continue", *form), "astronaut.jpg"),
        "upload": (("-X", "POST", "-H", "Content-Type: image/jpeg", "-T", photo), "picture"),
    }  # fmt: skip
    for name, (words, file_name) in ways.items():
        done = subprocess.run(
            ["curl", "-sS", "--fail-with-body", *words, f"{server.url}/v1/predict"],
            capture_output=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, (name, done.stdout, done.stderr)
        (image,) = json.loads(done.stdout)["images"]
        assert image["file_name"] == file_name, name
        assert len(image["faces"]) == 1, name


def test_a_connection_is_kept_for_many_pictures(server, astronaut):
    with server.client(limits=httpx.Limits(max_connections=1)) as client:
        answers = {client.post("/v1/predict", content=astronaut).content for _ in range(5)}
    assert len(answers) == 1


def test_the_threads_pool_answers_the_same(serve, client, astronaut):
    with serve("--pool", "thread", "--workers", 2) as running, running.client() as other:
        assert (
            other.post("/v1/predict", content=astronaut).content
            == client.post("/v1/predict", content=astronaut).content
        )
