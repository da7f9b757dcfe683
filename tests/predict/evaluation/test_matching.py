"""Which box is which face: against every assignment there is, and by hand."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_edge.predict.evaluation.judging import find_truths
from fer_edge.predict.evaluation.matching import intersection_over_union, match_faces
from fer_edge.predict.evaluation.truth.form import TrueFace


def slow_overlap(one, other):
    """Of whole-numbered boxes, by counting pixels."""

    def pixels(box):
        return set(itertools.product(range(box[0], box[2]), range(box[1], box[3])))

    return len(pixels(one) & pixels(other)) / len(pixels(one) | pixels(other))


BOXES = st.lists(
    st.tuples(*[st.integers(0, 12)] * 2, *[st.integers(1, 8)] * 2).map(
        lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3])
    ),
    max_size=4,
)


@given(BOXES, BOXES, st.sampled_from([0.1, 0.3, 0.5, 1.0]))
def test_no_assignment_is_better(truth, boxes, least):
    overlaps = [[slow_overlap(one, other) for other in boxes] for one in truth]
    assert np.allclose(intersection_over_union(truth, boxes), np.reshape(overlaps, (len(truth), len(boxes))))
    best = (0, 0.0)
    for size in range(min(len(truth), len(boxes)) + 1):
        for faces in itertools.combinations(range(len(truth)), size):
            for chosen in itertools.permutations(range(len(boxes)), size):
                values = [overlaps[face][box] for face, box in zip(faces, chosen, strict=True)]
                if all(value >= least for value in values):
                    best = max(best, (size, sum(values)))
    found = match_faces([TrueFace(box) for box in truth], boxes, least)
    values = [overlaps[face][box] for face, box in found.pairs]
    assert all(value >= least for value in values)
    assert (len(values), sum(values)) == (best[0], pytest.approx(best[1]))
    assert sorted([face for face, _ in found.pairs] + found.missed) == list(range(len(truth)))
    assert sorted([box for _, box in found.pairs] + found.false) == list(range(len(boxes)))


def test_one_more_pair_is_worth_more_than_the_closest_box():
    """The first box overlaps both faces, the second one only the first; a greedy choice would lose the second face."""
    faces = [TrueFace((0, 0, 10, 10)), TrueFace((6, 0, 16, 10))]
    found = match_faces(faces, [(2, 0, 12, 10), (-4, 0, 6, 10)], 0.4)
    assert found.pairs == [(0, 1), (1, 0)] or len(found.pairs) == 1
    # 8/12 with the first, 6/14 with the second face; the other box: 6/14 with the first, 0 with the second.
    assert sorted(found.pairs) == [(0, 1), (1, 0)]


def test_an_ignored_face_is_neither_missed_nor_its_box_false():
    faces = [TrueFace((0, 0, 10, 10)), TrueFace((20, 0, 60, 40), ignored=True)]
    found = match_faces(faces, [(30, 10, 40, 20), (70, 0, 80, 10), (55, 0, 65, 10)], 0.5)
    assert (found.pairs, found.missed, found.false, found.ignored) == ([], [0], [1], [0, 2])


def test_names_of_the_truth():
    truth = {name: [] for name in ("images/val/a.jpg", "b.jpg", "x/c.jpg", "y/c.jpg", "d.jpg", "q/e.jpg")}
    names = ["val/a.jpg", "sub/b.jpg", "c.jpg", "d.jpg", "one/d.jpg", "r/e.jpg"]
    assert find_truths(names, truth) == {
        "val/a.jpg": "images/val/a.jpg",
        "sub/b.jpg": "b.jpg",
        "d.jpg": "d.jpg",
    }
