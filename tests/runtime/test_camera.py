"""The camera path against the specification's own numbers, other libraries and the scalar reference."""

import base64
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_edge.runtime import Frame, FrameError, prepare
from fer_edge.runtime.camera import gray, scaled, to_tensor, upright, upright_size
from fer_edge.runtime.camera.scaler import neighbors
from fer_edge.runtime.contract import Contract
from fer_edge.runtime.golden import Vector
from support import scalar_camera
from support.camera_cases import rgba, yuv
from support.contracts import changed, sealed
from support.stored_frames import frame_of

CHECK_VALUES = {
    (16, 128, 128): (16, 16, 16),
    (81, 90, 240): (238, 14, 14),
    (145, 54, 34): (13, 238, 14),
    (41, 240, 110): (16, 15, 239),
    (0, 0, 0): (0, 136, 0),
    (255, 255, 255): (255, 120, 255),
}


def contract(**members):
    return Contract.parse(sealed(changed(**members)))


def rgb_frame(height, width, rotation=0, seed=0):
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Frame.from_rgb(pixels, rotation=rotation), pixels


@pytest.mark.parametrize(("stored", "rgb"), CHECK_VALUES.items())
def test_check_values_of_the_specification(stored, rgb):
    planes = [bytes([value]) for value in stored]
    frame = Frame.from_yuv420(*planes, width=1, height=1, y_row_stride=1, uv_row_stride=1, uv_pixel_stride=1)
    assert tuple(upright(frame)[0, 0]) == rgb


def test_all_luma_with_many_chroma_values():
    """256 x 4096 colors against the formula in 64-bit integers."""
    y = np.arange(256, dtype=np.int64)[np.newaxis, :]
    chroma = np.arange(0, 65536, 16, dtype=np.int64)[:, np.newaxis]
    u, v = chroma >> 8, (chroma & 255) + (chroma >> 8) % 16
    v = np.minimum(v, 255)
    y1 = ((y * 257 * 16320) >> 16) + 32
    wanted = [y1 + 90 * (v - 128), y1 - 22 * (u - 128) - 46 * (v - 128), y1 + 113 * (u - 128)]
    wanted = np.stack([np.clip(value >> 6, 0, 255) for value in wanted], -1)
    rows = len(chroma)
    # Every chroma row serves two luma rows; every chroma column two luma columns.
    frame = Frame.from_yuv420(
        np.tile(np.arange(256, dtype=np.uint8), 2 * rows),
        np.repeat(u.astype(np.uint8), 128, axis=1), np.repeat(v.astype(np.uint8), 128, axis=1),
        width=256, height=2 * rows, y_row_stride=256, uv_row_stride=128, uv_pixel_stride=1,
    )  # fmt: skip
    np.testing.assert_array_equal(upright(frame)[::2], wanted)


def test_axis_example_of_the_specification():
    low, high, weight = neighbors(37, 48, chunked=True)
    found = list(zip(low.tolist(), high.tolist(), weight.tolist(), strict=True))[:6]
    assert found == [(0, 0, 14), (0, 1, 10), (1, 2, 6), (2, 3, 3), (2, 3, 15), (3, 4, 11)]


@settings(max_examples=150, deadline=None)
@given(source=st.integers(1, 4000), target=st.integers(1, 600))
def test_axes_are_those_of_exact_arithmetic(source, target):
    for chunked, reference in ((True, scalar_camera.x_axis), (False, scalar_camera.y_axis)):
        low, high, weight = neighbors(source, target, chunked=chunked)
        assert list(zip(low.tolist(), high.tolist(), weight.tolist(), strict=True)) == reference(
            source, target
        )


def test_gray_is_pillows():
    image = pytest.importorskip("PIL.Image")
    values = np.arange(1 << 24, dtype=np.uint32)[:: 7 * 13]
    colors = np.stack([values >> 16, values >> 8 & 255, values & 255], -1).astype(np.uint8)[np.newaxis]
    pillows = np.asarray(image.fromarray(colors).convert("L"))
    np.testing.assert_array_equal(gray(colors[..., 0], colors[..., 1], colors[..., 2]), pillows)


MEANS_AND_STDS = [([0.5], [0.5]), ([0.507], [0.255]), ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])]


