"""Whole batches augmented at once: each step against torchvision's function, picture by picture."""

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional

from fer_edge.train.data import batch_augmentation as batched
from fer_edge.train.data.augmentation import AUGMENTATIONS, augment, augmentation

COUNT = 12
CHANNELS = pytest.mark.parametrize("channels", [1, 3])


def pictures(channels, side=32):
    values = np.random.default_rng(channels).integers(0, 256, (COUNT, channels, side, side), np.uint8)
    return torch.from_numpy(values).float() / 255


def numbers(low, high, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).uniform(low, high, COUNT).astype(np.float32))


def one_by_one(images, function):
    return torch.stack([function(image, index) for index, image in enumerate(images)])


@CHANNELS
def test_warp(channels):
    images = pictures(channels)
    angle, scale, shear = numbers(-9, 9), numbers(0.95, 1.06, 1), numbers(-5, 5, 2)
    dx, dy = numbers(-3, 3, 3).round(), numbers(-3, 3, 4).round()
    expected = one_by_one(
        images,
        lambda image, i: functional.affine(
            image, float(angle[i]), [int(dx[i]), int(dy[i])], float(scale[i]), [float(shear[i]), 0.0],
            interpolation=InterpolationMode.BILINEAR, fill=0,
        ),
    )  # fmt: skip
    found = batched.warp(images, batched.inverse_matrices(angle, dx, dy, scale, shear))
    assert torch.allclose(found, expected, atol=2e-4)


@CHANNELS
def test_contrast(channels):
    images, factor = pictures(channels), numbers(0.6, 1.4)
    expected = one_by_one(images, lambda image, i: functional.adjust_contrast(image, float(factor[i])))
    assert torch.allclose(batched.adjust_contrast(images, factor), expected, atol=1e-4)


@CHANNELS
def test_stretched_contrast(channels):
    images = pictures(channels) * 0.5 + 0.2
    images[3] = 0.25
    expected = one_by_one(images, lambda image, _: functional.autocontrast(image))
    assert torch.allclose(batched.stretch_contrast(images), expected, atol=1e-6)


@CHANNELS
def test_blur(channels):
    images, sigma = pictures(channels), numbers(0.3, 1.0)
    expected = one_by_one(
        images, lambda image, i: functional.gaussian_blur(image, [5, 5], [float(sigma[i])] * 2)
    )
    assert torch.allclose(batched.blur(images, sigma), expected, atol=1e-6)


@CHANNELS
def test_sharpness(channels):
    images = pictures(channels)
    expected = one_by_one(images, lambda image, _: functional.adjust_sharpness(image, 2.5))
    assert torch.allclose(batched.sharpen(images, 2.5), expected, atol=1e-6)


def test_rectangles_by_hand():
    area, ratio = torch.tensor([8.0, 9.0]), torch.tensor([2.0, 1.0])
    found = batched.rectangles(
        area, ratio, torch.tensor([0.0, 0.999]), torch.tensor([0.0, 0.5]), torch.Size([6, 7])
    )
    # 4 x 2 at the upper left corner; 3 x 3 in the last columns, from row floor(0.5 * 4) on.
    expected = torch.zeros(2, 1, 6, 7, dtype=torch.bool)
    expected[0, 0, :4, :2] = True
    expected[1, 0, 2:5, 4:] = True
    assert torch.equal(found, expected)


@CHANNELS
def test_batches_keep_range_and_repeat_with_their_seed(channels):
    images = (pictures(channels) * 255).round().to(torch.uint8)
    torch.manual_seed(5)
    first = batched.camera(images)
    torch.manual_seed(5)
    assert torch.equal(first, batched.camera(images))
    assert (first.dtype, first.shape) == (torch.float32, images.shape)
    assert first.min() >= 0
    assert first.max() <= 1


def test_each_picture_has_its_own_draw():
    images = torch.full((64, 1, 32, 32), 128, dtype=torch.uint8)
    torch.manual_seed(0)
    assert len({tuple(row) for row in batched.camera(images).flatten(1)[:, ::37].tolist()}) > 40


def test_both_forms_change_pictures_alike_on_average():
    """Mean and spread of brightness over 4,096 pictures: within what so many draws leave to chance."""
    images = (pictures(1) * 80 + 80).to(torch.uint8).repeat(342, 1, 1, 1)[:4096]
    torch.manual_seed(1)
    groups, whole = augment(images, augmentation("camera")), batched.camera(images)
    for figure in (lambda x: x.mean((1, 2, 3)), lambda x: x.std((1, 2, 3))):
        # Groups share a draw: 512 of them are what counts.
        error = figure(groups).std() / 512**0.5
        assert abs(float(figure(groups).mean() - figure(whole).mean())) < 4 * float(error)
        assert float(figure(whole).std()) == pytest.approx(float(figure(groups).std()), rel=0.2)


class Calls(TorchDispatchMode):
    def __init__(self):
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, function, types, arguments=(), options=None):
        self.count += 1
        return function(*arguments, **(options or {}))


def test_a_batch_takes_as_many_calls_as_a_picture():
    counts = []
    for size in (8, 128):
        with Calls() as calls:
            batched.camera(torch.zeros(size, 1, 32, 32, dtype=torch.uint8))
        counts.append(calls.count)
    assert counts[0] == counts[1] < 3 * 128


def test_every_batched_form_belongs_to_an_augmentation():
    assert set(batched.BATCHED) <= set(AUGMENTATIONS)
