"""Pictures that are one to the eye, and pictures that are not."""

import io

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from fer_edge.runtime.frame import Frame
from fer_edge.train.datasets.perceptual import Fingerprint, find_pairs, fingerprint
from support import data_layouts

EMOTIONS = ("happiness", "sadness", "anger", "surprise", "fear", "disgust")
FACES = [data_layouts.face(EMOTIONS[seed % 6], seed, 96) for seed in range(60)]


def prints(pictures):
    return [fingerprint(Frame.from_rgb(np.asarray(picture.convert("RGB")))) for picture in pictures]


def compressed(picture):
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=40)
    return Image.open(buffer)


CHANGES = {
    "jpeg": compressed,
    "half": lambda picture: picture.resize((48, 48)),
    "double": lambda picture: picture.resize((192, 192)),
    "gray": lambda picture: picture.convert("L"),
    "dark": lambda picture: ImageEnhance.Brightness(picture).enhance(0.7),
    "flatter": lambda picture: ImageEnhance.Contrast(picture).enhance(0.8),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_copy_is_found_and_nothing_else(change):
    pictures = [Image.fromarray(face) for face in FACES]
    copies = [CHANGES[change](picture) for picture in pictures]
    assert find_pairs(prints(pictures), prints(copies)) == [(at, at) for at in range(len(pictures))]


def test_flat_pictures_are_not_called_the_same():
    flat = prints([Image.new("L", (48, 48), value) for value in (0, 0, 200)])
    assert find_pairs(flat, flat) == []


def test_nothing_is_like_nothing():
    assert find_pairs([], prints([Image.fromarray(FACES[0])])) == []
    assert find_pairs(prints([Image.fromarray(FACES[0])]), []) == []


@pytest.mark.parametrize("change", CHANGES)
def test_the_short_way_for_large_sets_finds_copies_too(monkeypatch, change):
    """Above a number of pairs only hashes with an equal word are compared; of 60 copies each it may miss one."""
    pictures = [Image.fromarray(face) for face in FACES]
    copies = prints([CHANGES[change](picture) for picture in pictures])
    every = find_pairs(prints(pictures), copies)
    monkeypatch.setattr("fer_edge.train.datasets.perceptual.EVERY", 0)
    some = find_pairs(prints(pictures), copies)
    assert set(some) <= set(every)
    assert len(some) >= len(every) - 1


def test_the_short_way_finds_all_with_three_differing_bits(monkeypatch):
    monkeypatch.setattr("fer_edge.train.datasets.perceptual.EVERY", 0)
    small = np.full(256, 1 / 16, np.float16)
    random = np.random.default_rng(0)
    hashes = [int(value) for value in random.integers(0, 1 << 63, 500)]
    changed = [value ^ sum(1 << int(bit) for bit in random.choice(63, 3, replace=False)) for value in hashes]
    found = find_pairs(
        [Fingerprint(value, small) for value in hashes], [Fingerprint(value, small) for value in changed]
    )
    assert {(at, at) for at in range(500)} <= set(found)
