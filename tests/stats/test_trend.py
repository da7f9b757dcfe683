"""Mann-Kendall and Theil-Sen against scipy, and against a machine that merely flips between two speeds."""

import numpy as np
import pytest
from scipy import stats as reference

from fer_edge.stats.trend import trend


def test_slope_is_theil_sens():
    random = np.random.default_rng(0)
    times = np.sort(random.random(30)) * 100
    values = 5 + 0.01 * times + 0.02 * random.normal(size=30)
    slope = reference.theilslopes(values, times).slope
    assert trend(times, values).change == pytest.approx(slope * (times[-1] - times[0]) / np.median(values))


def test_p_value_is_kendalls_where_neighbors_do_not_resemble_each_other():
    random = np.random.default_rng(1)
    agreements = 0
    for _ in range(50):
        values = 10 + random.normal(size=60)
        theirs = reference.kendalltau(np.arange(60), values, method="asymptotic").pvalue
        ours = trend(np.arange(60), values).p_value
        assert ours >= theirs - 0.02  # the correction and the continuity only ever make it more careful
        agreements += abs(ours - theirs) < 0.1
    assert agreements >= 30


def test_a_rise_is_found():
    random = np.random.default_rng(2)
    found = trend(np.arange(100), 100 + 0.1 * np.arange(100) + random.normal(size=100))
    assert found.p_value < 1e-6
    assert found.change == pytest.approx(0.1 * 99 / 105, rel=0.2)


def test_flipping_between_two_speeds_is_no_trend():
    random = np.random.default_rng(3)
    alarms = 0
    for _ in range(200):
        state = np.cumsum(random.random(120) < 0.1) % 2
        values = 245 + 34 * state + random.normal(size=120)
        alarms += trend(np.arange(120), values).p_value < 0.01
    assert alarms <= 8


def test_few_or_equal_values_show_nothing():
    assert trend([0, 1, 2], [1, 2, 3]) == trend(range(3), [3, 2, 1])
    assert trend(range(10), [4.0] * 10).p_value == 1


@pytest.mark.parametrize(
    ("times", "values"), [([0, 1], [1]), ([0, 1, 2, 3], [1, 2, 0, 4]), ([0] * 4, [np.nan] * 4)]
)
def test_wrong_input_is_refused(times, values):
    with pytest.raises(ValueError, match="positive values"):
        trend(times, values)
