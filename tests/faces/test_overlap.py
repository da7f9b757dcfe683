"""Overlapping boxes, by numbers worked out by hand."""

import pytest

from fer_edge.faces.detectors.overlap import intersection_over_union, keep_surest
from fer_edge.faces.face import Detection

SQUARE = (0.0, 0.0, 10.0, 10.0)


@pytest.mark.parametrize(
    ("other", "share"),
    [
        (SQUARE, 1.0),
        ((5.0, 0.0, 15.0, 10.0), 50 / 150),
        ((2.0, 2.0, 4.0, 7.0), 10 / 100),
        ((10.0, 0.0, 20.0, 10.0), 0.0),
        ((20.0, 20.0, 30.0, 30.0), 0.0),
        ((5.0, 5.0, 5.0, 9.0), 0.0),
    ],
)
def test_the_share_of_the_union(other, share):
    assert intersection_over_union(SQUARE, other) == pytest.approx(share)
    assert intersection_over_union(other, SQUARE) == pytest.approx(share)


def test_the_surer_one_stays_in_the_order_given():
    weak, sure, apart = (
        Detection(SQUARE, 5),
        Detection((1.0, 0.0, 11.0, 10.0), 9),
        Detection((50.0, 0.0, 60.0, 10.0), 1),
    )
    assert keep_surest([weak, sure, apart], 0.5) == [sure, apart]
    assert keep_surest([apart, sure, weak], 0.5) == [apart, sure]


def test_of_equals_the_larger_stays_and_a_chain_is_not_all_lost():
    small, large = Detection((0.0, 0.0, 9.0, 10.0), 5), Detection(SQUARE, 5)
    assert keep_surest([small, large], 0.5) == [large]
    chain = [Detection((4.0 * step, 0.0, 4.0 * step + 10, 10.0), 9 - step) for step in range(3)]
    assert keep_surest(chain, 0.4) == [chain[0], chain[2]]


def test_all_stay_where_everything_may_be_shared():
    assert len(keep_surest([Detection(SQUARE, 1), Detection(SQUARE, 2)], 1.0)) == 2
