"""Order-statistic intervals against exact binomial sums and simulated coverage."""

import math

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st
from scipy import stats as reference

from fer_edge.stats.quantiles import design_effect, quantile_interval, smallest


def enclosed(n, q, low, high):
    """Probability that the q-quantile lies between the samples of these ranks (from 1), summed term by term."""
    return sum(math.comb(n, k) * q**k * (1 - q) ** (n - k) for k in range(low, high))


@pytest.mark.parametrize(("n", "q"), [(6, 0.5), (20, 0.5), (101, 0.5), (60, 0.9), (400, 0.99), (1000, 0.9)])
def test_the_interval_holds_at_least_its_confidence_and_no_rank_is_wasted(n, q):
    found = quantile_interval(np.arange(1, n + 1, dtype=float), q)
    low, high = int(found.low), int(found.high)
    assert enclosed(n, q, low, high) >= 0.95
    # A rank closer on either side would leave more than 2.5 % outside on that side.
    assert enclosed(n, q, 0, low + 1) > 0.025
    assert enclosed(n, q, high - 1, n + 1) > 0.025


@pytest.mark.parametrize("q", [0.5, 0.9, 0.99])
def test_no_number_of_samples_loses_a_rank_to_rounding(q):
    for n in range(smallest(q), smallest(q) + 150):
        found = quantile_interval(np.arange(1, n + 1, dtype=float), q)
        below = reference.binom(n, q).cdf
        assert below(found.high - 1) - below(found.low - 1) >= 0.95 - 1e-12
        assert below(found.low) > 0.025 - 1e-12  # a rank closer would leave out too much


@pytest.mark.parametrize(("q", "fewest"), [(0.5, 6), (0.9, 36), (0.99, 368)])
def test_too_few_samples_give_no_quantile_but_the_number_that_it_takes(q, fewest):
    # 0.975 ** ... : all n samples lie below the quantile with probability q ** n, which must not exceed 2.5 %.
    assert q**fewest <= 0.025 < q ** (fewest - 1)
    assert smallest(q) == fewest
    assert quantile_interval(np.arange(fewest - 1.0), q).value is None
    assert quantile_interval(np.arange(fewest - 1.0), q).needed == fewest
    assert quantile_interval(np.arange(float(fewest)), q).value is not None


@pytest.mark.slow
def test_coverage_of_independent_samples():
    random = np.random.default_rng(1)
    truth = -math.log(0.1)
    held = [
        (found := quantile_interval(random.exponential(size=200), 0.9)).low <= truth <= found.high
        for _ in range(600)
    ]
    assert 0.93 <= np.mean(held) <= 0.995


@pytest.mark.slow
def test_blocks_that_stick_together_keep_the_coverage_which_counting_samples_would_lose():
    random = np.random.default_rng(2)
    counted, blocked = [], []
    for _ in range(400):
        samples = (random.normal(size=(40, 1)) + 0.3 * random.normal(size=(40, 20))).ravel()
        naive = quantile_interval(samples, 0.5)
        found = quantile_interval(samples, 0.5, blocks=[20] * 40)
        counted.append(naive.low <= 0 <= naive.high)
        blocked.append(found.low <= 0 <= found.high)
    assert np.mean(counted) < 0.6
    assert 0.92 <= np.mean(blocked) <= 0.99


def test_equal_blocks_are_worth_one_sample_each():
    flags = np.repeat([True, False] * 10, 5)
    # Each block's five samples say the same: 100 samples are worth 20, up to the factor 20 / 19.
    assert design_effect(flags, [5] * 20) == pytest.approx(5 * 20 / 19)
    assert design_effect(flags, []) == 1


def test_no_sample_is_moved():
    found = quantile_interval([5.0, 1.0, 1000.0, 2.0, 3.0, 4.0, 6.0], 0.5)
    assert (found.value, found.low, found.high) == (4.0, 1.0, 1000.0)


@hypothesis.given(st.lists(st.floats(0, 1e6), min_size=1, max_size=60), st.floats(0.01, 0.99))
def test_ends_are_samples_and_enclose_the_value(samples, q):
    found = quantile_interval(samples, q)
    if found.value is None:
        assert found.needed >= smallest(q)
    else:
        assert {found.low, found.value, found.high} <= set(samples)
        assert found.low <= found.value <= found.high


@pytest.mark.parametrize(
    ("samples", "q", "blocks"),
    [([], 0.5, ()), ([1.0, math.nan], 0.5, ()), ([1.0], 1.0, ()), ([1.0] * 9, 0.5, (4, 4))],
)
def test_wrong_input_is_refused(samples, q, blocks):
    with pytest.raises(ValueError, match=r"samples|quantile"):
        quantile_interval(samples, q, blocks=blocks)