@pytest.mark.parametrize(("mean", "std"), MEANS_AND_STDS)
def test_tensor_is_torchvisions_bit_for_bit(mean, std):
    transforms = pytest.importorskip("torchvision.transforms")
    channels = len(mean)
    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16)
    picture = np.stack([ramp, ramp.T, ramp[::-1]] if channels == 3 else [ramp] * 3, -1)
    spec = contract(
        input__width=16, input__height=16, input__channels=channels, normalization={"mean": mean, "std": std}
    )
    pipeline = transforms.Compose([transforms.ToTensor(), transforms.Normalize(mean, std)])
    wanted = pipeline(picture if channels == 3 else picture[:, :, :1]).numpy()[np.newaxis]
    np.testing.assert_array_equal(to_tensor(picture, spec).view(np.uint32), wanted.view(np.uint32))


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("mirror", [False, True])
def test_upright_is_numpys_rotation(rotation, mirror):
    frame, pixels = rgb_frame(5, 8, rotation)
    wanted = np.rot90(pixels, -rotation // 90)
    wanted = wanted[:, ::-1] if mirror else wanted
    found = upright(frame, mirror)
    np.testing.assert_array_equal(found, wanted)
    assert found.flags.c_contiguous
    assert upright_size(frame) == (found.shape[1], found.shape[0])


def test_four_quarter_turns_are_none():
    _, pixels = rgb_frame(7, 4)
    picture = pixels
    for _ in range(4):
        picture = upright(Frame.from_rgb(picture, rotation=90))
    np.testing.assert_array_equal(picture, pixels)


def test_equal_size_is_a_copy():
    frame, pixels = rgb_frame(260, 131)
    np.testing.assert_array_equal(scaled(frame, 131, 260), pixels)


KINDS = st.sampled_from(["i420", "nv12", "nv21", "rgba"])


@st.composite
def stored_frames(draw, largest=24):
    width, height = draw(st.integers(1, largest)), draw(st.integers(1, largest))
    pad, chroma_pad, short = draw(st.integers(0, 5)), draw(st.integers(0, 5)), draw(st.booleans())
    kind, seed = draw(KINDS), draw(st.integers(0, 1000))
    if kind == "rgba":
        return rgba(width, height, pad=pad, short=short, seed=seed)
    return yuv(width, height, kind, pad=pad, chroma_pad=chroma_pad, short=short, seed=seed)


@settings(max_examples=250, deadline=None)
@given(
    stored=stored_frames(),
    rotation=st.sampled_from([0, 90, 180, 270]),
    mirror=st.booleans(),
    box=st.none() | st.tuples(*[st.floats(-30, 50)] * 4).map(list),
    margin=st.sampled_from([0.0, 0.1, 0.25, 2.0]),
    size=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    look=st.sampled_from([("float32", 3), ("float32", 1), ("uint8", 3), ("int8", 1)]),
    layout=st.sampled_from(["NCHW", "NHWC"]),
)
def test_any_small_frame_is_what_the_scalar_reference_says(
    stored, rotation, mirror, box, margin, size, look, layout
):
    dtype, channels = look
    target = {
        "width": size[0], "height": size[1], "channels": channels, "layout": layout, "dtype": dtype,
        "mean": [0.45, 0.5, 0.4][:channels], "std": [0.3, 0.25, 0.2][:channels],
        "scale": 0.02 if dtype == "int8" else None, "zero_point": -3 if dtype == "int8" else None,
    }  # fmt: skip
    case = {
        "name": "any", "frame": stored, "rotation": rotation, "mirror": mirror, "box": box, "crop_margin": margin,
        "target": target,
    }  # fmt: skip
    case["expect"] = scalar_camera.expectation(case)
    assert Vector.parse(json.dumps(case)).fault() is None


@settings(max_examples=80, deadline=None)
@given(
    stored=stored_frames(40),
    rotation=st.sampled_from([0, 90, 180, 270]),
    mirror=st.booleans(),
    data=st.data(),
)
def test_converting_only_the_crop_is_cropping_the_converted(stored, rotation, mirror, data):
    frame = frame_of(stored, rotation)
    whole = upright(frame, mirror)
    height, width = whole.shape[:2]
    x0, y0 = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    x1, y1 = data.draw(st.integers(x0 + 1, width)), data.draw(st.integers(y0 + 1, height))
    target = data.draw(st.integers(1, 60)), data.draw(st.integers(1, 60))
    found = scaled(frame, *target, box=(x0, y0, x1, y1), mirror=mirror)
    cut = Frame.from_rgb(whole[y0:y1, x0:x1])
    np.testing.assert_array_equal(found, scaled(cut, *target))


def test_prepare_is_scaled_then_to_tensor_with_the_contracts_margin_and_mirror():
    frame, _ = rgb_frame(30, 40, 90)
    spec = contract(camera__crop_margin=0.25, camera__mirror=True)
    box = (4.5, 6.0, 20.0, 31.0)
    small = scaled(frame, 8, 6, box=box, crop_margin=0.25, mirror=True)
    np.testing.assert_array_equal(prepare(frame, spec, box), to_tensor(small, spec))
    assert prepare(frame, spec, box).shape == (1, 1, 6, 8)


def test_image_interface_gets_the_scaled_picture():
    frame, _ = rgb_frame(30, 40)
    small = scaled(frame, 8, 6)
    for dtype in ("uint8", "float32"):
        spec = contract(
            input__interface="image",
            input__channels=3,
            input__layout="NHWC",
            input__dtype=dtype,
            normalization=None,
        )
        found = prepare(frame, spec)
        assert found.dtype == dtype
        np.testing.assert_array_equal(found, small[np.newaxis])


def test_results_do_not_share_memory():
    """Working memory is kept between pictures; what was handed out is not."""
    frame, _ = rgb_frame(40, 40)
    other, _ = rgb_frame(40, 40, seed=1)
    spec = contract()
    first, picture, small = prepare(frame, spec), upright(frame), scaled(frame, 9, 9)
    kept = first.copy(), picture.copy(), small.copy()
    prepare(other, spec), upright(other), scaled(other, 9, 9)
    for now, before in zip((first, picture, small), kept, strict=True):
        np.testing.assert_array_equal(now, before)


def test_threads_do_not_disturb_each_other():
    from concurrent.futures import ThreadPoolExecutor

    frames = [rgb_frame(90, 120, 90, seed)[0] for seed in range(8)]
    wanted = [scaled(frame, 64, 64) for frame in frames]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(5):
            found = pool.map(lambda frame: scaled(frame, 64, 64), frames)
            for one, other in zip(found, wanted, strict=True):
                np.testing.assert_array_equal(one, other)


BOXES = [
    (float("nan"), 0, 5, 5), (0, 0, float("inf"), 5), (5, 0, 1, 5), (0, 5, 5, 1), (50, 50, 60, 60), (-9, -9, -1, -1),
    (3, 3, 3, 3), (1, 2, 3), "abcd", (None,) * 4, 7, (0, 0, 10**400, 5), ("a", 0, 1, 1), (1e308, 0, 1e308, 5),
]  # fmt: skip


@pytest.mark.parametrize("box", BOXES, ids=repr)
def test_boxes_that_are_refused(box):
    frame, _ = rgb_frame(10, 12)
    with pytest.raises(FrameError, match=r"\bbox\b"):
        prepare(frame, contract(), box)


def test_a_huge_margin_takes_the_whole_picture():
    frame, pixels = rgb_frame(6, 8)
    np.testing.assert_array_equal(scaled(frame, 8, 6, box=(1, 1, 3, 3), crop_margin=1e308), pixels)


def test_boxes_may_be_arrays():
    frame, _ = rgb_frame(10, 12)
    box = np.array([1, 2, 9, 8], np.float32)
    np.testing.assert_array_equal(prepare(frame, contract(), box), prepare(frame, contract(), (1, 2, 9, 8)))


@pytest.mark.parametrize("size", [(0, 4), (4, 0), (-1, 4), (1 << 20, 4), (4.0, 4), ("4", 4), (None, 4)])
def test_targets_that_are_refused(size):
    frame, _ = rgb_frame(10, 12)
    with pytest.raises(FrameError, match=r"\bsize\b"):
        scaled(frame, *size)


@pytest.mark.parametrize("margin", [-0.1, float("nan"), float("inf")])
def test_margins_that_are_refused(margin):
    frame, _ = rgb_frame(10, 12)
    with pytest.raises(FrameError, match=r"\bbox\b"):
        scaled(frame, 4, 4, box=(0, 0, 5, 5), crop_margin=margin)


@pytest.mark.parametrize("shape", [(6, 8), (8, 6, 3), (6, 8, 1), (6, 8, 4)])
def test_to_tensor_takes_the_contracts_size_only(shape):
    with pytest.raises(FrameError, match=r"\bsize\b"):
        to_tensor(np.zeros(shape, np.uint8), contract())


def test_scalar_reference_reads_the_bytes_itself():
    """It shares nothing with the code under test: its own base64, its own color formula."""
    stored = rgba(2, 1)
    data = base64.b64decode(stored["data"])
    assert scalar_camera.colors(stored) == [[tuple(data[:3]), tuple(data[4:7])]]
