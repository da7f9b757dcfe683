"""Ratios of paired and unpaired clusters: worked values, symmetries, and coverage by simulation."""

import math

import numpy as np
import pytest
from scipy import stats as reference

from fer_edge.stats.location import hodges_lehmann, winsorized_error
from fer_edge.stats.ratio import Ratio, location_interval, paired_ratio, ratio_of_logs, unpaired_ratio


class Shape:
    """How a cluster's estimates scatter; ``mean`` is that of the distribution."""

    def __init__(self, draw, mean=0.0):
        self.draw, self.mean = draw, mean

    def __call__(self, random, n):
        return self.draw(random, n)


SHAPES = {
    "normal": Shape(lambda random, n: random.normal(size=n)),
    "contaminated": Shape(lambda random, n: random.normal(size=n) * np.where(random.random(n) < 0.1, 10, 1)),
    "skewed": Shape(lambda random, n: random.exponential(size=n), 1.0),
}
_PAIRS = np.random.default_rng(0).exponential(size=(2, 2_000_000)).mean(axis=0)
TRUTHS = {"normal": 0.0, "contaminated": 0.0, "skewed": float(np.median(_PAIRS))}
"""What Hodges and Lehmann estimate: the median of the mean of two draws."""


def test_hodges_lehmann_is_the_median_of_all_pair_means():
    values = [1.0, 2.0, 9.0]
    # Means of pairs, each with itself too: 1 1.5 5 2 5.5 9 -> in order 1 1.5 2 5 5.5 9.
    assert hodges_lehmann(values) == 3.5
    assert hodges_lehmann([4.0]) == 4.0


def test_hodges_lehmann_bears_a_quarter_of_wild_values():
    random = np.random.default_rng(0)
    values = np.concatenate([random.normal(size=75), np.full(25, 1e9)])
    assert abs(hodges_lehmann(values)) < 1.5


