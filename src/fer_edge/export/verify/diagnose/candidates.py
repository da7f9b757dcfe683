"""Candidates: explanations of what was observed, how far each is from it, and which one is named."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

RIGHT_NAME = "right"
PENALTY = 3.0
"""An explanation with one more mistake must be nearer by this factor."""
RARE = 1.02
"""The same for each degree of rarity: decides only between equals."""
RIVAL = 3.0
"""How much nearer than any explanation by other steps one must be before it is named."""
HALF = 0.5
"""Share of what the right way leaves unexplained that a mistake may leave at most."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One explanation.

    Attributes:
        mistakes: names, at most two; none: everything was right.
        distance: of what it gives from what was observed, in the unit of its question.
        worst: the largest single difference, in the same unit or, of answers, in probability.
        same: other explanations that give the very same here.
    """

    mistakes: tuple[str, ...]
    distance: float
    worst: float
    same: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Bounds:
    """The distances that count as nothing and as explained.

    Attributes:
        floor: below it two distances are equal.
        explained: beyond it nothing is explained.
    """

    floor: float
    explained: float


def rank(
    candidates: Sequence[Candidate], bounds: Bounds, rarity: Callable[[tuple[str, ...]], int]
) -> list[Candidate]:
    """The candidates, the best explanation first: distance against the number of mistakes that it takes."""

    def score(one: Candidate) -> tuple[float, float]:
        weight: float = PENALTY ** len(one.mistakes) * RARE ** rarity(one.mistakes)
        return max(one.distance, bounds.floor) * weight, one.distance

    return sorted(candidates, key=score)


def named(ranked: Sequence[Candidate], bounds: Bounds) -> Candidate | None:
    """The candidate that explains what was observed, or None: none of these."""
    if not ranked:
        return None
    best = ranked[0]
    right = next((one.distance for one in ranked if not one.mistakes), float("inf"))
    enough = not best.mistakes or best.distance <= max(HALF * right, bounds.floor)
    return best if best.distance <= bounds.explained and enough else None


def rivals(
    ranked: Sequence[Candidate], best: Candidate, bounds: Bounds, step: Callable[[str], str]
) -> list[Candidate]:
    """Explanations with no more mistakes, at none of the best one's steps, that are about as near: which one it was, nobody can say.

    Among some thousand explanations of a few rounded numbers, one is near by chance; what was made is far nearer than all others.

    Args:
        ranked: all candidates.
        best: the one that would be named.
        bounds: of the distances.
        step: of a mistake, by its name.
    """
    taken, near = set(map(step, best.mistakes)), RIVAL * max(best.distance, bounds.floor / 2)
    return [
        one
        for one in ranked
        if 0 < len(one.mistakes) <= len(best.mistakes) and one.distance <= min(near, bounds.explained)
        if not taken & set(map(step, one.mistakes))
    ]


def merge_equal(candidates: Sequence[Candidate], keys: Sequence[object]) -> list[Candidate]:
    """One candidate for those that give the very same; the first of them, which has the fewest mistakes, stands for all."""
    first: dict[object, int] = {}
    found: list[Candidate] = []
    for one, key in zip(candidates, keys, strict=True):
        if key in first:
            at = first[key]
            found[at] = replace(found[at], same=(*found[at].same, one.mistakes, *one.same))
        else:
            first[key] = len(found)
            found.append(one)
    return found
