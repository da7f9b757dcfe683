"""Answers steadied over time: the vectors that all languages read, and what a caller may get wrong."""

import json
import math
import sys

import numpy as np
import pytest

from fer_edge.runtime.errors import FerEdgeError
from fer_edge.runtime.smoothing import ProbabilitySmoother, half_to_the
from support.generate_smoothing_vectors import FOLDER, cases, vector_text

VECTORS = sorted(FOLDER.glob("*.json"))


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_the_average_is_bit_for_bit_the_vector_s(path):
    case = json.loads(path.read_text())
    smoother = ProbabilitySmoother(case["labels"], case["half_life_seconds"], case["reset_seconds"])
    for step in case["steps"]:
        if step.get("reset"):
            smoother.reset()
            continue
        found = smoother.update(step["probabilities"], step["time_nanos"])
        assert found.dtype == np.float32
        assert found.tolist() == step["expect"]


def test_the_committed_vectors_are_what_exact_fractions_give():
    assert {path.stem: path.read_text() for path in VECTORS} == {
        case["name"]: vector_text(case) for case in cases()
    }


def test_the_power_is_exact_to_the_last_digits():
    exponents = np.linspace(0, 63.9, 1777)
    worst = max(abs(half_to_the(each) / math.pow(0.5, each) - 1) for each in exponents.tolist())
    assert worst < 4e-16 * 64 * math.log(2)
    assert [half_to_the(each) for each in (0.0, 1.0, 2.0, 64.0, math.inf)] == [1.0, 0.5, 0.25, 0.0, 0.0]


def test_an_answer_given_is_not_changed_later():
    smoother = ProbabilitySmoother(2)
    first = smoother.update([1.0, 0.0], 0)
    smoother.update([0.0, 1.0], 100_000_000)
    assert first.tolist() == [1.0, 0.0]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((0,), "0 labels; allowed: at least 1"),
        ((2, 0.0), "half life is 0.0 s"),
        ((2, math.nan), "half life is nan s"),
        ((2, math.inf), "half life is inf s"),
        ((2, 0.25, -1.0), "reset -1.0 s"),
    ],
)
def test_impossible_numbers_are_a_sentence(words, message):
    with pytest.raises(FerEdgeError, match=message):
        ProbabilitySmoother(*words)


def test_another_number_of_probabilities_is_a_sentence():
    with pytest.raises(FerEdgeError, match="3 probabilities; allowed: 2"):
        ProbabilitySmoother(2).update([0.1, 0.2, 0.7], 0)


def test_a_smoothed_distribution_stays_one():
    smoother = ProbabilitySmoother(8)
    drawn = np.random.default_rng(1)
    for turn in range(1000):
        found = smoother.update(drawn.dirichlet(np.ones(8)).astype(np.float32), turn * 33_333_333)
    assert abs(float(found.sum()) - 1) < 8 * sys.float_info.epsilon * 2**29
