"""Warm-up: a process is warm as soon as it has stopped getting faster."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence

TURN_SECONDS = 0.005
COMPARED = 3
"""Turns on each side of the comparison."""
STEADY = 0.98
"""The last three turns' median, as a share of that of the three before, from which the process counts as steady.

2 % is what a comparison must resolve; a process that is still 2 % faster than 15 ms ago has not arrived. The rule looks
for falling times only: a machine that flips to a slower state must not keep a warm process waiting.
"""
LONGEST_SECONDS = 2.0


def is_steady(turns: Sequence[float]) -> bool:
    """True once the times of the turns have stopped falling.

    Args:
        turns: median seconds of a call in each turn, in order.
    """
    if len(turns) < 2 * COMPARED:
        return False
    before = statistics.median(turns[-2 * COMPARED : -COMPARED])
    return statistics.median(turns[-COMPARED:]) >= STEADY * before


def warm_up(run: Callable[[int], Sequence[int]], longest: float = LONGEST_SECONDS) -> tuple[float, bool]:
    """Run turns until they are steady.

    Args:
        run: times so many calls; nanoseconds of each.
        longest: seconds after which it is given up.

    Returns:
        Seconds of a call in the end, and whether it was steady.
    """
    turns: list[float] = []
    spent, count = 0.0, 1
    while not is_steady(turns):
        if spent > longest and len(turns) > COMPARED:
            return turns[-1], False
        samples = run(count)
        spent += sum(samples) * 1e-9
        turns.append(max(1, statistics.median(samples)) * 1e-9)
        count = max(1, round(TURN_SECONDS / turns[-1]))
    return turns[-1], True
