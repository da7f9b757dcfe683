"""Figures of a classifier, by hand and by the slow, obvious way."""

import numpy as np
import pytest

from fer_edge.stats.classification import Guesses, calibration_error, macro_f1, paired_interval
from fer_edge.stats.intervals import clopper_pearson


def test_macro_f1_by_hand():
    # Guesses 0 0 1, truth 0 1 1: F1 of both labels is 2/3; label 2 never occurs and does not count.
    guesses = np.array([[0.8, 0.1, 0.1], [0.5, 0.4, 0.1], [0.1, 0.8, 0.1]], np.float32)
    assert macro_f1(Guesses.of(guesses), np.array([0, 1, 1])) == pytest.approx(2 / 3)


def test_calibration_error_by_hand():
    # Four answers at 0.75, half of them right: 0.25 away; a fifth at 1.0 that is right: nothing away.
    rows = np.array([[0.75, 0.25]] * 4 + [[1, 0]], np.float32)
    assert calibration_error(Guesses.of(rows), np.array([0, 0, 1, 1, 0])) == pytest.approx(0.25 * 4 / 5)


def test_figures_are_torchmetrics_and_a_loops():
    torch = pytest.importorskip("torch")
    metrics = pytest.importorskip("torchmetrics.functional.classification")
    rng = np.random.default_rng(0)
    rows = rng.dirichlet(np.ones(5), 300).astype(np.float32)
    truth = rng.integers(0, 5, 300)
    guesses, right = torch.from_numpy(rows.argmax(1)), torch.from_numpy(truth)
    other = metrics.multiclass_f1_score(guesses, right, num_classes=5, average="macro")
    assert macro_f1(Guesses.of(rows), truth) == pytest.approx(float(other), abs=1e-6)
    gap = 0.0
    for number in range(15):
        inside = [i for i in range(300) if number / 15 < rows[i].max() <= (number + 1) / 15]
        if inside:
            right = np.mean([rows[i].argmax() == truth[i] for i in inside])
            gap += len(inside) / 300 * abs(right - np.mean([rows[i].max() for i in inside]))
    assert calibration_error(Guesses.of(rows), truth) == pytest.approx(gap, abs=1e-6)


def test_the_interval_is_paired():
    rng = np.random.default_rng(0)
    rows, truth = rng.dirichlet(np.ones(5), 300).astype(np.float32), rng.integers(0, 5, 300)
    guesses, best = Guesses.of(rows), Guesses.of(np.eye(5, dtype=np.float32)[truth])
    assert paired_interval(macro_f1, guesses, guesses, truth) == (0, 0)
    low, high = paired_interval(macro_f1, best, guesses, truth)
    assert 0.5 < low < 1 - macro_f1(guesses, truth) < high < 1


@pytest.mark.parametrize(
    ("right", "count", "low", "high"),
    # R: binom.test(right, count)$conf.int
    [(94, 100, 0.87398, 0.97767), (10, 10, 0.69150, 1.0), (0, 10, 0.0, 0.30850)],
)
def test_clopper_and_pearson(right, count, low, high):
    assert clopper_pearson(right, count) == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))
