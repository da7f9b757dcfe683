"""The preparation with no mistake is the camera path, bit for bit; each mistake is the arithmetic that its name says."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from PIL import Image

from fer_edge.export.mistakes.catalog import MISTAKES, RIGHT, Steps, applicable, hypotheses
from fer_edge.export.mistakes.colors import MATRICES
from fer_edge.export.mistakes.crops import CROPS
from fer_edge.export.mistakes.preparation import Preparation, make_tensor
from fer_edge.export.mistakes.resizes import RESIZES
from fer_edge.export.mistakes.values import GRAYS, LEVELS, ORDERS, SCALINGS
from fer_edge.runtime import prepare
from fer_edge.runtime.contract import (
    CameraSpec,
    Contract,
    InputSpec,
    Normalization,
    OutputSpec,
    Quantization,
    QuantizationParameters,
)
from fer_edge.runtime.golden import store_frame
from fer_edge.synthetic import render_face

LABELS = ("happy", "sad", "neutral")


def contract(channels=3, layout="NHWC", dtype="float32", mean=0.4, std=0.2, mirror=False):
    quantized = QuantizationParameters(0.02, -7) if dtype == "int8" else None
    return Contract.build(
        model="tiny",
        labels=LABELS,
        input=InputSpec("image", "tensor", 24, 20, channels, layout, dtype),
        camera=CameraSpec(crop_margin=0.1, mirror=mirror),
        normalization=Normalization((mean,) * channels, (std,) * channels),
        quantization=Quantization(quantized, None),
        output=OutputSpec("probabilities", "probabilities"),
    )


def preparation(camera="nv21", seed=11, **given):
    face = render_face(seed, camera=camera)
    box = tuple(float(value) for value in face.box)
    return Preparation(store_frame(face.frame), face.frame.rotation, box, contract(**given)), face


def made(name):
    step = next(mistake.step for mistake in MISTAKES if mistake.name == name)
    return replace(RIGHT, **{step: name})


@pytest.mark.parametrize("camera", ["rgba", "nv21", "nv12", "i420"])
@pytest.mark.parametrize(
    "given",
    [
        {},
        {"channels": 1},
        {"layout": "NCHW", "mirror": True},
        {"dtype": "int8"},
        {"channels": 1, "dtype": "int8"},
    ],
    ids=str,
)
def test_without_a_mistake_it_is_the_camera_path(camera, given):
    for seed in range(20, 25):
        subject, face = preparation(camera, seed, **given)
        expected = prepare(face.frame, subject.contract, face.box)
        found = subject.tensor()
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)


def test_each_name_is_in_the_table_of_its_step():
    tables = {
        "matrix": MATRICES, "crop": CROPS, "resize": RESIZES, "order": ORDERS, "levels": LEVELS, "scaling": SCALINGS,
    }  # fmt: skip
    for step, table in tables.items():
        names = {mistake.name for mistake in MISTAKES if mistake.step == step}
        assert names == set(table) - {"right"}
    grays = {mistake.name for mistake in MISTAKES if mistake.step == "gray"}
    assert grays - {"gray-in-color"} == set(GRAYS) - {"right"}
    assert len({mistake.name for mistake in MISTAKES}) == len(MISTAKES)
    assert {mistake.step for mistake in MISTAKES} == set(Steps.__slots__)


@pytest.mark.parametrize("channels", [1, 3])
def test_every_mistake_gives_a_tensor_and_nearly_all_change_it(channels):
    subject, _ = preparation("nv21", 17, channels=channels)
    mistakes = applicable(subject.contract, subject.frame, boxed=True)
    assert len(mistakes) > 45
    right = subject.tensor()
    same = [
        one.name for one in mistakes if np.array_equal(subject.tensor(made(one.name)), right, equal_nan=True)
    ]
    # With one number for all channels their order does not matter; a face inside its picture is never clipped.
    assert set(same) <= {"mean-std-of-bgr", "box-unclipped", "box-truncated", "box-squared", "stride-ignored"}


def test_scalers_are_those_of_their_libraries():
    subject, _ = preparation("rgba", 12)
    part = subject._part(RIGHT)
    size = (24, 20)
    expected = {
        "resize-pillow-bilinear": np.asarray(Image.fromarray(part).resize(size, Image.Resampling.BILINEAR)),
        "resize-opencv-area": cv2.resize(np.ascontiguousarray(part), size, interpolation=cv2.INTER_AREA),
        "resize-nearest": cv2.resize(np.ascontiguousarray(part), size, interpolation=cv2.INTER_NEAREST),
    }
    for name, picture in expected.items():
        np.testing.assert_array_equal(subject.scaled(made(name)), picture)


def test_limited_range_is_opencvs_conversion():
    subject, face = preparation("nv21", 31)
    frame = replace(subject, box=None)
    rows = np.frombuffer(frame.frame.y.data, np.uint8)
    stride, (width, height) = frame.frame.y.row_stride, (frame.frame.width, frame.frame.height)
    if width % 2 or height % 2:
        pytest.skip("OpenCV takes even sizes only")
    luma = np.lib.stride_tricks.as_strided(rows, (height, width), (stride, 1))
    chroma = face.frame.planes[2].base  # V first: NV21
    pairs = np.frombuffer(chroma, np.uint8)
    uv = np.lib.stride_tricks.as_strided(pairs, (height // 2, width), (frame.frame.u.row_stride, 1))
    expected = cv2.cvtColor(np.vstack([luma, uv]), cv2.COLOR_YUV2RGB_NV21)
    from fer_edge.export.mistakes.colors import to_rgb

    found = to_rgb(frame.frame, "right", "right", "limited-range")
    assert np.abs(found.astype(int) - expected).max() <= 1


def test_signed_bytes_big_endian_and_layout_by_hand():
    scaled = np.zeros((20, 24, 3), np.float32)
    scaled[0, 0] = (200, 100, 50)
    given = contract(mean=0.5, std=0.5)
    signed = make_tensor(scaled, made("signed-bytes"), given)
    np.testing.assert_allclose(signed[0, 0, 0], (np.array([200 - 256, 100, 50]) / 255 - 0.5) / 0.5, rtol=1e-6)
    right = make_tensor(scaled, RIGHT, given)
    assert make_tensor(scaled, made("big-endian"), given).tobytes() == right.astype(">f4").tobytes()
    planes = make_tensor(scaled, made("layout"), given).ravel()
    np.testing.assert_array_equal(planes, right[0].transpose(2, 0, 1).ravel())


def test_pairs_never_change_one_step_twice():
    subject, _ = preparation()
    mistakes = applicable(subject.contract, subject.frame, boxed=True)
    found = hypotheses(mistakes, 2)
    assert len(set(found)) == len(found)
    assert {len(steps.mistakes) for steps in found} == {0, 1, 2}
