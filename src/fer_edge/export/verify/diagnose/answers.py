"""Answers that an app shows against those of the artifact: what may have been done to them on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fer_edge.export.verify.diagnose.candidates import Bounds
from fer_edge.runtime.contract import Contract
from fer_edge.runtime.labels import canonical
from fer_edge.runtime.model import softmax

Row = NDArray[np.float64]
SUM = 1e-3
"""By which the sum of probabilities may miss 1: apps round."""
ORDERS: dict[str, tuple[str, ...]] = {
    "labels-fer2013": ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral", "contempt"),
    "labels-ferplus": ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt"),
    "labels-affectnet": (
        "neutral",
        "happiness",
        "sadness",
        "surprise",
        "fear",
        "disgust",
        "anger",
        "contempt",
    ),
    "labels-rafdb": ("surprise", "fear", "disgust", "happiness", "sadness", "anger", "neutral", "contempt"),
}
"""Orders in which data sets have them, by canonical names; others in theirs behind."""


@dataclass(frozen=True, slots=True)
class AnswerMistake:
    """One mistake behind the engine.

    Attributes:
        name: for programs.
        title: for people.
        remedy: what to do.
        read: observed values -> the probabilities that they come from, or None where they cannot come from any.
    """

    name: str
    title: str
    remedy: str
    read: Callable[[Row, Contract], Row | None]


def _is_distribution(row: Row) -> bool:
    return bool((row >= -SUM).all() and abs(row.sum() - 1) <= SUM)


def _as_they_are(row: Row, _: Contract) -> Row | None:
    return row


def _logits(row: Row, contract: Contract) -> Row | None:
    known = _is_distribution(row) or _log(row, contract) is not None
    return None if known else softmax(row).astype(np.float64)


def _log(row: Row, _: Contract) -> Row | None:
    found = np.exp(np.minimum(row, 0)) if (row <= SUM).all() else None
    return found if found is not None and _is_distribution(found) else None


def _softmax_twice(row: Row, _: Contract) -> Row | None:
    if not _is_distribution(row) or (row <= 0).any():
        return None
    powers: Row = np.log(row)
    # Softmax leaves a constant open; the sum of what went in was 1.
    found: Row = powers - powers.mean() + 1 / len(row)
    return found


def _sigmoid(row: Row, _: Contract) -> Row | None:
    if not ((row >= 0.5 - SUM) & (row < 0.74)).all():  # of 0 to 1
        return None
    found: Row = np.log(row / (1 - row))
    return found


def _percent(row: Row, _: Contract) -> Row | None:
    shares: Row = row / 100
    return shares if _is_distribution(shares) else None


def _not_dequantized(row: Row, contract: Contract) -> Row | None:
    if (row != np.rint(row)).any() or np.abs(row).max() <= 1 or np.abs(row).max() > 255:
        return None
    parameters = contract.quantization.output
    scale, zero = (
        (parameters.scale, parameters.zero_point) if parameters else (1 / 256, -128 if row.min() < 0 else 0)
    )
    return (row - zero) * scale


def _signed_answer(row: Row, contract: Contract) -> Row | None:
    """Bytes of uint8 read as int8: what is over 127 became negative."""
    parameters = contract.quantization.output
    if parameters is None or parameters.zero_point != 0 or (row >= 0).all():
        return None
    values = np.rint(row / parameters.scale)
    return np.where(values < 0, values + 256, values) * parameters.scale


def _ordered_as(names: Callable[[Contract], list[str]]) -> Callable[[Row, Contract], Row | None]:
    def read(row: Row, contract: Contract) -> Row | None:
        wrong = names(contract)
        if wrong == list(contract.labels) or len(row) != len(wrong):
            return None
        # The app shows its own order: the label at its place i stands for the contract's place i.
        return np.array([row[wrong.index(label)] for label in contract.labels])

    return read


def _shown_as(names: Callable[[Contract], list[str]]) -> Callable[[Row, Contract], Row | None]:
    """The other way round: right names, but written down in that order."""

    def read(row: Row, contract: Contract) -> Row | None:
        wrong = names(contract)
        if wrong == list(contract.labels) or len(row) != len(wrong):
            return None
        return np.array([row[contract.labels.index(label)] for label in wrong])

    return read


def _by_data_set(order: tuple[str, ...]) -> Callable[[Contract], list[str]]:
    def names(contract: Contract) -> list[str]:
        def place(label: str) -> int:
            name = canonical(label)
            return order.index(name) if name in order else len(order)

        return sorted(contract.labels, key=place)

    return names


_LABELS = "take the labels from the contract, in its order"
_LABEL_ORDERS: tuple[tuple[str, str, Callable[[Contract], list[str]]], ...] = (
    ("labels-alphabetical", "labels in alphabetical order", lambda contract: sorted(contract.labels)),
    ("labels-reversed", "labels in reverse order", lambda contract: list(contract.labels)[::-1]),
    ("labels-fer2013", "labels in the order of FER2013", _by_data_set(ORDERS["labels-fer2013"])),
    ("labels-ferplus", "labels in the order of FER+", _by_data_set(ORDERS["labels-ferplus"])),
    ("labels-affectnet", "labels in the order of AffectNet", _by_data_set(ORDERS["labels-affectnet"])),
    ("labels-rafdb", "labels in the order of RAF-DB", _by_data_set(ORDERS["labels-rafdb"])),
)
ANSWERS: tuple[AnswerMistake, ...] = (
    AnswerMistake("logits", "logits shown, or another output read", "read the output that the contract names; it has probabilities", _logits),
    AnswerMistake("softmax-twice", "softmax applied again", "the artifact's output is probabilities already", _softmax_twice),
    AnswerMistake("sigmoid-added", "sigmoid applied to probabilities", "the artifact's output is probabilities already", _sigmoid),
    AnswerMistake("log-probabilities", "logarithms shown", "the artifact's output is probabilities already", _log),
    AnswerMistake("percent", "percent instead of shares", "probabilities are 0 to 1", _percent),
    AnswerMistake("not-dequantized", "integers of the output not dequantized", "(integer - zero_point) * scale of quantization.output", _not_dequantized),
    AnswerMistake("signed-output", "output bytes read as signed", "value & 0xFF where the output is uint8", _signed_answer),
    *(
        AnswerMistake(name, title, _LABELS, way(names))
        for name, title, names in _LABEL_ORDERS
        for way in (_ordered_as, _shown_as)
    ),
)  # fmt: skip
"""In the order in which they are tried; one more is a function and a line."""
READ_RIGHT = AnswerMistake("right", "as the artifact gave them", "", _as_they_are)

BOUNDS = {
    "fp32": Bounds(1e-3, 0.05),
    "fp16": Bounds(5e-3, 0.2),
    "w8": Bounds(5e-3, 0.2),
    "dynamic": Bounds(0.1, 0.5),
    "int8": Bounds(0.1, 0.5),
    "auto": Bounds(0.1, 0.5),
}
"""Distances of one file's answers in two engines or on two processors, as differences of logarithms. Integer kernels round
differently from processor to processor, delegates compute floats in 16 bits."""
NEAR = {"fp32": 1e-4, "fp16": 2e-3, "w8": 5e-4, "dynamic": 0.02, "int8": 0.02, "auto": 0.02}
"""The same where kernels are the same, as XNNPACK's are on computers and phones: an explanation this near is no chance."""
FARTHEST = {"fp32": 2e-3, "fp16": 0.02, "w8": 0.02, "dynamic": 0.1, "int8": 0.1, "auto": 0.1}
"""The same of one probability."""


