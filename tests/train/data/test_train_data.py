"""Faces into arrays: the camera path, the jitter, labels cut to classes."""

import numpy as np
import pytest
import torch
from torchvision.transforms import v2

from fer_edge.runtime import prepare
from fer_edge.runtime.errors import FerEdgeError
from fer_edge.synthetic import SyntheticFaces
from fer_edge.train.data.arrays import Arrays, distribution, load
from fer_edge.train.data.augmentation import AUGMENTATIONS, augment, augmentation
from fer_edge.train.data.batches import loader
from fer_edge.train.data.faces import Crops, jitter
from fer_edge.train.evaluation.figures import of_split
from fer_edge.train.evaluation.predictions import Predictions
from fer_edge.train.loop.pipeline import contract_of, with_size
from fer_edge.train.optimization.optimizers import one_cycle
from fer_edge.train.recipes import recipe

GRAY = Crops(width=64, height=64, channels=1, margin=0.1, views=3, seed=5)


def test_the_first_crop_is_what_the_runtime_gives_the_model():
    faces = SyntheticFaces("test", 3, seed=9)
    arrays = load(faces, GRAY, range(8), workers=1)
    contract = contract_of(with_size(recipe("synthetic")))
    for index in range(3):
        tensor = prepare(faces[index].frame, contract, faces[index].box)
        crop = arrays.crops[index, 0].astype(np.float32)
        np.testing.assert_array_equal(tensor[0], (crop / np.float32(255) - np.float32(0.5)) / np.float32(0.5))


def test_workers_do_not_change_a_byte():
    faces = SyntheticFaces("train", 130, seed=2)
    one, two = (load(faces, GRAY, range(8), workers=count) for count in (1, 2))
    for name in ("crops", "labels", "clear"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))
    assert one.crops.shape == (130, 3, 1, 64, 64)


def test_color_crops_have_three_planes():
    arrays = load(SyntheticFaces("train", 2), Crops(32, 24, 3, 0.0, 1, 0), range(8), workers=1)
    assert arrays.crops.shape == (2, 1, 3, 24, 32)


def test_a_jittered_box_stays_near():
    rng = np.random.default_rng(0)
    for _ in range(500):
        x0, y0, x1, y1 = jitter((10.0, 20.0, 110.0, 120.0), rng)
        assert 83 < x1 - x0 < 122
        assert 83 < y1 - y0 < 122
        assert abs((x0 + x1) / 2 - 60) <= 7.001
        assert abs((y0 + y1) / 2 - 70) <= 7.001


def test_labels_are_cut_to_the_classes_and_sum_to_one():
    label = np.array([0.1, 0.4, 0, 0, 0.5, 0, 0, 0], np.float32)
    np.testing.assert_allclose(distribution(label, [4, 0]), [5 / 6, 1 / 6], rtol=1e-6)
    with pytest.raises(FerEdgeError, match="nothing among the chosen classes"):
        distribution(label, [2, 3])


def test_too_many_bytes_and_no_faces_are_refused():
    huge = Crops(1024, 1024, 3, 0.1, 4, 0)
    with pytest.raises(FerEdgeError, match="at most 6144"):
        load(SyntheticFaces("train", 1000), huge, range(8))
    with pytest.raises(FerEdgeError, match="0 faces"):
        load(SyntheticFaces("train", 0), GRAY, range(8))


def arrays_of(count, views):
    crops = np.arange(count * views, dtype=np.uint8).reshape(count, views, 1, 1, 1)
    return Arrays(crops, np.eye(8, dtype=np.float32)[np.arange(count) % 8], np.arange(count) % 2 == 0)


def test_training_takes_every_face_once_and_any_of_its_crops():
    torch.manual_seed(0)
    seen = torch.cat([crops for crops, _ in loader(arrays_of(40, 3), 8, training=True)]).reshape(-1)
    assert sorted((seen // 3).tolist()) == list(range(40))
    assert set((seen % 3).tolist()) == {0, 1, 2}
    assert len(list(loader(arrays_of(41, 3), 8, training=True))) == 5  # the last, short batch is left out


def test_validation_takes_the_unjittered_crop_in_order():
    seen = torch.cat([crops for crops, _ in loader(arrays_of(10, 3), 4, training=False)]).reshape(-1)
    assert seen.tolist() == list(range(0, 30, 3))


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_augmentation_keeps_shape_and_range_and_repeats_with_its_seed(name):
    images = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (20, 1, 64, 64), np.uint8))
    results = []
    for _ in range(2):
        torch.manual_seed(3)
        results.append(augment(images, augmentation(name)))
    first, second = results
    assert torch.equal(first, second)
    assert first.shape == (20, 1, 64, 64)
    assert first.dtype == torch.float32
    assert first.min() >= 0
    assert first.max() <= 1
    untouched = augment(images, v2.ToDtype(torch.float32, scale=True))
    assert torch.allclose(untouched * 255, images.float())


def test_learning_rate_rises_and_falls():
    rates = [one_cycle(step, 100) for step in range(100)]
    peak = rates.index(max(rates))
    assert peak == 8
    assert max(rates) == pytest.approx(1)
    assert rates[:peak] == sorted(rates[:peak])
    assert rates[peak:] == sorted(rates[peak:], reverse=True)
    assert rates[-1] < 0.01
    assert all(0 < one_cycle(step, steps) <= 1 for steps in (1, 2, 3) for step in range(steps + 1))


def test_figures_by_hand():
    # Truth 0 0 1; guesses 0 1 1: top-1 2/3, class 0 1/2, class 1 1; the clear ones are the first and the last.
    labels = np.array([[0.9, 0.1], [0.6, 0.4], [0, 1]], np.float32)
    guesses = np.array([[0.8, 0.2], [0.3, 0.7], [0.25, 0.75]], np.float32)
    crops = np.zeros((3, 1, 1, 1), np.uint8)
    found = of_split(
        Predictions("m", ("no", "yes"), guesses, labels, ["a", "b", "c"], crops),
        np.array([True, False, True]),
    )
    assert found["all"]["top1"] == pytest.approx(2 / 3, abs=1e-6)
    assert found["all"]["top2"] == 1
    assert found["all"]["per_class"] == {"no": 0.5, "yes": 1.0}
    assert found["all"]["confusion"] == [[1, 1], [0, 1]]
    assert found["clear"]["faces"] == 2
    assert found["clear"]["top1"] == 1
    by_hand = (
        -(0.9 * np.log(0.8) + 0.1 * np.log(0.2) + 0.6 * np.log(0.3) + 0.4 * np.log(0.7) + np.log(0.75)) / 3
    )
    assert found["all"]["cross_entropy"] == pytest.approx(by_hand, abs=1e-6)
