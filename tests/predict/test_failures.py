"""Failures: each has a code of the one table, a sentence that names the picture, and no face."""

import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fer_edge.predict.failures import CODES
from fer_edge.predict.recognition import make_face_finder, recognize_picture
from fer_edge.predict.sources.picture import SourcePicture
from fer_edge.runtime import load
from support.hostile_files import REFUSED, encoded, small_gif, texture
from support.paths import ROOT, SOURCES


@pytest.fixture(scope="module")
def recognize(artifact):
    find, model = make_face_finder("none", None), load(artifact)

    def of(data, **options):
        return recognize_picture(SourcePicture("a.jpg", "folder", data=data), find, model, **options)

    return of


PNG = encoded(texture(64, 64), "PNG")
CASES = {
    "empty": b"",
    "unknown-format": b"<!doctype html><title>Sign in</title>",
    "truncated": encoded(texture(300, 300), "JPEG")[:-200],
    "too-large": small_gif(),
    "unsupported": encoded(Image.fromarray(np.ones((9, 9), np.float32)), "TIFF"),
    "broken": PNG[:40] + bytes(9) + PNG[49:],
}


@pytest.mark.parametrize("code", CASES)
def test_a_code_and_a_sentence(recognize, code):
    result, _ = recognize(CASES[code], hashing=True)
    assert result.faces == []
    assert result.failure.code == code
    assert result.failure.message.startswith("folder ")
    assert "\n" not in result.failure.message


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"%PDF-1.7\n", "it is a PDF"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00", "run git lfs pull"),
        (b"name,label\na.jpg,fear\n", "it is text"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "an SVG drawing"),
        (b"\0\0\0\x18ftypisom\0\0\0\0", "not a picture"),
    ],
)
def test_what_is_often_found_under_a_pictures_name(recognize, data, words):
    assert words in recognize(data)[0].failure.message


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF", "AVIF"])
def test_the_first_of_several_frames_is_answered_and_said(recognize, kind):
    frames = [Image.new("RGB", (40, 40), (value, value, value)) for value in (250, 20, 90)]
    buffer = io.BytesIO()
    frames[0].save(buffer, kind, save_all=True, append_images=frames[1:])
    result, pixels = recognize(buffer.getvalue())
    assert "has several frames; the first one is answered" in result.note
    assert pixels().min() > 240
    assert recognize(encoded(frames[0], kind))[0].note is None


def test_text_that_ends_within_a_number(recognize):
    text = b"P2\n8 8\n255\n" + b"123 " * 63 + b"123\n"
    assert recognize(text)[0].failure is None
    assert recognize(text[:-2])[0].failure.code == "truncated"


def test_every_code_that_is_used_is_in_the_table_and_told():
    used = set()
    for room in ("faces", "predict"):
        for module in (SOURCES / "fer_edge" / room).rglob("*.py"):
            text = module.read_text(encoding="utf-8")
            used |= set(re.findall(r'\bcode ?= ?"([a-z-]+)"', text))
    assert used - set(CODES) == set()
    told = set(re.findall(r"^\| `([a-z-]+)` \|", (ROOT / "docs/bad-input.md").read_text("utf-8"), re.M))
    assert told == set(CODES)


def test_hostile_files_have_codes_of_the_table(recognize):
    for name in ("43 bytes of GIF, 134 megapixels", "JPEG, closed after a half", "HEIC", "WebP, cut off"):
        result, _ = recognize(REFUSED[name][1]())
        assert result.failure.code in CODES


def test_files_that_cannot_be_read(recognize, artifact, tmp_path):
    find, model = make_face_finder("none", None), load(artifact)
    for path, code in ((tmp_path / "none.jpg", "missing"), (tmp_path, "no-file")):
        result, _ = recognize_picture(SourcePicture("a", "a", Path(path)), find, model)
        assert result.failure.code == code
