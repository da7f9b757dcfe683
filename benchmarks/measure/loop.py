"""The timing loop: one clock reading a call, written into a list that is already there."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Callable
from time import perf_counter_ns


def timed(call: Callable[[], object], count: int) -> list[int]:
    """Nanoseconds of each of ``count`` calls.

    The end of a call is the beginning of the next, so the loop itself (a clock reading and a store) is part of every
    sample: well below a microsecond, see ``benchmarks/figures/harness_cost.py``.

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


def slowed(call: Callable[[], object], share: float) -> Callable[[], object]:
    """The same call, made to take ``1 + share`` times as long by spinning: a known slow-down for the harness's own trials.

    "As long" is what :func:`timed` sees, so the wrapper's own cost, and by how much a spin of known length misses it,
    are measured once and taken into account; without that a tenth of a percent would be missing at 100 microseconds.

    Args:
        call: what to slow down.
        share: 0.03 is 3 %; 0 keeps the wrapper's cost and adds nothing.
    """
    if not share:
        return _spinning(call, 0.0, 0.0, 0.0)
    seen = _typical(_nothing)
    plain = _typical(_spinning(_nothing, 0.0, 0.0, 0.0))
    spun = _typical(_spinning(_nothing, 0.0, 0.0, _KNOWN_NS))
    return _spinning(call, share, plain - seen, _KNOWN_NS - (spun - plain))


_KNOWN_NS = 5000.0


def _typical(call: Callable[[], object]) -> float:
    """Nanoseconds of a call on an undisturbed CPU: the fastest of some medians."""
    return min(statistics.median(timed(call, 301)) for _ in range(15))


def _nothing() -> None:
    return None


def _spinning(call: Callable[[], object], share: float, cost: float, more: float) -> Callable[[], object]:
    now = perf_counter_ns

    def call_and_spin() -> None:
        begin = now()
        call()
        took = now() - begin
        wait = (took + cost) * share + more
        stop = now() + wait
        while now() < stop:
            pass

    return call_and_spin
