"""Decoding: orientation from the EXIF standard's own words, alpha, depths, and files that lie."""

import io
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from skimage.data import astronaut

from fer_edge.faces.picture_files import find_pictures
from fer_edge.faces.pictures import LARGEST_PIXELS, SUFFIXES, read_picture, read_reduced, save_picture
from fer_edge.runtime.camera import upright
from fer_edge.runtime.errors import PictureError
from support.hostile_files import black_rows, png

# EXIF 2.32, tag 0x0112: which visual side the stored row 0 and the stored column 0 are.
SIDES = {
    1: ("top", "left"),
    2: ("top", "right"),
    3: ("bottom", "right"),
    4: ("bottom", "left"),
    5: ("left", "top"),
    6: ("right", "top"),
    7: ("right", "bottom"),
    8: ("left", "bottom"),
}


def scene(height=5, width=7):
    return np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8)


def as_stored(upright_pixels, orientation):
    """Pixel by pixel: where each stored pixel lies in the upright picture."""
    height, width, _ = upright_pixels.shape
    row_side, column_side = SIDES[orientation]
    swapped = row_side in ("left", "right")
    rows, columns = (width, height) if swapped else (height, width)
    stored = np.zeros((rows, columns, 3), np.uint8)
    for r in range(rows):
        for c in range(columns):
            along = {row_side: r, column_side: c}
            y = along["top"] if "top" in along else height - 1 - along["bottom"]
            x = along["left"] if "left" in along else width - 1 - along["right"]
            stored[r, c] = upright_pixels[y, x]
    return stored


def encoded(image, kind="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def exif_of(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", SIDES)
def test_orientation(orientation, kind):
    stored = Image.fromarray(as_stored(scene(), orientation))
    lossless = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    data = encoded(stored, kind, exif=exif_of(orientation), **lossless)
    np.testing.assert_array_equal(upright(read_picture(data)), scene())


@pytest.mark.parametrize("orientation", SIDES)
def test_orientation_of_a_jpeg(orientation):
    blocks = np.kron(scene(3, 4), np.ones((16, 16, 1), np.uint8))
    data = encoded(
        Image.fromarray(as_stored(blocks, orientation)),
        "JPEG",
        exif=exif_of(orientation),
        quality=100,
        subsampling=0,
    )
    np.testing.assert_allclose(upright(read_picture(data)).astype(int), blocks, atol=6)


@pytest.mark.parametrize("value", [0, 9, 77])
def test_an_orientation_that_is_none_leaves_the_pixels(value):
    data = encoded(Image.fromarray(scene()), exif=exif_of(value))
    np.testing.assert_array_equal(upright(read_picture(data)), scene())


def test_damaged_exif_costs_nothing():
    data = encoded(
        Image.fromarray(np.kron(scene(), np.ones((8, 8, 1), np.uint8))), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff"
    )
    assert upright(read_picture(data)).shape == (40, 56, 3)


def test_alpha_lies_on_white():
    pixels = np.array([[[10, 20, 30, 255], [10, 20, 30, 0], [0, 0, 0, 51]]], np.uint8)
    seen = upright(read_picture(encoded(Image.fromarray(pixels))))
    # 51/255 = 0.2: a fifth of black on white is 204.
    assert seen.tolist() == [[[10, 20, 30], [255, 255, 255], [204, 204, 204]]]


def test_gray_with_alpha():
    seen = upright(read_picture(encoded(Image.fromarray(np.array([[[9, 0], [9, 255]]], np.uint8), "LA"))))
    assert seen[0, :, 0].tolist() == [255, 9]


def test_a_transparent_palette():
    image = Image.new("P", (2, 1))
    image.putpalette([200, 0, 0, 0, 100, 0])
    image.putpixel((1, 0), 1)
    seen = upright(read_picture(encoded(image, transparency=0)))
    assert seen.tolist() == [[[255, 255, 255], [0, 100, 0]]]


