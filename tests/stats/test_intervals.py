"""Wilson's interval against published tables and its defining equation."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_edge.stats.intervals import wilson


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        # Newcombe 1998, "Two-sided confidence intervals for the single proportion", Table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_published_values(successes, trials, low, high):
    assert wilson(successes, trials) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_bounds_solve_the_score_equation(counts):
    """Each bound p satisfies |share - p| = z sqrt(p (1 - p) / n), the definition that the closed form solves."""
    successes, trials = counts
    low, high = wilson(successes, trials)
    share, z = successes / trials, 1.959963984540054
    assert 0 <= low <= share <= high <= 1
    for bound in (low, high):
        assert abs(share - bound) == pytest.approx(z * math.sqrt(bound * (1 - bound) / trials), abs=1e-7)


def test_mirror():
    low, high = wilson(7, 40, confidence=0.9)
    assert wilson(33, 40, confidence=0.9) == (pytest.approx(1 - high), pytest.approx(1 - low))


@pytest.mark.parametrize("arguments", [(1, 0), (-1, 5), (6, 5), (1, 5, 0.0), (1, 5, 95)])
def test_numbers_out_of_range(arguments):
    with pytest.raises(ValueError, match=r"not a proportion|not between"):
        wilson(*arguments)