@pytest.mark.parametrize("values", [np.random.default_rng(3).lognormal(size=2301), np.arange(2400) // 800])
def test_hodges_lehmann_of_many_values_counts_pairs_instead_of_listing_them(values):
    rows, columns = np.triu_indices(values.size)
    assert hodges_lehmann(values) == pytest.approx(np.median((values[rows] + values[columns]) / 2), rel=1e-6)


def test_hodges_lehmann_takes_more_values_than_whose_pairs_fit_the_memory():
    assert hodges_lehmann(np.arange(200_001.0)) == pytest.approx(100_000, rel=1e-9)


@pytest.mark.parametrize("values", [[], [math.inf], [[1.0]]])
def test_hodges_lehmann_refuses(values):
    with pytest.raises(ValueError, match="expected finite values"):
        hodges_lehmann(values)


def test_five_clusters_give_students_interval():
    values = np.array([1.0, 2.0, 3.0, 4.0, 10.0])
    low, high = reference.t.interval(0.95, 4, values.mean(), reference.sem(values))
    assert location_interval(values) == pytest.approx((4.0, low, high))


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("clusters", [8, 16])
def test_the_interval_keeps_its_word_where_percentiles_do_not(shape, clusters):
    random = np.random.default_rng(3)
    held, percentile = [], []
    truth = TRUTHS[shape]
    for number in range(500):
        values = SHAPES[shape](random, clusters)
        _, low, high = location_interval(values, resamples=499, seed=number)
        held.append(low <= truth <= high)
        means = values[random.integers(0, clusters, (499, clusters))].mean(axis=1)
        percentile.append(np.quantile(means, 0.025) <= SHAPES[shape].mean <= np.quantile(means, 0.975))
    assert 0.92 <= np.mean(held) <= 0.985
    assert np.mean(percentile) < 0.94


def test_one_wild_generation_of_eight_moves_little():
    values = np.array([0.011, 0.009, 0.010, 0.012, 0.008, 0.010, 0.009, 0.3])
    location, low, high = location_interval(values)
    assert abs(location - 0.01) < 0.001
    assert low < 0.01 < high


def test_winsorized_error_of_worked_values():
    # n = 5, one value drawn in on each side: 1 2 3 4 90 -> 2 2 3 4 4, deviation 1; 1 / (0.6 * sqrt(5)).
    assert winsorized_error(np.array([3.0, 1.0, 90.0, 2.0, 4.0])) == pytest.approx(1 / (0.6 * 5**0.5))


def test_paired_ratio_of_noise_free_clusters_is_exact():
    first = np.array([1.0, 2.0, 4.0])
    found = paired_ratio([(first, 1.03 * first)] * 8)
    assert (found.value, found.low, found.high) == pytest.approx((1.03, 1.03, 1.03))
    assert found.verdict == "slower"
    assert found.clusters == 8


def test_what_slows_both_members_of_a_pair_leaves_the_ratio_alone():
    random = np.random.default_rng(4)
    clusters = []
    for _ in range(8):
        scatter = np.where(random.random(40) < 0.3, 1.14, 1.0)  # a machine that flips between two speeds
        clusters.append(
            (scatter * (1 + 0.001 * random.normal(size=40)), scatter * (1 + 0.001 * random.normal(size=40)))
        )
    found = paired_ratio(clusters)
    assert abs(found.value - 1) < 0.001
    assert found.verdict == "not distinguishable"


def test_swapping_the_sides_inverts_the_ratio():
    random = np.random.default_rng(5)
    pairs = [(random.lognormal(size=9), random.lognormal(size=9)) for _ in range(7)]
    there, back = paired_ratio(pairs), paired_ratio([(b, a) for a, b in pairs])
    assert back.value == pytest.approx(1 / there.value)
    assert (back.low, back.high) == pytest.approx((1 / there.high, 1 / there.low))


def test_the_same_seed_gives_the_same_interval():
    logs = list(np.random.default_rng(6).normal(size=9))
    assert ratio_of_logs(logs, seed=1) == ratio_of_logs(logs, seed=1)


def test_one_cluster_says_nothing():
    found = ratio_of_logs([math.log(2)])
    assert (found.value, found.low, found.high) == (2.0, 0.0, math.inf)
    assert found.verdict == "not distinguishable"


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(1.01, 1.2, "slower"), (0.8, 0.99, "faster"), (0.9, 1.1, "not distinguishable")],
)
def test_verdict(low, high, verdict):
    assert Ratio(1.0, low, high, 3).verdict == verdict


def test_unpaired_ratio_of_few_clusters_is_welchs():
    a, b = [0.0, 0.1, 0.2], [0.3, 0.5, 0.4, 0.45]
    found = unpaired_ratio(a, b)
    interval = reference.ttest_ind(b, a, equal_var=False).confidence_interval(0.95)
    assert found.value == pytest.approx(math.exp(np.mean(b) - np.mean(a)))
    assert (found.low, found.high) == pytest.approx((math.exp(interval.low), math.exp(interval.high)))


@pytest.mark.slow
def test_unpaired_ratio_of_many_clusters_covers():
    random = np.random.default_rng(7)
    held = []
    for number in range(400):
        a, b = random.normal(size=8), 0.5 + 2 * random.normal(size=8)
        found = unpaired_ratio(a, b, resamples=499, seed=number)
        held.append(found.low <= math.exp(0.5) <= found.high)
    assert 0.92 <= np.mean(held) <= 0.99


@pytest.mark.parametrize("pairs", [[], [([1.0], [1.0, 2.0])], [([0.0], [1.0])], [([], [])]])
def test_pairs_that_are_none_are_refused(pairs):
    with pytest.raises(ValueError, match=r"pair|positive"):
        paired_ratio(pairs)


def test_unpaired_needs_both_sides():
    with pytest.raises(ValueError, match="at least one"):
        unpaired_ratio([], [1.0])
