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
    assert (int8.at(0.5), int8.at(1.0), fp16.at(0.2)) == (int8, int8, fp16)
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


def judge_accuracy(images, original, answers, tolerance):
    return check_accuracy(images, labeled(original), labeled(answers), tolerance, LABELS)


def labeled(answers):
    return np.eye(2, dtype=np.float32)[answers]


def test_only_a_proven_drop_fails_the_accuracy_gate():
    images = pictures(200, [0] * 200)
    original = np.zeros(200, np.int64)
    little, much = original.copy(), original.copy()
    little[:2] = 1
    much[:40] = 1
    found = judge_accuracy(images, original, little, TOLERANCES["int8"])
    assert (found.verdict, found.figures.code) == ("not-run", Code.UNDECIDED)
    found = judge_accuracy(images, original, much, TOLERANCES["int8"])
    assert found.verdict == "fail"
    assert (found.reference, found.artifact, found.samples) == (1.0, 0.8, 200)
    low, high = found.drop_interval
    assert 0.1 < low < 0.2 < high < 0.3


def test_a_limit_of_ones_own_decides_about_accuracy():
    images, original = pictures(200, [0] * 200), np.zeros(200, np.int64)
    much = original.copy()
    much[:40] = 1
    lenient, strict = Tolerances(max_accuracy_drop=0.5), Tolerances(max_accuracy_drop=0.0)
    assert judge_accuracy(images, original, much, lenient.of_precision("int8")).verdict == "pass"
    assert judge_accuracy(images, original, much, strict.of_precision("int8")).verdict == "fail"
    assert strict.of_precision("int8").max_abs == TOLERANCES["int8"].max_abs


REDUCED = Tolerance(0.1, 0.97, 0.01, "for these tests", quantile=0.99)


def many(count, seed=3):
    """Answers of two labels about which the original is sure."""
    rng = np.random.default_rng(seed)
    return rows(*np.where(rng.random(count) < 0.5, 0.05, 0.95))


@pytest.mark.parametrize(("wrong", "verdict"), [(1, "pass"), (2, "pass"), (3, "fail")])
def test_of_a_reduced_precision_one_odd_picture_in_a_hundred_decides_nothing(wrong, verdict):
    reference = many(200)
    answers = reference.copy()
    answers[:wrong] = [0.5, 0.5]
    found = compare(reference, answers, REDUCED, LABELS, "engine 1", source="200 pictures")
    assert (found.verdict, found.inputs_source) == (verdict, "200 pictures")
    assert found.max_abs == pytest.approx(0.45)
    assert compare(reference, answers, LIMIT, LABELS, "engine 1").verdict == "fail"


def test_labels_fail_only_where_chance_does_not_explain_them():
    reference = many(100)
    loose = Tolerance(1.0, 0.97, 0.01, "for these tests", quantile=0.5)
    few, more = reference.copy(), reference.copy()
    few[:6], more[:10] = few[:6, ::-1], more[:10, ::-1]
    assert (
        compare(reference, few, loose, LABELS, "engine 1").verdict == "pass"
    )  # no input has a margin over 1
    tight = Tolerance(0.5, 0.97, 0.01, "for these tests", quantile=0.5)
    # Clopper and Pearson, by R's binom.test: 94 of 100 is 0.8740 to 0.9777, 90 of 100 is 0.8238 to 0.9510.
    found = compare(reference, few, tight, LABELS, "engine 1")
    assert (found.verdict, found.top1_agreement) == ("pass", 0.94)
    assert found.agreement_interval == (pytest.approx(0.8740, abs=1e-4), pytest.approx(0.9777, abs=1e-4))
    found = compare(reference, more, tight, LABELS, "engine 1")
    assert (found.verdict, found.code) == ("fail", Code.DISAGREES)
    assert found.agreement_interval[1] == pytest.approx(0.9510, abs=1e-4)
    assert "0.9 of 100 inputs" in found.reason