def test_gray_and_one_bit():
    gray = np.array([[0, 7, 255]], np.uint8)
    assert upright(read_picture(encoded(Image.fromarray(gray))))[0].tolist() == [[0] * 3, [7] * 3, [255] * 3]
    assert upright(read_picture(encoded(Image.fromarray(gray > 100))))[0, :, 1].tolist() == [0, 0, 255]


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_keep_the_high_byte(kind):
    gray = np.array([[0, 0x00FF, 0x1234, 0xFFFF]], np.uint16)
    assert upright(read_picture(encoded(Image.fromarray(gray), kind)))[0, :, 2].tolist() == [0, 0, 0x12, 255]


def test_cmyk():
    image = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    red = upright(read_picture(encoded(image, "TIFF")))
    assert red[3, 3].tolist() == [255, 0, 0]
    assert np.abs(upright(read_picture(encoded(image, "JPEG")))[8, 8].astype(int) - [255, 0, 0]).max() < 8


def test_the_first_frame_of_several():
    first, second = Image.new("L", (4, 4), 10), Image.new("L", (4, 4), 200)
    data = encoded(first, "GIF", save_all=True, append_images=[second])
    assert upright(read_picture(data))[0, 0, 0] == 10


def test_floating_point_pixels_are_refused():
    with pytest.raises(PictureError, match="floating-point"):
        read_picture(encoded(Image.fromarray(np.ones((2, 2), np.float32)), "TIFF"))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "has no bytes"),
        (b"GIF89a", "cannot be decoded"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 1 1\n", "not a picture of a known kind"),
        (encoded(Image.fromarray(scene(64, 64)))[:-900], "cannot be decoded"),
        (encoded(Image.fromarray(scene(64, 64)), "JPEG")[:900], "cut off"),
    ],
)
def test_what_is_no_picture_is_one_sentence(data, words):
    with pytest.raises(PictureError, match=words) as caught:
        read_picture(data, name="a.png")
    assert str(caught.value).startswith("a.png ")
    assert "\n" not in str(caught.value)


def test_a_decompression_bomb_is_refused_before_it_grows():
    side = int(LARGEST_PIXELS**0.5) + 1
    header = encoded(Image.new("1", (side, 1)))
    # A PNG says its height in bytes 20 to 24; the checksum after it (29 to 33) belongs to it.
    import zlib

    chunk = header[12:20] + side.to_bytes(4, "big") + header[24:29]
    bomb = header[:12] + chunk + zlib.crc32(chunk).to_bytes(4, "big") + header[33:]
    with pytest.raises(PictureError, match="make it smaller"):
        read_picture(bomb)


ENCODINGS = {
    "JPEG": {}, "JPEG progressive": {"progressive": True}, "JPEG full chroma": {"subsampling": 0, "quality": 95},
    "PNG": {}, "GIF": {}, "BMP": {}, "PPM": {}, "AVIF": {}, "WEBP": {}, "WEBP lossless": {"lossless": True},
    "JPEG2000": {}, "TIFF": {}, "TIFF lzw": {"compression": "tiff_lzw"},
    "TIFF deflate": {"compression": "tiff_adobe_deflate"}, "TIFF packbits": {"compression": "packbits"},
}  # fmt: skip


