"""Sets of 8, 7, 6, 5 and 4 emotions, and what becomes of a label that goes from a larger set to a smaller one.

| set | what it is |
|---|---|
| 8 | FER+ and AffectNet: all of ``EMOTIONS`` |
| 7 | FER2013 and the Kaggle folders: without contempt, which neither asked for |
| 6 | FER2013 with disgust in anger, its rarest class (547 of 35,887 pictures) in the one it is most often taken for |
| 5 | without fear too |
| 4 | without surprise too: what a phone can act upon |

JAFFE's six adjectives are a set of their own: they have disgust and no neutral.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fer_edge.runtime.closest import unknown
from fer_edge.runtime.errors import DataError
from fer_edge.runtime.labels import EMOTIONS

EIGHT: tuple[str, ...] = EMOTIONS
SEVEN: tuple[str, ...] = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear")
SIX: tuple[str, ...] = ("neutral", "happiness", "surprise", "sadness", "anger", "fear")
FIVE: tuple[str, ...] = ("neutral", "happiness", "surprise", "sadness", "anger")
FOUR: tuple[str, ...] = ("neutral", "happiness", "sadness", "anger")
JAFFE_SIX: tuple[str, ...] = ("happiness", "surprise", "sadness", "anger", "disgust", "fear")


@dataclass(frozen=True)
class LabelMap:
    """From one set of emotions to a smaller one.

    Attributes:
        name: ``8-7`` and the like.
        source: emotions that come.
        target: emotions that stay.
        changes: what becomes of those that do not stay: the emotion they are merged into, or None: dropped.
    """

    name: str
    source: tuple[str, ...]
    target: tuple[str, ...]
    changes: Mapping[str, str | None]

    def of(self, emotion: str) -> str | None:
        """The label that an emotion of the source becomes; None: none."""
        return self.changes.get(emotion, emotion)

    def apply(self, label: NDArray[np.float32]) -> NDArray[np.float32] | None:
        """A label in the smaller set.

        Args:
            label: (8,) float32 over ``EMOTIONS``, not negative; what is not in ``source`` counts as dropped.

        Returns:
            (8,) float32, sum 1, nothing outside ``target``; None where the strongest emotion was dropped.
        """
        merged = np.zeros(len(EMOTIONS), np.float32)
        for emotion, share in zip(EMOTIONS, label, strict=True):
            becomes = self.of(emotion) if emotion in self.source else None
            merged[EMOTIONS.index(becomes or emotion)] += share
        return restrict(merged, self.target)


def label_space(classes: Sequence[str]) -> tuple[str, ...]:
    """The meaning of a label's places where these classes are asked for: the eight emotions, or classes of other names."""
    return EMOTIONS if set(classes) <= set(EMOTIONS) else tuple(classes)


def restrict(label: NDArray[np.float32], classes: Sequence[str]) -> NDArray[np.float32] | None:
    """A label cut to some classes and scaled to sum 1; None where its strongest one is none of them.

    Args:
        label: float32 over ``label_space(classes)``, not negative; of equals, the first is the strongest.
        classes: that stay.
    """
    space = label_space(classes)
    if not float(label.max()) > 0 or space[int(label.argmax())] not in classes:
        return None
    kept = np.where([name in classes for name in space], label, 0).astype(np.float64)
    found: NDArray[np.float32] = (kept / kept.sum()).astype(np.float32)
    return found


def one_hot(name: str, space: Sequence[str] = EMOTIONS) -> NDArray[np.float32]:
    """Float32 with 1 at one class: (8,) over the emotions, or over another label space."""
    return np.asarray([float(name == other) for other in space], np.float32)


_DISGUST = {"disgust": "anger"}
LABEL_MAPS: tuple[LabelMap, ...] = (
    LabelMap("8-7", EIGHT, SEVEN, {"contempt": None}),
    LabelMap("8-6", EIGHT, SIX, {"contempt": None, **_DISGUST}),
    LabelMap("8-5", EIGHT, FIVE, {"contempt": None, **_DISGUST, "fear": None}),
    LabelMap("8-4", EIGHT, FOUR, {"contempt": None, **_DISGUST, "fear": None, "surprise": None}),
    LabelMap("7-6", SEVEN, SIX, {**_DISGUST}),
    LabelMap("7-5", SEVEN, FIVE, {**_DISGUST, "fear": None}),
    LabelMap("7-4", SEVEN, FOUR, {**_DISGUST, "fear": None, "surprise": None}),
    LabelMap("6-5", SIX, FIVE, {"fear": None}),
    LabelMap("6-4", SIX, FOUR, {"fear": None, "surprise": None}),
    LabelMap("5-4", FIVE, FOUR, {"surprise": None}),
)

_BY_NAME = {entry.name: entry for entry in LABEL_MAPS}


def label_map(name: str) -> LabelMap:
    """The map of that name.

    Raises:
        DataError: there is none; the message names all.
    """
    try:
        return _BY_NAME[name]
    except KeyError:
        raise DataError(unknown("label map", name, _BY_NAME)) from None
