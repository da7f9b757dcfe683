"""What becomes of labels between the sets of 8, 7, 6, 5 and 4 emotions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from fer_edge.runtime.errors import DataError
from fer_edge.runtime.labels import EMOTIONS
from fer_edge.train.datasets.label_maps import LABEL_MAPS, label_map, one_hot, restrict

# Written out by hand, column by column: neutral happiness surprise sadness anger disgust fear contempt.
BECOMES = {
    "8-7": "neutral happiness surprise sadness anger disgust fear -",
    "8-6": "neutral happiness surprise sadness anger anger fear -",
    "8-5": "neutral happiness surprise sadness anger anger - -",
    "8-4": "neutral happiness - sadness anger anger - -",
    "7-6": "neutral happiness surprise sadness anger anger fear -",
    "7-5": "neutral happiness surprise sadness anger anger - -",
    "7-4": "neutral happiness - sadness anger anger - -",
    "6-5": "neutral happiness surprise sadness anger - - -",
    "6-4": "neutral happiness - sadness anger - - -",
    "5-4": "neutral happiness - sadness anger - - -",
}
LABELS = arrays.arrays(np.float32, 8, elements=st.floats(0, 1, width=32)).filter(
    lambda label: label.sum() > 0.1
)


@pytest.mark.parametrize("name", BECOMES)
def test_each_map_takes_each_emotion_where_the_table_says(name):
    chosen = label_map(name)
    larger, smaller = map(int, name.split("-"))
    assert len(chosen.source) == larger
    assert len(chosen.target) == smaller
    assert tuple(emotion for emotion in EMOTIONS if emotion in chosen.target) == chosen.target
    for emotion, becomes in zip(EMOTIONS, BECOMES[name].split(), strict=True):
        label = chosen.apply(one_hot(emotion))
        assert label is None if becomes == "-" else label.tolist() == one_hot(becomes).tolist()


def test_every_pair_of_sets_has_a_map():
    sizes = [8, 7, 6, 5, 4]
    assert [entry.name for entry in LABEL_MAPS] == [f"{a}-{b}" for a in sizes for b in sizes if b < a]


@pytest.mark.parametrize(
    ("first", "second", "both"),
    [
        ("8-7", "7-6", "8-6"),
        ("8-6", "6-5", "8-5"),
        ("8-5", "5-4", "8-4"),
        ("7-6", "6-4", "7-4"),
        ("7-5", "5-4", "7-4"),
    ],
)
def test_two_steps_are_one(first, second, both):
    for emotion in EMOTIONS:
        halfway = label_map(first).apply(one_hot(emotion))
        stepwise = None if halfway is None else label_map(second).apply(halfway)
        direct = label_map(both).apply(one_hot(emotion))
        assert (stepwise is None) == (direct is None)
        assert direct is None or stepwise.tolist() == direct.tolist()


def test_shares_are_added_dropped_and_scaled():
    # neutral .2, anger .3, disgust .25, fear .25: anger and disgust together .55 of .75 without fear.
    label = np.array([0.2, 0, 0, 0, 0.3, 0.25, 0.25, 0], np.float32)
    expected = [0.2 / 0.75, 0, 0, 0, 0.55 / 0.75, 0, 0, 0]
    np.testing.assert_allclose(label_map("8-5").apply(label), expected, atol=1e-7)


def test_a_face_whose_strongest_emotion_is_dropped_is_dropped():
    assert label_map("8-7").apply(np.array([0.4, 0, 0, 0, 0, 0, 0, 0.6], np.float32)) is None
    assert restrict(np.zeros(8, np.float32), EMOTIONS) is None


@given(LABELS, st.sampled_from(LABEL_MAPS))
def test_what_comes_out_is_a_distribution_over_the_target(label, chosen):
    mapped = chosen.apply(label)
    if mapped is not None:
        assert mapped.dtype == np.float32
        assert abs(float(mapped.sum()) - 1) < 1e-6
        assert all(
            share == 0
            for share, emotion in zip(mapped, EMOTIONS, strict=True)
            if emotion not in chosen.target
        )


def test_an_unknown_map_is_told_the_known_ones():
    with pytest.raises(DataError, match="Allowed: 8-7, 8-6"):
        label_map("8-3")
