"""A layer that always answers 0 has nothing to round: no error of it is no fault."""

import math

import numpy as np
import pytest

from fer_edge.export.faithful.layers.recording import HALF, Grid
from fer_edge.export.faithful.layers.tallies import Tally

GRIDS = [None, HALF, Grid(0.1)]


def tally(grid, answer):
    found, zeros = Tally(grid), np.zeros((1, 4, 4, 8), np.float32)
    found.add(zeros + np.float32(answer), zeros, zeros, None)
    return found


@pytest.mark.parametrize("grid", GRIDS)
def test_zeros_are_right(grid):
    assert tally(grid, 0).excess_db == -math.inf
    assert tally(grid, 0).worst == 0


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("answer", [0.5, math.nan])
def test_other_answers_are_not(grid, answer):
    assert tally(grid, answer).excess_db > 10