def test_extremes_of_a_reduced_precision_are_reported_apart():
    reference = np.concatenate([many(200), rows(0.2, 0.8, 0.5, 0.4, 0.6, 0.3)])
    answers = reference.copy()
    answers[-6:] = answers[-6:, ::-1]
    found = compare(reference, answers, REDUCED, LABELS, "engine 1", extremes=6)
    assert (found.verdict, found.inputs, found.max_abs) == ("pass", 200, 0)
    assert found.figures.extremes.max_abs == pytest.approx(0.6)
    assert found.figures.extremes.agreed == 1  # of 0.5 and 0.5 the first
    whole = compare(reference, answers, LIMIT, LABELS, "engine 1", extremes=6)
    assert (whole.verdict, whole.inputs) == ("fail", 206)


@pytest.mark.parametrize(
    ("extremes", "code"),
    [
        ([[0.4, 0.6]] * 6, Code.CONSTANT),
        ([[0.99999, 0.00001]] * 3 + [[0.00001, 0.99999]] * 3, Code.SATURATED),
    ],
)
def test_what_answers_all_extremes_alike_or_is_certain_about_all_fails(extremes, code):
    reference = np.concatenate([many(200), rows(0.2, 0.8, 0.5, 0.4, 0.6, 0.3)])
    answers = np.concatenate([reference[:200], np.array(extremes, np.float32)])
    loose = Tolerance(0.05, 0.97, 0.01, "for these tests", quantile=0.99)
    found = compare(reference, answers, loose, LABELS, "engine 1", extremes=6)
    assert (found.verdict, found.code) == ("fail", code)


@pytest.mark.parametrize("precision", ["w8", "dynamic", "int8", "fp16"])
def test_gross_mistakes_fail_in_every_precision(precision):
    """Swapped labels, one label for all, half of the logits' scale lost on most pictures."""
    rng = np.random.default_rng(5)
    logits = rng.normal(0, 4, (250, 7))
    reference = (np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)).astype(np.float32)
    mistakes = {
        "swapped": reference[:, [1, 0, 2, 3, 4, 5, 6]],
        "reversed": reference[:, ::-1],
        "shifted": np.roll(reference, 1, axis=0),
        "flat": np.full_like(reference, 1 / 7),
    }
    for name, answers in mistakes.items():
        found = compare(reference, answers, TOLERANCES[precision], tuple("abcdefg"), "engine 1")
        assert found.verdict == "fail", name


def test_the_limit_inside_the_interval_decides_nothing_and_says_how_many_would():
    images, original = pictures(200, [0] * 200), np.zeros(200, np.int64)
    answers = original.copy()
    answers[:2] = 1
    found = judge_accuracy(images, original, answers, TOLERANCES["int8"])
    low, high = found.drop_interval
    assert low < 0.015 < high
    assert found.verdict == "not-run"
    assert found.figures.needed > 200
    assert f"{found.figures.needed:,} pictures would decide" in found.figures.reason
    assert (found.figures.only_reference, found.figures.only_artifact) == (2, 0)
    assert found.figures.mcnemar_p == pytest.approx(0.5)  # 2 of 2 tosses of a coin, both ways
    assert found.figures.classes["a"].artifact == 198
    assert judge_accuracy(images, original, original, TOLERANCES["int8"]).verdict == "pass"


def test_a_handful_of_equal_answers_proves_nothing_and_as_many_as_it_says_do():
    def judge(count):
        right = np.zeros(count, np.int64)
        return judge_accuracy(pictures(count, [0] * count), right, right, TOLERANCES["int8"])

    found = judge(20)
    assert (found.verdict, found.figures.code) == ("not-run", Code.UNDECIDED)
    assert found.drop_interval == (-found.drop_interval[1], found.drop_interval[1])
    # A file whose pictures were all lost or kept by chance: with that limit one in twenty such sets hides a larger drop.
    assert (1 - found.drop_interval[1]) ** 20 < 0.06
    assert 20 < found.figures.needed <= 200
    assert judge(found.figures.needed + 20).verdict == "pass"


def test_an_answer_that_is_not_finite_is_wrong():
    images = pictures(4, [0, 0, 1, 1])
    reference = labeled(np.array([0, 0, 1, 1]))
    answers = reference.copy()
    answers[0] = np.nan
    assert check_accuracy(images, reference, answers, TOLERANCES["int8"], LABELS).artifact == 0.75
