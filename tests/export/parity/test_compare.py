"""The judgment itself, on answers worked out by hand."""

import numpy as np
import pytest

from fer_edge.export.parity.accuracy import check_accuracy
from fer_edge.export.parity.compare import (
    GoldenComparison,
    agreement,
    compare,
    compare_golden,
    spread,
)
from fer_edge.export.parity.tolerances import TOLERANCES, Tolerance, Tolerances
from fer_edge.export.pictures.calibration import divide, find_doubts
from fer_edge.export.pictures.images import ImageSet, count_overlap
from fer_edge.export.pictures.parity_inputs import choose_count, make_extremes
from fer_edge.runtime.contract import CameraSpec, Contract, InputSpec, OutputSpec
from fer_edge.runtime.formats import PRECISIONS
from fer_edge.runtime.verification import Code

LIMIT = Tolerance(0.01, 1.0, 0.01, "for these tests")
LABELS = ("a", "b")


def rows(*values):
    return np.array([[value, 1 - value] for value in values], np.float32)


def test_equal_answers_pass():
    found = compare(rows(0.1, 0.9), rows(0.1, 0.9), LIMIT, LABELS, "engine 1")
    assert (found.verdict, found.max_abs, found.mean_abs, found.top1_agreement) == ("pass", 0, 0, 1)
    assert (found.code, found.engine, found.inputs) == (None, "engine 1", 2)


def test_one_probability_over_the_tolerance_fails_and_says_by_how_much():
    found = compare(rows(0.1, 0.9), rows(0.1, 0.85), LIMIT, LABELS, "engine 1")
    assert (found.verdict, found.code) == ("fail", Code.DIFFERENT)
    assert "0.05" in found.reason
    assert "0.01" in found.reason
    assert found.mean_abs == pytest.approx(0.025, abs=1e-6)


def test_agreement_counts_only_where_the_original_was_sure():
    # Margins: 0.004 (undecided), 0.8, 0.8; the undecided one flips and does not count, one sure one flips.
    reference, answers = rows(0.502, 0.9, 0.1), rows(0.498, 0.9, 0.6)
    assert agreement(reference, answers, 0.01) == 0.5
    assert agreement(rows(0.502), rows(0.498), 0.01) == 1.0


def test_an_artifact_that_always_says_the_same_fails_although_it_is_near():
    loose = Tolerance(0.05, 0.0, 1, "")
    reference = rows(*np.linspace(0.25, 0.75, 11))
    stiff = rows(*np.linspace(0.4, 0.6, 11))
    found = compare(reference, stiff, Tolerance(0.2, 0.0, 1, ""), LABELS, "engine 1")
    assert (found.verdict, found.code) == ("fail", Code.STIFF)
    assert "less than half of the original's 0.5" in found.reason
    assert compare(reference, reference, loose, LABELS, "engine 1").verdict == "pass"


def test_an_original_that_hardly_moves_gives_no_verdict():
    still = rows(0.5, 0.5 + 0.09)
    found = compare(still, still, LIMIT, LABELS, "engine 1")
    assert (found.verdict, found.max_abs, found.code) == ("not-run", None, Code.INSENSITIVE)
    assert "does not react to its input" in found.reason


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_is_named_with_its_index(value):
    answers = rows(0.1, 0.9)
    answers[1, 1] = value
    found = compare(rows(0.1, 0.9), answers, LIMIT, LABELS, "engine 1")
    assert (found.verdict, found.code, found.inputs) == ("fail", Code.NOT_FINITE, None)
    assert f"probabilities[1] (b) is {value} on input 1" in found.reason


def test_another_number_of_labels_fails():
    found = compare(rows(0.1, 0.9), np.zeros((2, 3), np.float32), LIMIT, LABELS, "engine 1")
    assert (found.verdict, found.code) == ("fail", Code.SHAPE)


def test_golden_vectors_are_compared_by_their_largest_difference():
    stored = rows(0.1, 0.9, 0.5)
    assert compare_golden(stored, stored, LIMIT, LABELS) == GoldenComparison("pass", None, 0.0)
    found = compare_golden(stored, rows(0.1, 0.85, 0.5), LIMIT, LABELS)
    assert (found.verdict, found.max_abs) == ("fail", pytest.approx(0.05, abs=1e-6))
    assert "golden vector 2 of 3" in found.reason


def test_spread_is_the_widest_range():
    assert spread(np.array([[0.1, 0.5, 0.4], [0.3, 0.1, 0.6]], np.float32)) == pytest.approx(0.4)


