"""The timing loop, one clock reading a call, and the warm-up: a process is warm as soon as it has stopped getting faster."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Callable, Sequence
from time import perf_counter_ns

TURN_SECONDS = 0.005
COMPARED = 3
"""Turns on each side of the comparison."""
STEADY = 0.98
"""The last three turns' median, as a share of that of the three before, from which the process counts as steady.

2 % is what a comparison must resolve; a process that is still 2 % faster than 15 ms ago has not arrived. The rule looks
for falling times only: a machine that flips to a slower state must not keep a warm process waiting.
"""
LONGEST_SECONDS = 2.0


def time_calls(call: Callable[[], object], count: int) -> list[int]:
    """Nanoseconds of each of ``count`` calls.

    The end of a call is the beginning of the next, so the loop itself (a clock reading and a store) is part of every
    sample: well below a microsecond, see ``benchmarks/studies/harness_cost.py``.

    Args:
        call: what to time.
        count: how often, at least 1.

    Returns:
        (count,) nanoseconds.
    """
    stamps = [0] * (count + 1)
    now = perf_counter_ns
    stamps[0] = now()
    for number in range(1, count + 1):
        call()
        stamps[number] = now()
    return [end - begin for begin, end in itertools.pairwise(stamps)]


def slow_down(call: Callable[[], object], share: float) -> Callable[[], object]:
    """The same call, followed by spinning: a slow-down of real time for the harness's own trials.

    It is known to some tenths of a percent only, because a call that follows upon a longer spin does not take quite as
    long itself; where the truth must be exact (coverage of intervals) times are stretched instead.

    Args:
        call: what to slow down.
        share: 0.03 is 3 %; 0 keeps the wrapper's cost and adds nothing.
    """
    now = perf_counter_ns

    def call_and_spin() -> None:
        begin = now()
        call()
        end = begin + (now() - begin) * (1 + share)
        while now() < end:
            pass

    return call_and_spin


def stretch(samples: list[int], share: float) -> list[int]:
    """Times as they would be read from a clock that runs faster by a known share: 0.03 makes each exactly 3 % longer."""
    return [round(sample * (1 + share)) for sample in samples]


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
