"""Frames of arrays, what ``predict`` says to everything else, and boxes that can be no face."""

from pathlib import Path

import numpy as np
import pytest

from fer_edge.runtime import Contract, Frame, FrameError, load, prepare
from fer_edge.runtime.camera import upright
from support import tiny_artifacts as tiny

RNG = np.random.default_rng(5)
COLORS = RNG.integers(0, 256, (29, 37, 3), np.uint8)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("arrays") / "tiny-fp32.onnx"
    path.write_bytes(tiny.onnx_bytes(tiny.contract_text()))
    return load(path)


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_bgr_is_rgb_backwards(rotation):
    frame = Frame.from_bgr(COLORS[:, :, ::-1], rotation=rotation)
    np.testing.assert_array_equal(upright(frame), np.rot90(COLORS, -rotation // 90))


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("axis", [False, True])
def test_gray_is_three_equal_colors(rotation, axis):
    gray = COLORS[:, :, 0]
    frame = Frame.from_gray(gray[:, :, None] if axis else gray, rotation=rotation)
    np.testing.assert_array_equal(
        upright(frame), np.rot90(gray, -rotation // 90)[:, :, None].repeat(3, axis=2)
    )


def test_every_gray_value_reaches_the_model_as_it_is():
    """Weights of the specification: 19595 + 38470 + 7471 = 65536, so the gray of (v, v, v) is v."""
    values = np.arange(256, dtype=np.uint8).reshape(8, 32)
    contract = Contract.parse(
        tiny.contract_text(input__width=32, input__height=8, normalization={"mean": [0.0], "std": [1.0]})
    )
    tensor = prepare(Frame.from_gray(values), contract)
    np.testing.assert_array_equal(tensor, (values.astype(np.float32) / np.float32(255))[None, None])


def test_arrays_that_are_views_and_are_changed_afterwards():
    wide = np.zeros((6, 20, 3), np.uint8)
    frame = Frame.from_bgr(wide[:, ::2])
    wide[:] = 255
    assert upright(frame).max() == 0


WRONG = {
    "gray to rgb": ("from_rgb", COLORS[:, :, 0], r"\(29, 37\) uint8.*Frame\.from_gray"),
    "gray to bgr": ("from_bgr", COLORS[:, :, :1], r"Frame\.from_gray"),
    "colors to gray": ("from_gray", COLORS, r"Frame\.from_rgb or Frame\.from_bgr"),
    "four channels": ("from_bgr", np.zeros((4, 4, 4), np.uint8), r"Frame\.from_rgba"),
    "a batch": ("from_rgb", np.zeros((2, 4, 4, 3), np.uint8), "one picture of the batch"),
    "floats": ("from_rgb", np.zeros((4, 4, 3), np.float32), r"255 \* array"),
    "integers": ("from_gray", np.zeros((4, 4), np.int64), r"allowed in from_gray: \(height, width\) uint8"),
    "ragged": ("from_rgb", [[1], [1, 2]], "no array"),
    "nothing": ("from_bgr", None, "allowed in from_bgr"),
    "empty": ("from_gray", np.zeros((0, 4), np.uint8), "size"),
    "text": ("from_rgb", "photo.jpg", "allowed in from_rgb"),
}


@pytest.mark.parametrize("case", WRONG)
def test_arrays_of_another_kind_say_where_they_go(case):
    maker, value, said = WRONG[case]
    with pytest.raises(FrameError, match=said):
        getattr(Frame, maker)(value)


NO_FRAMES = {
    "array": (COLORS, r"an array \(29, 37, 3\) uint8 came; allowed: a Frame; .*from_bgr"),
    "path": (Path("photo.jpg"), r"Image\.open\(path\)"),
    "text": ("photo.jpg", r"str came.*Image\.open\(path\)"),
    "none": (None, r"None came.*cv2\.imread"),
    "bytes": (b"abc", r"Frame\.from_rgba"),
    "number": (3, "int came"),
}


@pytest.mark.parametrize("case", NO_FRAMES)
def test_predicting_something_else_than_a_frame(model, case):
    value, said = NO_FRAMES[case]
    with pytest.raises(FrameError, match=said):
        model.predict(value)
    with pytest.raises(FrameError, match=said):
        model.predict(value, (0, 0, 10, 10))
    with pytest.raises(FrameError, match=said):
        prepare(value, model.contract)
    with pytest.raises(FrameError, match=said):
        upright(value)


BOXES = {
    "units": ((0.1, 0.2, 0.9, 0.8), "units of the picture's size; multiply x by its width"),
    "all": ((0, 0, 1, 1), "units of the picture's size"),
    "nothing": ((0, 0, 0, 0), "units of the picture's size"),
    "narrow": ((5, 5, 8.9, 30), r"3\.9x25 pixels; allowed: at least 4x4"),
    "flat": ((5, 5, 30, 5), r"25x0 pixels.*not x, y, width, height"),
    "backwards": ((20, 5, 10, 30), "runs backwards"),
    "three": ((1, 2, 3), "four numbers"),
    "not finite": ((1, 2, float("nan"), 30), "not finite"),
    "outside": ((100, 100, 130, 130), "is empty inside"),
}


@pytest.mark.parametrize("case", BOXES)
def test_boxes_that_can_be_no_face(model, case):
    box, said = BOXES[case]
    with pytest.raises(FrameError, match=said):
        model.predict(Frame.from_rgb(COLORS), box)


@pytest.mark.parametrize("box", [(0, 0, 4, 4), (0.5, 0.5, 4.5, 4.5), (-3, -3, 5, 5), (30, 20, 60, 60), None])
def test_small_boxes_that_can_be_one(model, box):
    assert model.predict(Frame.from_rgb(COLORS), box).label in model.contract.labels