def test_every_precision_has_limits_with_a_reason():
    assert tuple(TOLERANCES) == PRECISIONS
    assert all(len(limit.reason) > 20 for limit in TOLERANCES.values())
    assert (TOLERANCES["fp32"].max_abs, TOLERANCES["fp32"].top1_agreement) == (1e-4, 1.0)
    assert TOLERANCES["fp32"].least_spread == pytest.approx(1e-3)


def test_an_original_that_moves_little_narrows_the_limit_in_proportion():
    int8, fp16 = TOLERANCES["int8"], TOLERANCES["fp16"]
    assert int8.least_spread == pytest.approx(0.1)
    assert (int8.at(0.5), int8.at(1.0), fp16.at(0.1)) == (int8, int8, fp16)
    assert [int8.at(spread).max_abs for spread in (0.1, 0.22, 0.4)] == [0.05, 0.11, 0.2]
    assert TOLERANCES["w8"].at(0.25).max_abs == 0.06
    assert int8.at(0.2).top1_agreement == int8.top1_agreement


def test_heavy_networks_get_fewer_inputs():
    assert (choose_count(10**9), choose_count(10**9 + 1)) == (256, 64)


def contract(labels=LABELS):
    return Contract.build(
        model="m",
        labels=labels,
        input=InputSpec("image", "tensor", 6, 4, 1, "NCHW", "float32"),
        camera=CameraSpec(),
        normalization=None,
        output=OutputSpec("logits", "logits"),
    )


def test_extremes_are_what_they_are_called():
    black, white, hot, cold, color, gray = make_extremes(contract())
    assert black.shape == (4, 6, 3)
    assert (black.max(), white.min(), hot.sum(), (255 - cold.astype(int)).sum()) == (0, 255, 3 * 255, 3 * 255)
    assert len(np.unique(color)) > 20
    assert (gray[..., 0] == gray[..., 2]).all()


def pictures(count, labels, first=0):
    scaled = np.arange(first, first + count, dtype=np.uint8)[:, None, None, None] * np.ones(
        (1, 4, 6, 3), np.uint8
    )
    return ImageSet(scaled, np.array(labels, np.int64), "folder", "0" * 64)


def test_held_out_pictures_are_of_every_class_and_none_measures():
    # Five classes that take turns: every fifth picture would be all of one class.
    found = divide(pictures(50, [index % 5 for index in range(50)]))
    assert np.bincount(found.measuring.labels).tolist() == [8] * 5
    assert np.bincount(found.held_out.labels).tolist() == [2] * 5
    assert count_overlap(found.measuring, found.held_out) == 0


def test_repeated_pictures_stand_on_one_side_only_and_are_said():
    one = pictures(10, [0] * 10)
    twice = ImageSet(np.concatenate([one.scaled, one.scaled]), np.zeros(20, np.int64), "folder", "0" * 64)
    found = divide(twice)
    assert len(found.measuring) + len(found.held_out) == 10
    assert "10 of 20 pictures are repeats" in found.warnings[0]


def test_few_images_a_missing_class_and_an_overlap_are_said():
    found = divide(pictures(20, [0] * 20))
    said = " ".join(find_doubts(found, contract(), [pictures(5, [0] * 5)]))
    assert "only 16 images" in said
    assert "no image of b" in said
    assert "5 of 5 evaluation images" in said


def test_a_good_set_is_not_doubted():
    found = divide(pictures(60, [index % 2 for index in range(60)]))
    assert find_doubts(found, contract(), [pictures(5, [0] * 5, first=100)]) == ()


def test_only_a_proven_drop_fails_the_accuracy_gate():
    images = pictures(200, [0] * 200)
    original = np.zeros(200, np.int64)
    little, much = original.copy(), original.copy()
    little[:2] = 1
    much[:40] = 1
    assert check_accuracy(images, original, little, TOLERANCES["int8"]).verdict == "pass"
    found = check_accuracy(images, original, much, TOLERANCES["int8"])
    assert found.verdict == "fail"
    assert (found.reference, found.artifact, found.samples) == (1.0, 0.8, 200)
    low, high = found.drop_interval
    assert 0.1 < low < 0.2 < high < 0.3


def test_a_limit_of_ones_own_decides_about_accuracy():
    images, original = pictures(200, [0] * 200), np.zeros(200, np.int64)
    much = original.copy()
    much[:40] = 1
    lenient, strict = Tolerances(max_accuracy_drop=0.5), Tolerances(max_accuracy_drop=0.0)
    assert check_accuracy(images, original, much, lenient.of_precision("int8")).verdict == "pass"
    assert check_accuracy(images, original, much, strict.of_precision("int8")).verdict == "fail"
    assert strict.of_precision("int8").max_abs == TOLERANCES["int8"].max_abs
