"""Which found box is which true face: the best assignment of all, not the first that fits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fer_edge.faces.face import Box
from fer_edge.predict.evaluation.truth.form import TrueFace
from fer_edge.runtime.extras import require

COVERED = 0.5
"""Share of a found box's area within an ignored face, from which it is not called false (as COCO does with crowds)."""


@dataclass(frozen=True, slots=True)
class Matches:
    """The faces of one picture, told apart.

    Attributes:
        pairs: numbers of a true face and the box that found it.
        missed: numbers of the true faces that none found.
        false: numbers of the boxes that are no face.
        ignored: numbers of the boxes that lie on an ignored face.
    """

    pairs: list[tuple[int, int]]
    missed: list[int]
    false: list[int]
    ignored: list[int]


def match_faces(truth: Sequence[TrueFace], boxes: Sequence[Box], least: float) -> Matches:
    """Assign boxes to true faces, each to one at most, so that as many as possible are found.

    Of equal assignments it is the one with the largest sum of overlaps (the Hungarian method,
    ``scipy.optimize.linear_sum_assignment``).

    Args:
        truth: the faces that are there.
        boxes: what was found.
        least: intersection over union, above 0, that a pair has at least.

    Raises:
        MissingExtra: scipy is not installed.
    """
    counted = [number for number, face in enumerate(truth) if not face.ignored]
    overlaps = intersection_over_union([truth[number].box for number in counted], boxes)
    fits = overlaps >= least
    # The sum of all overlaps weighs less than one more pair.
    worth = np.where(fits, 1 + overlaps / (1 + min(overlaps.shape)), 0.0)
    rows, columns = require("scipy.optimize", "stats").linear_sum_assignment(worth, maximize=True)
    pairs = [
        (counted[row], int(column)) for row, column in zip(rows, columns, strict=True) if fits[row, column]
    ]
    found, used = {face for face, _ in pairs}, {box for _, box in pairs}
    rest = [number for number in range(len(boxes)) if number not in used]
    hidden = _covered([face.box for face in truth if face.ignored], boxes)
    return Matches(
        pairs,
        [number for number in counted if number not in found],
        [number for number in rest if not hidden[number]],
        [number for number in rest if hidden[number]],
    )


def intersection_over_union(first: Sequence[Box], second: Sequence[Box]) -> NDArray[np.float64]:
    """(first, second) float64, 0..1: the share of two boxes' union that both cover."""
    shared = _shared(first, second)
    union = _areas(first)[:, None] + _areas(second)[None, :] - shared
    return np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)


def _covered(ignored: Sequence[Box], boxes: Sequence[Box]) -> NDArray[np.bool_]:
    if not ignored:
        return np.zeros(len(boxes), bool)
    shares = _shared(ignored, boxes) / np.maximum(_areas(boxes), 1e-9)[None, :]
    return np.asarray((shares >= COVERED).any(axis=0))


def _shared(first: Sequence[Box], second: Sequence[Box]) -> NDArray[np.float64]:
    one, two = _array(first)[:, None], _array(second)[None]
    sides = np.minimum(one[..., 2:], two[..., 2:]) - np.maximum(one[..., :2], two[..., :2])
    return np.asarray(np.clip(sides, 0, None).prod(axis=-1))


def _areas(boxes: Sequence[Box]) -> NDArray[np.float64]:
    corners = _array(boxes)
    return np.asarray((corners[:, 2:] - corners[:, :2]).prod(axis=1))


def _array(boxes: Sequence[Box]) -> NDArray[np.float64]:
    return np.asarray(boxes, np.float64).reshape(-1, 4)
