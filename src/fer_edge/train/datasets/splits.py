"""Splits of our own making, where the owners have none: groups that must not be torn apart, dealt out by a seed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from fer_edge.train.datasets.checks import ExaminedFace, same_pictures

SHARES: Mapping[str, float] = {"test": 0.1, "validation": 0.1}
"""Part of the groups that is held out; at least one of each, and training keeps the rest."""


def group_by_person(seen: Sequence[ExaminedFace]) -> list[list[ExaminedFace]]:
    """Groups of the pictures of one person each."""
    people: dict[str, list[ExaminedFace]] = defaultdict(list)
    for each in seen:
        people[each.entry.person].append(each)
    return [people[person] for person in sorted(people)]


def group_alike(seen: Sequence[ExaminedFace]) -> list[list[ExaminedFace]]:
    """Groups of pictures that look the same: three takes of one pose would else be learned by heart."""
    home = list(range(len(seen)))

    def root(place: int) -> int:
        while home[place] != place:
            home[place] = home[home[place]]
            place = home[place]
        return place

    for left, right in same_pictures(seen, seen):
        one, other = sorted((root(left), root(right)))
        home[other] = one
    groups: dict[int, list[ExaminedFace]] = defaultdict(list)
    for place, each in enumerate(seen):
        groups[root(place)].append(each)
    return [groups[place] for place in sorted(groups)]


def divide(
    groups: Sequence[list[ExaminedFace]], shares: Mapping[str, float], seed: int, *, emotions_in_turn: bool
) -> dict[str, list[ExaminedFace]]:
    """The groups dealt out at random: each share, then the rest to ``train``.

    Args:
        groups: in a fixed order.
        shares: split -> part of the groups; with fewer than three groups only the last split is made.
        seed: of the order in which they are dealt out.
        emotions_in_turn: the strongest emotions take turns, so that each split gets some of all.

    Returns:
        The splits, faces ordered by name; ``train`` and ``validation`` always, perhaps empty.
    """
    order = [groups[at] for at in np.random.default_rng(seed).permutation(len(groups)).tolist()]
    if emotions_in_turn:
        order = _in_turn(order)
    splits: dict[str, list[ExaminedFace]] = {"train": [], "validation": []}
    fewer = len(groups) < 3 and len(shares) > 1
    for split, share in list(shares.items())[fewer:]:
        count = min(max(1, round(share * len(groups))), max(0, len(order) - 1))
        splits[split] = [each for group in order[:count] for each in group]
        order = order[count:]
    splits["train"] = [each for group in order for each in group]
    return {name: sorted(found, key=lambda each: each.entry.name) for name, found in splits.items()}


def _in_turn(groups: Sequence[list[ExaminedFace]]) -> list[list[ExaminedFace]]:
    turns: dict[int, int] = defaultdict(int)
    keyed: list[tuple[int, int, int, list[ExaminedFace]]] = []
    for group in groups:
        emotion = group[0].entry.emotion
        keyed.append((turns[emotion], emotion, len(keyed), group))
        turns[emotion] += 1
    return [group for _, _, _, group in sorted(keyed, key=lambda item: item[:3])]
