import array
import ctypes

import numpy as np
import pytest

from fer_edge.runtime import Frame, FrameError
from fer_edge.runtime.camera import upright

DATA = bytes(range(24))


def test_kinds_of_buffers_give_the_same_picture():
    buffers = [
        DATA, bytearray(DATA), memoryview(DATA), np.frombuffer(DATA, np.uint8),
        np.frombuffer(DATA, np.int8), np.frombuffer(DATA, np.uint8).reshape(2, 3, 4),
        array.array("B", DATA), (ctypes.c_ubyte * len(DATA)).from_buffer_copy(DATA),
        (ctypes.c_int8 * len(DATA)).from_buffer_copy(DATA),
    ]  # fmt: skip
    wanted = np.frombuffer(DATA, np.uint8).reshape(2, 3, 4)[:, :, :3]
    for buffer in buffers:
        np.testing.assert_array_equal(upright(Frame.from_rgba(buffer, width=3, height=2)), wanted)


def test_an_array_that_is_a_cut_of_another():
    whole = np.arange(5 * 7 * 4, dtype=np.uint8).reshape(5, 7, 4)
    cut = whole[1:4, 2:5]
    np.testing.assert_array_equal(upright(Frame.from_rgba(cut, width=3, height=3)), cut[:, :, :3])


def test_a_frame_keeps_its_bytes_when_the_buffer_changes():
    buffer = bytearray(DATA)
    frame = Frame.from_rgba(buffer, width=3, height=2)
    before = upright(frame)
    buffer[:] = bytes(24)
    buffer.extend(b"longer")
    np.testing.assert_array_equal(upright(frame), before)


def test_planes_are_read_only():
    frame = Frame.from_rgba(bytearray(DATA), width=3, height=2)
    with pytest.raises(ValueError, match="read-only"):
        frame.planes[0][0, 0, 0] = 1


def test_from_rgb():
    pixels = np.arange(18, dtype=np.uint8).reshape(2, 3, 3)
    np.testing.assert_array_equal(upright(Frame.from_rgb(pixels)), pixels)
    np.testing.assert_array_equal(upright(Frame.from_rgb(pixels[:, ::-1])), pixels[:, ::-1])


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((2, 3), np.uint8),
        np.zeros((2, 3, 4), np.uint8),
        np.zeros((2, 3, 3)),
        np.zeros((0, 3, 3), np.uint8),
        7,
    ],
)
def test_from_rgb_refuses(pixels):
    with pytest.raises(FrameError, match=r"\bsize\b"):
        Frame.from_rgb(pixels)


REFUSED = [
    ({"width": 0}, "size"),
    ({"height": -2}, "size"),
    ({"width": 3.0}, "size"),
    ({"width": True}, "size"),
    ({"width": 1 << 40}, "size"),
    ({"height": None}, "size"),
    ({"rotation": 45}, "rotation"),
    ({"rotation": 450}, "rotation"),
    ({"rotation": 90.0}, "rotation"),
    ({"rotation": "90"}, "rotation"),
    ({"row_stride": 11}, "stride"),
    ({"row_stride": -12}, "stride"),
    ({"row_stride": 1 << 70}, "stride"),
    ({"row_stride": "12"}, "stride"),
    ({"row_stride": 13}, "rgba"),
    ({"buffer": DATA[:-1]}, "rgba"),
    ({"buffer": b""}, "rgba"),
    ({"buffer": None}, "rgba"),
    ({"buffer": "text"}, "rgba"),
    ({"buffer": [1, 2, 3]}, "rgba"),
    ({"buffer": np.zeros(24, np.float32)}, "rgba"),
    ({"buffer": np.zeros(24, object)}, "rgba"),
]


@pytest.mark.parametrize(("changes", "word"), REFUSED, ids=repr)
def test_rgba_refuses(changes, word):
    arguments = {"buffer": DATA, "width": 3, "height": 2, **changes}
    with pytest.raises(FrameError, match=rf"\b{word}\b"):
        Frame.from_rgba(arguments.pop("buffer"), **arguments)


def test_short_plane_names_length_and_need():
    planes = {"y": bytes(12), "u": bytes(5), "v": bytes(6)}
    strides = {"y_row_stride": 4, "uv_row_stride": 4, "uv_pixel_stride": 1}
    with pytest.raises(FrameError, match=r"plane u has 5 bytes; .* needs 6"):
        Frame.from_yuv420(*planes.values(), width=4, height=3, **strides)


@pytest.mark.parametrize(("name", "value"), [("uv_pixel_stride", 3), ("uv_pixel_stride", 0), ("uv_pixel_stride", None),
                                             ("uv_row_stride", 1), ("y_row_stride", 3), ("y_row_stride", 2.5)])  # fmt: skip
def test_yuv_strides_that_are_refused(name, value):
    strides = {"y_row_stride": 4, "uv_row_stride": 4, "uv_pixel_stride": 1, name: value}
    with pytest.raises(FrameError, match=r"\bstride\b"):
        Frame.from_yuv420(bytes(99), bytes(99), bytes(99), width=4, height=3, **strides)
