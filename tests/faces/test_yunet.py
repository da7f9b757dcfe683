"""YuNet's detector: on a file whose boxes are worked out by hand, on files that are none, and on the real one where there is one."""

import os
from pathlib import Path

import numpy as np
import pytest
from skimage import data

from fer_edge.faces.detectors import detect_faces, make_detector
from fer_edge.faces.detectors.detector import DetectorOptions
from fer_edge.runtime.errors import FerEdgeError
from fer_edge.runtime.frame import Frame
from support.drawn_yunet import drawn_yunet

REAL = os.environ.get("FER_EDGE_YUNET")


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    return drawn_yunet(tmp_path_factory.mktemp("yunet") / "drawn.onnx")


def white_cells(*cells, size=(320, 320)):
    """Black but for cells of 8x8 pixels, given by column and row."""
    picture = np.zeros((size[1], size[0], 3), np.uint8)
    for column, row in cells:
        picture[8 * row : 8 * row + 8, 8 * column : 8 * column + 8] = 255
    return picture


def boxes_in(picture, model, **options):
    found = detect_faces(Frame.from_rgb(picture), make_detector("yunet", model), DetectorOptions(**options))
    return [face.box for face in found]


def test_a_box_is_where_the_network_says(drawn):
    """Cell (10, 20): its center is at 84, 164, so the box of 64 begins at 52, 132."""
    assert boxes_in(white_cells((10, 20)), drawn) == [(52, 132, 116, 196)]


def test_boxes_are_ordered_and_end_at_the_picture(drawn):
    assert boxes_in(white_cells((39, 20), (1, 1)), drawn) == [(0, 0, 44, 44), (284, 132, 320, 196)]


def test_of_overlapping_boxes_one_stays_unless_asked(drawn):
    """Neighbors 16 pixels apart share 48/80 of their union."""
    picture = white_cells((10, 20), (12, 20))
    assert len(boxes_in(picture, drawn)) == 1
    assert len(boxes_in(picture, drawn, overlap=0.7)) == 2


def test_a_large_picture_is_sought_on_a_copy_of_640(drawn):
    """Everything is twice as large: 16 pixels a cell, and boxes of 128."""
    picture = np.repeat(np.repeat(white_cells((20, 20), size=(640, 480)), 2, 0), 2, 1)
    (box,) = boxes_in(picture, drawn)
    assert box == pytest.approx((264, 264, 392, 392), abs=2)


def test_the_smallest_face_is_counted_in_pixels_of_the_picture(drawn):
    picture = np.repeat(np.repeat(white_cells((20, 20), size=(640, 480)), 2, 0), 2, 1)
    assert len(boxes_in(picture, drawn, min_face=120)) == 1
    assert boxes_in(picture, drawn, min_face=140) == []


def written(folder, name, content):
    (folder / name).write_bytes(content)
    return folder / name


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\n\n<!DOCTYPE html>\n<html>", "is a web page about it"),
        (b"version https://git-lfs.github.com/spec/v1\noid", "Git LFS's pointer to it: run git lfs pull"),
        (b"just a text\n" * 9, "is no ONNX file"),
        (bytes(range(256)) * 99, "is no ONNX file"),
        (b"\0" * ((1 << 24) + 1), "has more than 16 MiB"),
    ],
    ids=["empty", "web-page", "pointer", "text", "bytes", "huge"],
)
def test_what_people_have_in_its_place_is_a_sentence(tmp_path, content, message):
    with pytest.raises(FerEdgeError, match=message) as caught:
        make_detector("yunet", written(tmp_path, "yunet.onnx", content))
    assert "from OpenCV Zoo" in str(caught.value)


def test_another_network_is_named_as_such(tmp_path):
    with pytest.raises(FerEdgeError, match="is another network: it lacks the outputs obj_16"):
        make_detector("yunet", drawn_yunet(tmp_path / "other.onnx", leave_out=("obj_16",)))


def test_missing_files_and_folders_are_sentences(tmp_path):
    with pytest.raises(FerEdgeError, match="does not exist; get face_detection_yunet"):
        make_detector("yunet", tmp_path / "absent.onnx")
    with pytest.raises(FerEdgeError, match="is no plain file"):
        make_detector("yunet", tmp_path)


@pytest.mark.slow
def test_damaged_files_end_in_a_sentence_or_work(tmp_path, drawn):
    """Each with a part of the bytes changed, cut out or put in; several of them crash OpenCV."""
    said = [
        outcome(written(tmp_path, "broken.onnx", damaged(drawn.read_bytes(), turn))) for turn in range(40)
    ]
    assert all("\n" not in sentence for sentence in said)
    assert any(said)


def damaged(content, turn):
    broken, chance = bytearray(content), np.random.default_rng(turn)
    at = int(chance.integers(len(broken)))
    if turn % 3 == 0:
        del broken[at : at + int(chance.integers(1, 60))]
    else:
        broken[at : at + turn % 5] = chance.bytes(turn % 5 + turn % 2)
    return bytes(broken)


def outcome(path):
    try:
        make_detector("yunet", path)
    except FerEdgeError as error:
        return str(error)
    return ""


def test_the_file_is_asked_for_and_refused_where_it_is_of_no_use(tmp_path):
    with pytest.raises(FerEdgeError, match="yunet needs --detector-model FILE"):
        make_detector("yunet")
    with pytest.raises(FerEdgeError, match="haar takes no model file"):
        make_detector("haar", tmp_path / "a.onnx")


@pytest.mark.skipif(not REAL, reason="FER_EDGE_YUNET names no face_detection_yunet_*.onnx")
def test_the_real_file_finds_the_astronaut_s_face():
    """Within a quarter of the cascade's box, 177, 66, 272, 161; and no face in photographs without one."""
    (box,) = boxes_in(data.astronaut(), Path(REAL))
    assert box == pytest.approx((177, 66, 272, 161), abs=24)
    assert [boxes_in(picture, Path(REAL)) for picture in (data.rocket(), data.coffee(), data.chelsea())] == [
        []
    ] * 3
