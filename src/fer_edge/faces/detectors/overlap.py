"""Boxes that overlap: how much, and which one of them stays."""

from __future__ import annotations

from collections.abc import Sequence

from fer_edge.faces.face import Box, Detection


def intersection_over_union(one: Box, other: Box) -> float:
    """The area that two boxes share over the area that they cover together, 0..1; 0 where one is empty."""
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    if across <= 0 or down <= 0:
        return 0.0
    shared = across * down
    return shared / (_area(one) + _area(other) - shared)


def keep_surest(found: Sequence[Detection], most: float) -> list[Detection]:
    """The detections but for those that overlap a surer one: greedy non-maximum suppression.

    Args:
        found: of one picture.
        most: how much of their union two boxes may share, 0..1; 1: all stay.

    Returns:
        In the order given. Of equally sure boxes the larger one stays, then the first.
    """
    by_rank = sorted(
        range(len(found)), key=lambda index: (-found[index].score, -_area(found[index].box), index)
    )
    kept: list[int] = []
    for index in by_rank:
        box = found[index].box
        if all(intersection_over_union(box, found[other].box) <= most for other in kept):
            kept.append(index)
    return [found[index] for index in sorted(kept)]


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