@pytest.mark.parametrize("name", ENCODINGS)
def test_a_file_gives_pillows_pixels_whole_and_nothing_when_cut_off(name):
    """Also where the cut lies so late that only some of the last row is missing."""
    image = Image.fromarray(astronaut()).crop((0, 0, 300, 200))
    data = encoded(image, name.split()[0], **ENCODINGS[name])
    with Image.open(io.BytesIO(data)) as opened:
        whole = np.asarray(opened.convert("RGB"))
    np.testing.assert_array_equal(upright(read_picture(data)), whole)
    for kept in (len(data) - 20, *(len(data) * share // 100 for share in (2, 10, 25, 50, 75, 90, 97, 99))):
        with pytest.raises(PictureError, match=r"^x cannot be decoded: [^\n]+$"):
            read_picture(data[:kept], name="x")


@pytest.mark.parametrize("interlaced", [0, 1])
@pytest.mark.parametrize(("color", "channels"), [(0, 1), (2, 3), (4, 2), (6, 4)])
def test_a_png_whose_data_is_closed_early(color, channels, interlaced):
    rows = black_rows(40, 50, channels)
    if interlaced:  # Adam7 has 7 to 8 filter bytes more for each eighth row
        rows = bytes(len(rows) + 200)
    assert not upright(read_picture(png(40, 50, rows, color=color, interlaced=interlaced))).any() or color > 2
    for share in (0.2, 0.9):
        cut = black_rows(40, 50, channels)[: int(50 * share) * (1 + 40 * channels)]
        with pytest.raises(PictureError, match=r"cut off|truncated"):
            read_picture(png(40, 50, cut, color=color, interlaced=interlaced))


def test_reduced_while_decoding_only_if_asked_for(monkeypatch):
    monkeypatch.setattr("fer_edge.faces.pictures.LARGEST_PIXELS", 100 * 100)
    image = Image.fromarray(astronaut()).crop((0, 0, 399, 201))
    data = encoded(image, "JPEG", exif=exif_of(6))
    with pytest.raises(PictureError, match=r"has 399x201 pixels; at most 10000 .* make it smaller"):
        read_picture(data)
    decoded = read_reduced(data)
    frame, size = decoded.frame, decoded.size
    assert size == (201, 399)
    assert (frame.width, frame.height) == (51, 100)
    with pytest.raises(PictureError, match="make it smaller"):
        read_reduced(encoded(image, "PNG"))
    with pytest.raises(PictureError, match="make it smaller"):
        read_reduced(encoded(image, "JPEG", progressive=True))


def test_heic_is_named():
    with pytest.raises(PictureError, match=r"HEIC.*share it as JPEG"):
        read_picture(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100))


seed_picture = encoded(Image.fromarray(scene(12, 12)), "PNG")
seed_jpeg = encoded(Image.fromarray(scene(16, 16)), "JPEG", exif=exif_of(6))


@given(
    st.sampled_from([seed_picture, seed_jpeg]),
    st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), min_size=1, max_size=8),
    st.integers(0, 900),
)
def test_damaged_bytes_give_a_picture_or_a_sentence(data, changes, cut):
    broken = bytearray(data)
    for place, value in changes:
        broken[place % len(broken)] = value
    try:
        frame = read_picture(bytes(broken[: len(broken) - cut % len(broken)]))
    except PictureError:
        return
    assert upright(frame).dtype == np.uint8


def test_files_that_are_not_there(tmp_path):
    with pytest.raises(PictureError, match="does not exist"):
        read_picture(tmp_path / "none.png")
    with pytest.raises(PictureError, match="is not a file"):
        read_picture(tmp_path)
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(PictureError, match="is not a file"):
        read_picture(tmp_path / "pipe.png")


def test_a_folder_gives_its_pictures_and_nothing_else(tmp_path):
    outside = tmp_path / "outside.png"
    outside.touch()
    root = tmp_path / "root"
    wanted = ["A.PNG", "a/z.jpeg", "a/é.webp", "b.jpg"]
    for name in [*wanted, "notes.txt", ".hidden.png", ".git/x.png", "c.png.part", "noending"]:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    (root / "inside-link.png").symlink_to("b.jpg")
    (root / "outside-link.png").symlink_to(outside)
    (root / "dangling.png").symlink_to("nowhere.png")
    (root / "loop").symlink_to(root)
    (root / "folder.png").mkdir()
    found = [path.relative_to(root).as_posix() for path in find_pictures(root)]
    assert found == [*wanted, "inside-link.png"]
    with pytest.raises(PictureError, match="not a folder"):
        find_pictures(outside)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_saved_pictures_come_back(tmp_path, suffix):
    flat = np.full((8, 8, 3), (200, 200, 200), np.uint8)
    save_picture(tmp_path / f"out{suffix}", flat)
    np.testing.assert_allclose(upright(read_picture(tmp_path / f"out{suffix}")).astype(int), flat, atol=3)
    assert [path.name for path in tmp_path.iterdir()] == [f"out{suffix}"]


def test_saving_needs_a_picture_ending():
    with pytest.raises(PictureError, match="allowed endings"):
        save_picture(Path("out.txt"), scene())
