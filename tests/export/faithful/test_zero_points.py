"""A zero point is the rounded one of its range; where the range's last bits decide between two, both are right."""

import numpy as np
import pytest

from fer_edge.export.faithful.graph import Quantization
from fer_edge.export.faithful.ranges import TIGHT, _distance
from fer_edge.export.faithful.view import Grid

SCALE = 0.0359


@pytest.mark.parametrize(
    ("steps", "zero_point", "right"),
    [
        (10.4, -118, True), (10.4, -117, False), (10.4, -119, False), (10.49, -118, True), (10.49, -117, True),
        (0.0, -128, True), (0.0, -127, False), (200.3, 72, True), (200.3, 73, True), (200.0, 73, False), (200.0, 71, False),
    ],
)  # fmt: skip
def test_zero_points_of_a_range_below_zero_by_so_many_steps(steps, zero_point, right):
    grid = Grid("int8", Quantization(np.array([SCALE], np.float32), np.array([zero_point])))
    low, high = -steps * SCALE, (255 - steps) * SCALE
    assert (_distance(grid, low, high) <= TIGHT) == right
