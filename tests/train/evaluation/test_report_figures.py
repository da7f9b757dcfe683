"""Each figure against a slow computation that shares nothing with the code, or against torchmetrics."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchmetrics.functional.classification import multiclass_calibration_error

from fer_edge.runtime import FerEdgeError
from fer_edge.train.evaluation.figures import epochs, figures
from fer_edge.train.evaluation.predictions import Predictions


def predictions(probabilities, labels, **more):
    probabilities, labels = np.array(probabilities, np.float32), np.array(labels, np.float32)
    count = len(labels)
    classes = tuple("abcdefgh"[: labels.shape[1]])
    return Predictions(
        model="m",
        classes=classes,
        probabilities=probabilities,
        labels=labels,
        names=[str(number) for number in range(count)],
        crops=np.zeros((count, 1, 2, 2), np.uint8),
        **more,
    )


def random_outcome(count, width, seed, *, soft=False):
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet(np.full(width, 0.6), count)
    labels = (
        rng.dirichlet(np.full(width, 0.6), count) if soft else np.eye(width)[rng.integers(0, width, count)]
    )
    return predictions(probabilities, labels)


def slow(found):
    """All figures by loops over faces and classes."""
    width, faces = len(found.classes), range(len(found.names))
    rows = [[float(value) for value in row] for row in found.probabilities]
    labels = [[float(value) for value in row] for row in found.labels]
    truth = [row.index(max(row)) for row in labels]
    order = [sorted(range(width), key=lambda at, row=row: (-row[at], at)) for row in rows]
    hits = [order[face][0] == truth[face] for face in faces]
    f1 = []
    for name in range(width):
        true_positive = sum(order[f][0] == name == truth[f] for f in faces)
        guessed, there = sum(order[f][0] == name for f in faces), sum(truth[f] == name for f in faces)
        if guessed + there:
            f1.append(2 * true_positive / (guessed + there))
    gaps = 0.0
    for number in range(15):
        inside = [
            f for f in faces
            if number / 15 < max(rows[f]) <= (number + 1) / 15 or (number == 0 and max(rows[f]) == 0)
        ]  # fmt: skip
        if inside:
            gaps += abs(sum(hits[f] for f in inside) - sum(max(rows[f]) for f in inside))
    return {
        "top1": sum(hits) / len(hits),
        "top2": sum(truth[f] in order[f][:2] for f in faces) / len(hits),
        "second_when_wrong": (
            sum(order[f][1] == truth[f] for f in faces if not hits[f]) / hits.count(False) if not all(hits) else None
        ),
        "macro_f1": sum(f1) / len(f1),
        "ece": gaps / len(hits),
        "brier": sum((rows[f][c] - labels[f][c]) ** 2 for f in faces for c in range(width)) / len(hits),
        "cross_entropy": -sum(
            labels[f][c] * math.log(max(rows[f][c], 1e-12)) for f in faces for c in range(width)
        ) / len(hits),
        "per_class": {
            name: (
                sum(hits[f] for f in faces if truth[f] == at) / truth.count(at) if at in truth else None
            )
            for at, name in enumerate(found.classes)
        },
    }  # fmt: skip


@settings(max_examples=25)
@given(st.integers(1, 40), st.integers(2, 8), st.integers(0, 10_000), st.booleans())
def test_every_figure_equals_the_slow_one(count, width, seed, soft):
    found = random_outcome(count, width, seed, soft=soft)
    told, expected = figures(found), slow(found)
    for name in ("top1", "top2", "macro_f1", "ece", "brier", "cross_entropy"):
        assert told[name] == pytest.approx(expected[name], abs=2e-6), name
    for name, share in expected["per_class"].items():
        assert told["per_class"][name]["accuracy"] == (
            None if share is None else pytest.approx(share, abs=1e-6)
        )


@pytest.mark.parametrize("seed", range(4))
def test_the_calibration_error_is_that_of_torchmetrics(seed):
    found = random_outcome(300, 8, seed)
    expected = multiclass_calibration_error(
        torch.from_numpy(found.probabilities),
        torch.from_numpy(found.truth),
        num_classes=8,
        n_bins=15,
        norm="l1",
    )
    assert figures(found)["ece"] == pytest.approx(float(expected), abs=1e-5)


def test_numbers_worked_by_hand():
    """Four faces: sure and right, sure and wrong (second guess right), and two of class b that are half sure."""
    told = figures(
        predictions(
            [[0.9, 0.1, 0], [0.8, 0.2, 0], [0.45, 0.55, 0], [0.45, 0.55, 0]],
            [[1, 0, 0], [0, 1, 0], [0, 1, 0], [0, 0, 1]],
        )
    )
    assert told["confusion"] == [[1, 0, 0], [1, 1, 0], [0, 1, 0]]
    assert (told["top1"], told["top2"]) == (0.5, 0.75)
    # F1: a 2/3 (1 of 2 guesses, 1 of 1 faces), b 2/4, c 0.
    assert told["macro_f1"] == pytest.approx((2 / 3 + 1 / 2 + 0) / 3, abs=1e-6)
    # |1 - 0.9| and |0 - 0.8| once each, |0.5 - 0.55| for two faces.
    assert told["ece"] == pytest.approx((0.1 + 0.8 + 0.05 * 2) / 4, abs=1e-6)
    # Wilson 1927 for 2 of 4 at z = 1.959964: 0.150 to 0.850.
    assert told["top1_interval"] == pytest.approx([0.1500, 0.8500], abs=1e-4)
    assert told["confidence"] == {"right": pytest.approx(0.725), "wrong": pytest.approx(0.675)}
    assert told["per_class"]["b"] == {
        "faces": 2, "right": 1, "accuracy": 0.5, "interval": pytest.approx([0.0945, 0.9055], abs=1e-4), "precision": 0.5,
    }  # fmt: skip
    assert told["per_class"]["c"]["precision"] is None


def test_equal_probabilities_go_to_the_earlier_label_as_in_the_runtime():
    told = figures(predictions([[0.4, 0.4, 0.2]] * 2, [[1, 0, 0], [0, 1, 0]]))
    assert told["confusion"][0][0] == told["confusion"][1][0] == 1
    assert told["top2"] == 1


def test_a_class_without_faces_has_no_accuracy():
    told = figures(predictions([[0.9, 0.1]], [[1, 0]]))
    assert told["per_class"]["b"] == {
        "faces": 0, "right": 0, "accuracy": None, "interval": None, "precision": None,
    }  # fmt: skip


def test_the_history_keeps_what_a_second_training_repeats():
    history = [
        {"epoch": 1, "train_loss": 2.0, "validation_accuracy": 0.25, "images_a_second": 812.4},
        {"epoch": 2, "train_loss": float("nan"), "validation_accuracy": 0.5},
    ]
    assert epochs(predictions([[1, 0]], [[1, 0]], history=history)) == [
        {"epoch": 1, "train_loss": 2.0, "validation_accuracy": 0.25},
        {"epoch": 2, "train_loss": None, "validation_accuracy": 0.5},
    ]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"names": []}, "at least one face"),
        ({"labels": np.zeros((2, 3), np.float32)}, "labels has shape (2, 3)"),
        ({"crops": np.zeros((1, 1, 2, 2), np.uint8)}, "1 crops for 2 faces"),
        ({"probabilities": np.full((2, 2), np.nan, np.float32)}, "not finite"),
    ],
)
def test_parts_that_do_not_belong_together_are_refused(change, said):
    good = vars(predictions([[1, 0], [0, 1]], [[1, 0], [0, 1]]))
    with pytest.raises(FerEdgeError) as error:
        Predictions(**{**good, **change})
    assert said in str(error.value)
