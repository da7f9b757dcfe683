"""Without the calibration images a range is held against other pictures: the fewer these are, the more loosely."""

import numpy as np
import pytest

from fer_edge.export.faithful.graph import Quantization
from fer_edge.export.faithful.ranges import _far, _Placed
from fer_edge.export.faithful.view import Grid


@pytest.mark.parametrize(
    ("pictures", "times", "right"), [(10, 2.2, True), (10, 4.5, False), (58, 1.5, True), (58, 2.2, False)]
)
def test_a_range_of_so_many_times_what_pictures_show(pictures, times, right):
    shown = np.full(pictures, 4.3, np.float32)
    scale = np.array([times * 8.6 / 255], np.float32)
    item = _Placed("fc", Grid("int8", Quantization(scale, np.array([0]))), ("fc",), ())
    assert (_far(item, {"fc": (-shown, shown)}) == "") == right
