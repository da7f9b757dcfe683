"""What cannot be used is refused with a sentence, and nothing of it is shown as a face."""

import re
import shutil

import pytest
from PIL import Image

from support.hostile_files import REFUSED
from support.web_site import serve


@pytest.fixture
def copied(site, tmp_path):
    """A site that may be changed, and its address."""
    folder = shutil.copytree(site, tmp_path / "site")
    with serve(folder) as address:
        yield folder, address


def change(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("fer-mini-fp32.tflite", "fer-mini-fp32.tflite was changed"),
        ("fer-mini-fp32.tflite.contract.json", "contract.json was changed"),
    ],
)
def test_a_changed_byte(copied, page, astronaut, name, said):
    folder, address = copied
    change(folder / "bundle" / name)
    page.open(address)
    assert page.problem.startswith("The model was refused, so nothing runs. ")
    assert said in page.problem
    page.choose(astronaut)
    assert page.faces == []
    assert said in page.problem


def test_a_changed_byte_of_another_variant_keeps_the_one_that_runs(copied, page, astronaut):
    folder, address = copied
    change(folder / "bundle/fer-mini-fp32.onnx")
    page.open(address)
    page.select("#variant", "onnx-fp32")
    page.wait("!document.querySelector('#problem').hidden")
    assert "fer-mini-fp32.onnx was changed" in page.problem
    assert page.evaluate("document.querySelector('#variant').value") == "tflite-fp32"
    page.choose(astronaut)
    assert len(page.faces) == 1


def test_no_bundle(copied, page):
    folder, address = copied
    shutil.rmtree(folder / "bundle")
    page.open(address)
    assert "manifest.json" in page.problem
    assert page.evaluate("document.querySelector('#camera').disabled")


def test_a_detector_that_is_missing(copied, page, astronaut):
    folder, address = copied
    next(folder.glob("third-party/opencv-*/*.xml")).unlink()
    page.open(address)
    page.choose(astronaut)
    assert "The face detector does not work" in page.problem


def test_an_unknown_variant_in_the_address(page, address):
    page.open(f"{address}?variant=tflite-fp8")
    assert "tflite-fp8" in page.problem


def damaged(folder, astronaut):
    """Files and what is said of each."""
    picture = Image.open(astronaut).convert("RGB")
    for name in ("whole.jpg", "whole.png", "whole.webp", "whole.bmp", "whole.gif"):
        picture.save(folder / name)
    cases = {"empty.jpg": (b"", "The file is empty."), "text.jpg": (b"Dear all,\n", "The file is a text.")}
    for ending in ("jpg", "png", "webp", "bmp"):
        data = (folder / f"whole.{ending}").read_bytes()
        cases[f"half.{ending}"] = (data[: len(data) // 2], "is cut off")
    noise = bytearray((folder / "whole.png").read_bytes())
    noise[len(noise) // 2 : len(noise) // 2 + 2000] = bytes(2000)
    cases["noise.png"] = (bytes(noise), "is damaged")
    cases["paper.pdf"] = (b"%PDF-1.7\n%\xe2\xe3", "a PDF document")
    cases["drawing.svg"] = (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "a drawing or a web page")
    cases["archive.jpg"] = (b"PK\x03\x04" + bytes(40), "a zip archive")
    cases["scan.tif"] = (b"II*\0\x08\0\0\0" + bytes(40), "TIFF")
    cases["phone.heic"] = (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(8), "HEIC")
    cases["film.mp4"] = (b"\0\0\0\x18ftypisom\0\0\0\0isomiso2" + bytes(8), "The file is a video")
    cases["bomb.png"] = (bomb((folder / "whole.png").read_bytes()), "60000 x 60000 pixels")
    for name, (data, said) in cases.items():
        (folder / name).write_bytes(data)
        yield folder / name, said


def bomb(png):
    """The same file, announcing sixty thousand pixels a side."""
    import zlib

    header = b"IHDR" + (60000).to_bytes(4, "big") * 2 + png[24:29]
    return png[:12] + header + zlib.crc32(header).to_bytes(4, "big") + png[33:]


def test_files_that_are_no_pictures_or_damaged(opened, astronaut, tmp_path):
    for file, said in damaged(tmp_path, astronaut):
        opened.choose(file)
        assert said in opened.problem, file.name
        assert opened.problem.endswith("."), file.name
        assert opened.faces == [], file.name
    opened.choose(astronaut)
    assert opened.problem == ""


def test_hostile_files(opened, tmp_path):
    """Those that fer-predict refuses have no faces here either; the page goes on."""
    for number, (name, (ending, make)) in enumerate(REFUSED.items()):
        file = tmp_path / f"{number}.{ending}"
        file.write_bytes(make())
        opened.choose(file)
        assert opened.faces == [], name
        if re.search("cut|closed|missing", name):
            assert opened.problem, name
        file.unlink()


def test_what_was_dropped_is_no_file(page, address):
    page.open(address)
    page.evaluate("document.dispatchEvent(new DragEvent('drop', {dataTransfer: new DataTransfer()}))")
    assert "What was dropped is no file" in page.problem
