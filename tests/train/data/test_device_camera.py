"""Tensor operations give the camera path's bytes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_edge.runtime.camera import gray as gray_of_path
from fer_edge.runtime.camera import scaled as scaled_of_path
from fer_edge.runtime.camera.scaler import neighbors as neighbors_of_path
from fer_edge.runtime.errors import FrameError
from fer_edge.runtime.frame import Frame
from fer_edge.train.data.device_camera import gray, neighbors, scaled

SIDES = st.integers(1, 90)


@st.composite
def pictures_with_boxes(draw):
    """Strided pictures, one box each (some outside in part, some whole pictures), target and margin."""
    count, width, height = draw(st.integers(1, 3)), draw(SIDES), draw(SIDES)
    channels, pad = draw(st.sampled_from((3, 4))), draw(st.integers(0, 5))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    memory = rng.integers(0, 256, (count, height, width + pad, channels), dtype=np.uint8)
    boxes = []
    for _ in range(count):
        x, y = np.sort(rng.uniform(-0.2, 1.2, 2)) * width, np.sort(rng.uniform(-0.2, 1.2, 2)) * height
        inside = x[1] > 0.01 and x[0] < width - 0.01 and y[1] > 0.01 and y[0] < height - 0.01
        boxes.append((x[0], y[0], x[1], y[1]) if inside and rng.random() < 0.8 else None)
    target = draw(st.integers(1, 150)), draw(st.integers(1, 150))
    return memory[:, :, :width], boxes, target, draw(st.sampled_from((0.0, 0.1, 0.37)))


def by_the_path(picture, box, target, margin):
    rgba = np.full((*picture.shape[:2], 4), 255, np.uint8)
    rgba[:, :, : picture.shape[2]] = picture
    frame = Frame.from_rgba(rgba.tobytes(), width=picture.shape[1], height=picture.shape[0])
    return scaled_of_path(frame, *target, box=box, crop_margin=margin if box is not None else 0.0)


@settings(max_examples=150, deadline=None)
@given(pictures_with_boxes())
def test_equal_to_the_byte(case):
    memory, boxes, target, margin = case
    found = scaled(torch.from_numpy(memory), boxes, *target, margin=margin)
    expected = [by_the_path(picture, box, target, margin) for picture, box in zip(memory, boxes, strict=True)]
    np.testing.assert_array_equal(found.numpy(), np.stack(expected).transpose(0, 3, 1, 2))
    grays = np.stack([gray_of_path(*np.moveaxis(row, 2, 0)) for row in expected])
    np.testing.assert_array_equal(gray(found).numpy()[:, 0], grays)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.integers(1, 20_000), min_size=1, max_size=4), st.integers(1, 700), st.booleans())
def test_neighbors_of_many_lengths_at_once(lengths, target, chunked):
    found = neighbors(torch.tensor(lengths), target, chunked=chunked)
    for row, length in enumerate(lengths):
        for ours, theirs in zip(found, neighbors_of_path(length, target, chunked=chunked), strict=True):
            np.testing.assert_array_equal(ours[row].numpy(), theirs)


def test_the_specifications_example():
    low, high, weight = neighbors(torch.tensor([37]), 48, chunked=True)
    first = list(zip(low[0].tolist(), high[0].tolist(), weight[0].tolist(), strict=True))[:6]
    assert first == [(0, 0, 14), (0, 1, 10), (1, 2, 6), (2, 3, 3), (2, 3, 15), (3, 4, 11)]


def test_every_gray_of_a_sample_of_colors():
    colors = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (4, 3, 64, 64), dtype=np.uint8))
    red, green, blue = (colors[:, channel].numpy().astype(np.int64) for channel in range(3))
    expected = (19595 * red + 38470 * green + 7471 * blue + 32768) // 65536
    np.testing.assert_array_equal(gray(colors)[:, 0].numpy(), expected)


def test_many_boxes_of_one_picture_and_padded_pictures():
    rng = np.random.default_rng(1)
    pictures = rng.integers(0, 256, (2, 40, 60, 3), dtype=np.uint8)
    boxes, of, sizes = [(1.5, 2, 30, 31), None, (5, 5, 100, 100)], [0, 1, 1], [(60, 40), (33, 27)]
    found = scaled(torch.from_numpy(pictures), boxes, 16, 12, margin=0.1, of=of, sizes=sizes)
    for row, (box, place) in enumerate(zip(boxes, of, strict=True)):
        width, height = sizes[place]
        expected = by_the_path(pictures[place, :height, :width], box, (16, 12), 0.1)
        np.testing.assert_array_equal(found[row].numpy(), expected.transpose(2, 0, 1))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"pictures": torch.zeros(1, 4, 4, 3)}, "allowed: .m, H, W, 3 or 4. uint8"),
        ({"boxes": [(9, 9, 12, 12)]}, "empty inside the upright image of 4x4"),
        ({"width": 0}, "size of the target is 0x2"),
        ({"of": [1]}, "1 boxes do not fit 1 pictures"),
    ],
)
def test_what_it_refuses(change, said):
    call = {"pictures": torch.zeros(1, 4, 4, 3, dtype=torch.uint8), "boxes": [None], "width": 2, "height": 2}
    with pytest.raises(FrameError, match=said):
        scaled(**(call | change))
