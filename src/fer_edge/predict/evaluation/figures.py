"""The figures of an evaluation, and the document ``fer-edge-evaluation/1`` that holds them.

The same by which detection and recognition are judged in server projects: faces found over faces there, boxes that are no face,
accuracy of each class and of all, time an image. Intervals are Wilson's at 95 % for shares and those of order statistics for times.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from fer_edge.predict.evaluation.judging import JudgedPicture
from fer_edge.predict.identity import ModelIdentity
from fer_edge.runtime.errors import FerEdgeError
from fer_edge.runtime.schema import Document, Range, Sha256
from fer_edge.stats.intervals import wilson
from fer_edge.stats.quantiles import quantile_interval

DIGITS = 6
Count = Annotated[int, Range(0, 1 << 40)]


@dataclass(frozen=True, slots=True)
class Share:
    """A share of something that was counted."""

    count: Annotated[Count, "how many"]
    of: Annotated[Count, "of how many"]
    share: Annotated[float | None, Range(0, 1), "count / of; null of none"]
    interval: Annotated[tuple[float, float] | None, "Wilson's, 95 %, low and high"]


@dataclass(frozen=True, slots=True)
class Detection:
    """The faces that were found."""

    found: Annotated[Share, "true faces that a box found, of all that are there"]
    missed: Annotated[Count, "true faces that none found"]
    false: Annotated[Share, "boxes that are no face, of all boxes that are judged"]
    ignored: Annotated[Count, "boxes on faces that the truth says to ignore"]


@dataclass(frozen=True, slots=True)
class Emotion:
    """One class of the truth."""

    label: str
    there: Annotated[Count, "faces of it"]
    accuracy: Annotated[Share, "rightly named, of those found"]
    end_to_end: Annotated[Share, "found and rightly named, of those there"]
    taken_for: Annotated[Mapping[str, Count], "first guesses of those found"]


@dataclass(frozen=True, slots=True)
class Recognition:
    """The emotions of faces whose truth says one."""

    accuracy: Annotated[Share, "first guess right, of those found"]
    second_guess: Annotated[Share, "first or second guess right, of those found"]
    end_to_end: Annotated[Share, "found and first guess right, of those there"]
    per_class: tuple[Emotion, ...]


@dataclass(frozen=True, slots=True)
class Seconds:
    """Reading, finding and naming, for each picture."""

    median: Annotated[float | None, Range(0), "seconds"]
    interval: Annotated[tuple[float, float] | None, "of the median, 95 %; null of fewer than six pictures"]
    mean: Annotated[float | None, Range(0), "seconds"]


@dataclass(frozen=True, slots=True)
class EvaluatedModel:
    """The artifact that answered."""

    name: str
    variant: str
    sha256: Sha256
    engine: str


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What was counted."""

    schema: Literal["fer-edge-evaluation/1"]
    model: EvaluatedModel
    settings: Annotated[Mapping[str, str], "how faces were found"]
    iou: Annotated[float, Range(above=0, most=1), "intersection over union from which a box has found a face"]
    pictures: Annotated[Count, "judged"]
    failed: Annotated[Count, "pictures that could not be read; their faces are not counted"]
    untold: Annotated[Count, "pictures of which the truth says nothing; not judged"]
    absent: Annotated[Count, "pictures of the truth that are in no source"]
    detection: Detection
    recognition: Recognition
    seconds: Seconds


DOCUMENT = Document(Evaluation, "evaluation", FerEdgeError, layout="indented")


@dataclass(frozen=True, slots=True)
class Left:
    """Pictures that are not judged."""

    failed: int = 0
    untold: int = 0
    absent: int = 0


def evaluate(
    judged: Sequence[JudgedPicture],
    left: Left,
    model: ModelIdentity,
    settings: Mapping[str, str],
    iou: float,
) -> Evaluation:
    """All figures of the judged pictures."""
    boxes_false = sum(len(picture.matches.false) for picture in judged)
    pairs = sum(len(picture.matches.pairs) for picture in judged)
    missed = sum(len(picture.matches.missed) for picture in judged)
    detection = Detection(
        share(pairs, pairs + missed),
        missed,
        share(boxes_false, boxes_false + pairs),
        sum(len(picture.matches.ignored) for picture in judged),
    )
    return Evaluation(
        "fer-edge-evaluation/1",
        EvaluatedModel(model.name, model.variant, model.sha256, model.engine),
        settings,
        iou,
        len(judged),
        left.failed,
        left.untold,
        left.absent,
        detection,
        _recognition(judged),
        _seconds([picture.seconds for picture in judged]),
    )


def share(count: int, of: int) -> Share:
    """A share with its interval."""
    if not of:
        return Share(count, of, None, None)
    low, high = wilson(count, of)
    return Share(count, of, round(count / of, DIGITS), (round(low, DIGITS), round(high, DIGITS)))


def _recognition(judged: Sequence[JudgedPicture]) -> Recognition:
    named = [guess for picture in judged for guess in picture.guesses]
    lost = [label for picture in judged for label in picture.lost]
    right = sum(guess.ranked[0] == guess.truth for guess in named)
    second = sum(guess.truth in guess.ranked[:2] for guess in named)
    labels = _in_order({guess.truth for guess in named} | set(lost), judged)
    per_class = []
    for label in labels:
        firsts = [guess.ranked[0] for guess in named if guess.truth == label]
        there = len(firsts) + lost.count(label)
        hits = firsts.count(label)
        taken = {other: firsts.count(other) for other in dict.fromkeys(firsts)}
        ordered = dict(sorted(taken.items(), key=lambda item: (-item[1], item[0])))
        per_class.append(Emotion(label, there, share(hits, len(firsts)), share(hits, there), ordered))
    return Recognition(
        share(right, len(named)),
        share(second, len(named)),
        share(right, len(named) + len(lost)),
        tuple(per_class),
    )


def _in_order(labels: set[str], judged: Sequence[JudgedPicture]) -> list[str]:
    """The model's order, then those that it does not have."""
    known = judged[0].labels if judged else ()
    return [label for label in known if label in labels] + sorted(labels - set(known))


def _seconds(samples: Sequence[float]) -> Seconds:
    if not samples:
        return Seconds(None, None, None)
    ordered = sorted(samples)
    middle = quantile_interval(samples, 0.5)
    interval = (
        None if middle.low is None or middle.high is None else (round(middle.low, 9), round(middle.high, 9))
    )
    half = len(ordered) // 2
    median = ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2
    return Seconds(round(median, 9), interval, round(sum(ordered) / len(ordered), 9))
