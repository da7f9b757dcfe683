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


def test_only_losses_follow_the_binomial():
    """With losses alone the drop of a resample is Binomial(n, lost/n)/n, whose quantiles are known."""
    low, high = accuracy_drop_interval(*flags(30, 0, 170, 0), confidence=0.9, resamples=200_000)
    exact = stats.binom(200, 30 / 200).ppf([0.05, 0.95]) / 200
    assert (low, high) == pytest.approx(tuple(exact), abs=1e-12)


def test_no_disagreement_is_no_drop():
    assert accuracy_drop_interval(*flags(0, 0, 9, 1)) == (0.0, 0.0)


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
