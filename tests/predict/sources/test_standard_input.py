"""A picture on standard input."""

import io
import json

import pytest
from PIL import Image

from support.processes import environment, python


def encoded(kind="JPEG"):
    buffer = io.BytesIO()
    Image.new("RGB", (64, 48), (200, 200, 200)).save(buffer, kind)
    return buffer.getvalue()


@pytest.fixture
def piped(artifact):
    def run(data, *words):
        return python(
            "-m", "fer_edge.predict.cli", "-", "--detector", "none", "--model", artifact, "--quiet", *words,
            input=data, text=False, capture_output=True, stdin=None, env=environment(),
        )  # fmt: skip

    return run


def test_a_piped_picture(piped, tmp_path):
    done = piped(encoded(), "--json", "--annotate", tmp_path / "seen.png")
    assert (done.returncode, done.stderr) == (0, b"")
    (image,) = json.loads(done.stdout)["images"]
    assert image["file_name"] == "stdin"
    assert image["faces"][0]["bbox"] == ["0", "0", "64", "48"]
    assert (tmp_path / "seen.png").is_file()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", b"- cannot be decoded: it has no bytes"),
        (b"some text that is no picture, of more than a few bytes, again and again", b"it is text"),
        (encoded()[:-60], b"cut off"),
        (bytes(1 << 20), b"not a picture of a known kind"),
    ],
)
def test_what_is_no_picture(piped, data, words):
    done = piped(data)
    assert done.returncode == 1
    assert done.stderr.count(b"\n") == 1
    assert words in done.stderr


def test_it_can_be_read_once(piped):
    done = piped(encoded(), "-")
    assert (done.returncode, b"given twice" in done.stderr) == (1, True)
