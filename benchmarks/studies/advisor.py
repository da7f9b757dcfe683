"""The advisor against an exhaustive measurement: how much slower is what it names than the best there is?

python benchmarks/studies/advisor.py --bundle demo/bundle --out benchmarks/results/advisor.json

First the advice, then every variant with every number of threads for a longer time, then the two winners against each
other, side by side. About three minutes for a bundle of all variants.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path

from runner import Asked, Document, option, study

from fer_edge.bench.advice.advise import Goal, advise
from fer_edge.bench.advice.passes import Measuring
from fer_edge.bench.commands.advise import default_threads
from fer_edge.bench.measure.plans import MeasurementPlan
from fer_edge.bench.measure.subject import Subject
from fer_edge.bench.results.ratios import ratio_of_rounds
from fer_edge.bench.results.records import Record
from fer_edge.bench.selection import Filter, select
from fer_edge.bench.targets import MeasurementRequest
from fer_edge.bench.targets.host import measure
from fer_edge.console.output import Output

GOAL = 1.03
"""The advisor's choice may take so much longer than the best."""
EXHAUSTIVE_SECONDS = 1.6
"""Of each variant and number of threads; what a first pass of the advisor has, more than sixfold."""


def subjects(bundle: Path, stack: ExitStack) -> list[Subject]:
    """Every variant with every number of threads, as the advisor sees them."""
    found = select([str(bundle)], Filter(threads=default_threads()), stack).subjects
    return [replace(entry, label=f"{entry.variant} x{entry.threads}") for entry in found]


def whole(chosen: list[Subject], seconds: float, generations: int, seed: int) -> dict[str, Record]:
    """The whole path's record of each, measured side by side."""
    plan = MeasurementPlan("exhaustive", seconds * len(chosen), generations, ("whole",), twin=False)
    result = measure(plan, MeasurementRequest(tuple(chosen), "exhaustive", seed=seed))
    return {record.name: record for record in result.stage("whole")}


def ask_advisor(chosen: list[Subject], seed: int) -> tuple[Subject, float]:
    """The advisor's choice without limits, and the seconds that it took."""
    begin = time.monotonic()
    found = advise(chosen, Goal(), Measuring(Output().say, seed)).choice
    assert found is not None
    return found.subject, time.monotonic() - begin


def run(asked: Asked) -> Document:
    """The figures."""
    bundle, seed = asked.bundle, asked.seed
    with ExitStack() as stack:
        chosen = subjects(bundle, stack)
        named, took = ask_advisor(chosen, seed)
        begin = time.monotonic()
        records = whole(chosen, EXHAUSTIVE_SECONDS, 2, seed + 1)
        exhaustive_took = time.monotonic() - begin
        medians = {name: statistics.median(record.samples) for name, record in records.items()}
        reference = records[chosen[0].name]
        relative = {name: ratio_of_rounds(reference, record).value for name, record in records.items()}
        best = min(relative, key=lambda name: relative[name])
        ratio = None
        if best != named.name:
            pair = [next(entry for entry in chosen if entry.name == name) for name in (best, named.name)]
            final = whole(pair, 8.0, 16, seed + 2)
            ratio = ratio_of_rounds(final[best], final[named.name])
    value = ratio.value if ratio else 1.0
    return {
        "candidates": len(chosen),
        "advised": named.name,
        "advised_seconds_taken": round(took, 1),
        "exhaustive_best": best,
        "exhaustive_seconds_taken": round(exhaustive_took, 1),
        "ratio": None if ratio is None else {key: round(number, 4) for key, number in asdict(ratio).items()},
        "goal_ratio": GOAL,
        "met": value <= GOAL,
        "median_seconds": {
            name: round(medians[name], 7) for name in sorted(medians, key=lambda n: relative[n])
        },
    }


def show(found: Document) -> Iterator[str]:
    """The advice against the best."""
    ratio, slower = found["ratio"], "the same"
    if ratio:
        slower = f"{ratio['value']:.3f} x ({ratio['low']:.3f} to {ratio['high']:.3f})"
    took, longer = found["advised_seconds_taken"], found["exhaustive_seconds_taken"]
    yield f"{found['candidates']} candidates; advised {found['advised']} in {took} s"
    yield f"exhaustive best {found['exhaustive_best']} in {longer} s; advised / best: {slower}"
    yield f"goal {GOAL}: {'met' if found['met'] else 'missed'}"


if __name__ == "__main__":
    bundle = option("--bundle", None, "of all variants", type=Path, required=True)
    study(run, bundle, option("--seed", 0), show=show)
