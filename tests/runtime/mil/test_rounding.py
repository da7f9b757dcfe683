"""Directed rounding against numpy's neighbors."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from fer_edge.runtime.mil.rounding import DIRECTIONS, rounding_named

FLOATS = st.floats(width=32, allow_nan=False, min_value=-65504, max_value=65504)


def neighbors(value):
    half = np.float16(value)
    if float(half) == value:
        return value, value
    if float(half) < value:
        return float(half), float(np.nextafter(half, np.float16(np.inf)))
    return float(np.nextafter(half, np.float16(-np.inf))), float(half)


@given(st.lists(FLOATS, min_size=1, max_size=20))
def test_every_direction(values):
    x = torch.tensor(values)
    below, above = (torch.tensor(side) for side in zip(*map(neighbors, x.tolist()), strict=True))
    assert (rounding_named("down")(x) == below).all()
    assert (rounding_named("up")(x) == above).all()
    assert (rounding_named("outward")(x) == torch.where(x > 0, above, below)).all()
    assert (rounding_named("inward")(x) == torch.where(x > 0, below, above)).all()
    found = rounding_named("random", 3)(x)
    assert ((found == below) | (found == above)).all()
    assert (rounding_named("nearest")(x) == torch.from_numpy(np.float16(x.numpy()).astype(np.float32))).all()
    assert rounding_named("ideal")(x) is x


def test_what_is_beyond_float16():
    x = torch.tensor([70000.0, -70000.0, float("nan"), float("inf")])
    assert rounding_named("nearest")(x)[:2].tolist() == [float("inf"), float("-inf")]
    assert rounding_named("inward")(x)[:2].tolist() == [65504, -65504]
    for name in DIRECTIONS:
        found = rounding_named(name)(x)
        assert found[2].isnan()
        assert found[3] == float("inf")


def test_chance_takes_both_neighbors_and_repeats():
    x = torch.full((1000,), 1.0002)
    first, again = (rounding_named("random", 7)(x) for _ in range(2))
    assert (first == again).all()
    assert 300 < (first > 1).sum() < 700
