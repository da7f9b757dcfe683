"""What fer-bench's timing loop adds to a call, the engine's own Python binding left out.

    python benchmarks/studies/harness_cost.py

Two ways, in turns: seconds a call of ``timed(call, n)`` (list of stamps and differences included) minus seconds a call of
the barest Python loop, once with a call that does nothing and once with each engine's own call. Goal: at most 2 microseconds.
"""

from __future__ import annotations

import itertools
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from machine import machine
from trials import VARIANTS, parser, subject, write

from fer_edge.bench.measure.loop import timed
from fer_edge.bench.measure.work import Work
from fer_edge.runtime.contract import Contract

GOAL = 2e-6
ROUNDS = 300


def main() -> None:
    """Measure, print, write the result file."""
    arguments = parser(__doc__.splitlines()[0], "harness_cost").parse_args()
    calls: dict[str, tuple[Callable[[], object], int]] = {"a call that does nothing": (_nothing, 5000)}
    for variant in VARIANTS:
        one = subject(arguments.bundle, variant)
        work = Work(one.path, one.format, "", 1, Contract.parse(one.contract))
        calls[f"{variant}, {work.engine}"] = (work.calls["inference"], 50)
    entries = [{"call": name, **cost(call, count)} for name, (call, count) in calls.items()]
    for entry in entries:
        print(
            f"{entry['call']}: {1e6 * entry['added_seconds']:.3f} us a call added to {1e6 * entry['bare_seconds']:.3f} us"
        )
    document = {
        "what": "seconds a call that the timing loop adds to a bare Python loop; medians over rounds in turns",
        "goal_seconds": GOAL,
        "met": entries[0]["added_seconds"] <= GOAL,
        "rounds": ROUNDS,
        "calls": entries,
        "machine": machine(),
    }
    write("bench_harness_cost", document, arguments.dry)


def cost(call: Callable[[], object], count: int) -> dict[str, Any]:
    """Bare and timed seconds a call; the difference is the median over rounds of neighbors."""
    bare, added = [], []
    for number in range(ROUNDS):
        pair = {}
        for loop in (_bare, timed) if number % 2 else (timed, _bare):
            begin = time.perf_counter()
            loop(call, count)
            pair[loop] = (time.perf_counter() - begin) / count
        bare.append(pair[_bare])
        added.append(pair[timed] - pair[_bare])
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


if __name__ == "__main__":
    sys.exit(main())
