"""The interval of an accuracy drop against resampling picture by picture, and against the exact distribution."""

import numpy as np
import pytest
from scipy import stats

from fer_edge.stats.bootstrap import accuracy_drop_interval


def flags(lost, gained, both, neither):
    reference = [True] * lost + [False] * gained + [True] * both + [False] * neither
    artifact = [False] * lost + [True] * gained + [True] * both + [False] * neither
    return np.array(reference), np.array(artifact)


def test_like_resampling_each_picture():
    """scipy draws indices of pairs; the multinomial draw must give the same quantiles up to sampling noise."""
    reference, artifact = flags(12, 5, 150, 33)
    slow = stats.bootstrap(
        (reference.astype(float), artifact.astype(float)),
        lambda a, b, axis: a.mean(axis=axis) - b.mean(axis=axis),
        paired=True,
        method="percentile",
        n_resamples=20_000,
        rng=np.random.default_rng(1),
    ).confidence_interval
    assert accuracy_drop_interval(reference, artifact) == pytest.approx((slow.low, slow.high), abs=0.0051)


def test_losses_follow_the_exact_distribution():
    """Of 202 draws, 31 in 202 lost and 1 in 202 gained, picture by picture; the quantiles of their sum are known."""
    low, high = accuracy_drop_interval(*flags(30, 0, 170, 0), confidence=0.9, resamples=200_000)
    chances = np.ones(1)
    for _ in range(202):
        chances = np.convolve(chances, [1 / 202, 170 / 202, 31 / 202])
    drops = np.arange(-202, 203)
    exact = [drops[np.searchsorted(chances.cumsum(), share)] / 202 for share in (0.05, 0.95)]
    assert (low, high) == pytest.approx(exact, abs=1e-12)


@pytest.mark.parametrize("count", [10, 300, 20_000])
def test_no_disagreement_leaves_what_the_rule_of_three_does(count):
    low, high = accuracy_drop_interval(*flags(0, 0, count, 0))
    assert (low, high) == pytest.approx((-3 / count, 3 / count), rel=0.2)


def test_each_further_loss_moves_the_interval_up():
    highs = [accuracy_drop_interval(*flags(lost, 0, 500 - lost, 0))[1] for lost in range(6)]
    assert highs == sorted(highs)
    assert highs[0] < highs[-1]


def test_swapping_the_models_turns_the_sign():
    reference, artifact = flags(8, 3, 80, 9)
    low, high = accuracy_drop_interval(reference, artifact)
    assert accuracy_drop_interval(artifact, reference) == pytest.approx((-high, -low), abs=0.011)


def test_seeded():
    pair = flags(9, 4, 60, 7)
    assert accuracy_drop_interval(*pair, seed=3) == accuracy_drop_interval(*pair, seed=3)


@pytest.mark.parametrize("wrong", [{"confidence": 1.0}, {"confidence": 95}, {"resamples": 0}])
def test_numbers_out_of_range(wrong):
    with pytest.raises(ValueError, match=r"not between 0 and 1|at least 1"):
        accuracy_drop_interval([True], [False], **wrong)