def resolution(row: Row) -> float:
    """The step in which an app wrote its answers, or a number far below any probability that matters."""
    for digits in range(1, 7):
        step = 10.0**-digits
        if np.abs(row / step - np.rint(row / step)).max() < 1e-6:
            return step
    return 1e-8


def distance(probabilities: Row, read: Row, step: float) -> tuple[float, float]:
    """Root mean square difference of logarithms above ``step``, and the largest difference of a probability."""
    if not np.isfinite(read).all() or not np.isfinite(probabilities).all():
        return float("inf"), float("inf")
    logs = (np.log(np.maximum(row, 0) + step) for row in (probabilities, read))
    apart = next(logs) - next(logs)
    return float(np.sqrt(np.mean(apart**2))), float(np.abs(probabilities - read).max())


def find_order(probabilities: Row, read: Row, farthest: float) -> list[int] | None:
    """The permutation that makes the observed values the right ones, if one does and they are not in order already."""
    order, other = np.argsort(-probabilities, kind="stable"), np.argsort(-read, kind="stable")
    if (
        np.abs(probabilities[order] - read[other]).max() > farthest
        or np.abs(probabilities - read).max() <= 10 * farthest
    ):
        return None
    places = np.empty(len(order), np.intp)
    places[order] = other
    return [int(place) for place in places]
