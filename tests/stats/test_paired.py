"""The exact McNemar test against sums of binomial coefficients."""

from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_edge.stats.paired import holm, mcnemar


def flags(both, only_first, only_second, neither):
    first = [True] * both + [True] * only_first + [False] * only_second + [False] * neither
    second = [True] * both + [False] * only_first + [True] * only_second + [False] * neither
    return np.array(first), np.array(second)


@pytest.mark.parametrize(
    ("only_first", "only_second", "p_value"),
    [
        (1, 6, 0.125),  # 2 * (C(7,0) + C(7,1)) / 2^7 = 16/128
        (0, 5, 0.0625),  # 2 / 2^5
        (3, 3, 1.0),
        (0, 0, 1.0),
        (10, 1, 2 * (1 + 11) / 2**11),
    ],
)
def test_worked_by_hand(only_first, only_second, p_value):
    result = mcnemar(*flags(20, only_first, only_second, 4))
    assert (result.only_first, result.only_second) == (only_first, only_second)
    assert result.p_value == pytest.approx(p_value, rel=1e-12)


@given(st.integers(0, 30), st.integers(0, 30))
def test_binomial_tail(only_first, only_second):
    n, k = only_first + only_second, min(only_first, only_second)
    tail = sum(comb(n, i) for i in range(k + 1)) / 2**n
    assert mcnemar(*flags(2, only_first, only_second, 3)).p_value == pytest.approx(min(1.0, 2 * tail))


def test_zeros_and_ones_are_flags():
    assert mcnemar([1, 0, 1], [1, 1, 1]).only_second == 1


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        ([True], [True, False], "1 and 2 pictures"),
        ([], [], "one flag a picture"),
        ([[True]], [[True]], "one flag a picture"),
        ([0.9, 0.1], [1, 0], "expected flags"),
    ],
)
def test_what_is_no_pair_of_flags(first, second, words):
    with pytest.raises(ValueError, match=words):
        mcnemar(first, second)


def test_holm_against_a_worked_example():
    # Holm 1979 by hand: 0.005 x 4, 0.01 x 3, then 0.03 x 2 and 0.04 x 1, never below the one before.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([0.2]) == [0.2]
    assert holm([]) == []
