"""Cost that fer-bench's timing loop adds to a call, the engine's own Python binding left out.

    python benchmarks/studies/harness_cost.py

Two ways, in turns: seconds a call of ``time_calls(call, n)`` (list of stamps and differences included) minus seconds a call of
the barest Python loop, once with a call that does nothing and once with each engine's own call. Goal: at most 2 microseconds.
"""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

from machine import DEMO_BUNDLE
from runner import Asked, Document, option, study
from trials import VARIANTS, subject

from fer_edge.bench.measure.timing import time_calls
from fer_edge.bench.measure.work import Work
from fer_edge.runtime.contract import Contract

GOAL = 2e-6


def run(asked: Asked) -> Document:
    """Measure every call."""
    calls: dict[str, tuple[Callable[[], object], int]] = {"a call that does nothing": (_nothing, 5000)}
    for variant in VARIANTS:
        one = subject(asked.bundle, variant)
        work = Work(one.path, one.format, "", 1, Contract.parse(one.contract))
        calls[f"{variant}, {work.engine}"] = (work.calls["inference"], 50)
    entries = [{"call": name, **cost(call, count, asked.rounds)} for name, (call, count) in calls.items()]
    return {
        "what": "seconds a call that the timing loop adds to a bare Python loop; medians over rounds in turns",
        "goal_seconds": GOAL,
        "met": entries[0]["added_seconds"] <= GOAL,
        "rounds": asked.rounds,
        "calls": entries,
    }


def cost(call: Callable[[], object], count: int, rounds: int) -> dict[str, Any]:
    """Bare and timed seconds a call; the difference is the median over rounds of neighbors."""
    bare, added = [], []
    for number in range(rounds):
        pair = {}
        for loop in (_bare, time_calls) if number % 2 else (time_calls, _bare):
            begin = time.perf_counter()
            loop(call, count)
            pair[loop] = (time.perf_counter() - begin) / count
        bare.append(pair[_bare])
        added.append(pair[time_calls] - pair[_bare])
    quarters = statistics.quantiles(added, n=4)
    return {
        "calls_a_round": count,
        "bare_seconds": statistics.median(bare),
        "added_seconds": quarters[1],
        "added_quarters": [quarters[0], quarters[2]],
    }


def _bare(call: Callable[[], object], count: int) -> None:
    for _ in itertools.repeat(None, count):
        call()


def _nothing() -> None:
    return None


def show(document: Document) -> Iterator[str]:
    """One line a call."""
    for entry in document["calls"]:
        added, bare = 1e6 * entry["added_seconds"], 1e6 * entry["bare_seconds"]
        yield f"{entry['call']}: {added:.3f} us a call added to {bare:.3f} us"


if __name__ == "__main__":
    study(
        run, option("--bundle", DEMO_BUNDLE), option("--rounds", 300), show=show, result="bench_harness_cost"
    )
