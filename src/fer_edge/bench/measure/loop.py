"""The timing loop: one clock reading a call, written into a list that is already there."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from time import perf_counter_ns


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
