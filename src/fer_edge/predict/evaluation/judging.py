"""One picture's answer beside the truth, and which picture of the truth it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fer_edge.predict.evaluation.matching import Matches, match_faces
from fer_edge.predict.evaluation.truth.form import TrueFace, Truth
from fer_edge.predict.result import RecognizedFace
from fer_edge.runtime.labels import canonical


@dataclass(frozen=True, slots=True)
class Guess:
    """A found face whose emotion is known.

    Attributes:
        truth: its emotion.
        ranked: all emotions by canonical name, most probable first.
    """

    truth: str
    ranked: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class JudgedPicture:
    """A picture that was looked at, beside its truth.

    Attributes:
        matches: which box is which face.
        guesses: of the found faces that have an emotion.
        lost: emotions of the missed ones.
        labels: of the model, canonical, in its order.
        seconds: that the picture took.
    """

    matches: Matches
    guesses: tuple[Guess, ...]
    lost: tuple[str, ...]
    labels: tuple[str, ...]
    seconds: float


def judge(
    truth: Sequence[TrueFace], faces: Sequence[RecognizedFace], labels: Sequence[str], *, iou: float, seconds: float
) -> JudgedPicture:  # fmt: skip
    """Compare the faces of one picture with those that are there.

    Args:
        truth: what is there.
        faces: what was found.
        labels: of the model, in its order.
        iou: from which a box has found a face.
        seconds: that the picture took.
    """
    matches = match_faces(truth, [face.bbox for face in faces], iou)
    guesses = [
        Guess(emotion, tuple(canonical(label) for label, _ in faces[box].prediction.top(len(labels))))
        for face, box in matches.pairs
        if (emotion := truth[face].emotion) is not None
    ]
    lost = [emotion for face in matches.missed if (emotion := truth[face].emotion) is not None]
    return JudgedPicture(matches, tuple(guesses), tuple(lost), tuple(map(canonical, labels)), seconds)


def find_truths(names: Iterable[str], truth: Truth) -> dict[str, str]:
    """The name that the truth has for each picture: the same, else the same path's end, if only one has it.

    A labeling program writes ``images/val/a.jpg`` or ``a.jpg`` for what is ``val/a.jpg`` below the folder given as source.

    Args:
        names: of the pictures.
        truth: by its names.

    Returns:
        By picture; one of which the truth says nothing is absent.
    """
    wanted = list(dict.fromkeys(names))
    found = {name: name for name in wanted if name in truth}
    free, rest = set(truth) - set(found), [name for name in wanted if name not in found]
    bases = Counter(map(_base, rest)), Counter(map(_base, free))
    by_base = {_base(name): name for name in free}
    for name in rest:
        base = _base(name)
        if bases[0][base] == bases[1][base] == 1 and _same_end(name, by_base[base]):
            found[name] = by_base[base]
    return found


def _base(name: str) -> str:
    return _parts(name)[-1]


def _same_end(one: str, other: str) -> bool:
    """Whether the shorter path is the end of the longer one."""
    first, second = _parts(one), _parts(other)
    length = min(len(first), len(second))
    return first[-length:] == second[-length:]


def _parts(name: str) -> list[str]:
    return [part for part in name.replace("\\", "/").split("/") if part not in {"", "."}] or [name]
