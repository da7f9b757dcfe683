"""Coverage of a comparison's 95 % intervals: an artifact against itself, slower by a share known exactly.

    python benchmarks/studies/coverage.py --minutes 9      again and again, until 20 recorded and 30 live runs are done

Recorded: 20 runs. Resampled trials: 300 each with 1, 3 and 10 %; a trial draws as many generations as a run has from all
recorded generations, at that slow-down, and computes the interval as ``fer-bench compare`` does. Live: 30 further runs, ten
each, each with the interval that its command would print. Goal: 92 to 98 % of the intervals hold the truth.

The slow-down is in the clock of B's process, which stretches every measured time by the share. Spinning after each call,
as ``detection.py`` does, was tried first: a call that follows upon a spin takes 0.1 to 0.2 % longer itself, so the
truth would be known less well than the intervals are wide. A factor on the clock adds its logarithm to each generation's
log ratio, whatever the factor, so the same recorded runs serve all three.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from typing import Any

import numpy as np
from runner import Asked, Document, study
from trials import PLANS, compare_slowed, run_trials, trial_options

from fer_edge.bench.measure.plans import MeasurementPlan
from fer_edge.bench.measure.subject import Subject
from fer_edge.bench.results.records import Record, pick
from fer_edge.stats.intervals import wilson
from fer_edge.stats.location import hodges_lehmann
from fer_edge.stats.ratio import ratio_of_logs

SHARES = (0.01, 0.03, 0.10)
VARIANT = "tflite-fp32"
RECORDED, LIVE, TRIALS = 20, 10, 300
"""Runs to resample from; live runs and resampled trials of each slow-down."""
GOAL = (0.92, 0.98)


def run(asked: Asked) -> Document:
    """The figures and what belongs to them."""
    wanted, plan = RECORDED + len(SHARES) * LIVE, PLANS[asked.plan]
    lines = run_trials(asked, wanted, lambda one, number: compare(plan, one, number), (VARIANT,))
    entries = [_slow_down(lines[:RECORDED], lines[RECORDED:], share) for share in SHARES]
    held = sum(entry["live_held"] for entry in entries)
    live = sum(entry["live"] for entry in entries)
    coverages = [entry["resampled_coverage"] for entry in entries]
    return {
        "what": "95 % intervals of fer-bench compare that hold a known slow-down",
        "plan": asked.plan,
        "stress_ng_cpus": asked.stress,
        "goal": GOAL,
        "met": all(GOAL[0] <= coverage <= GOAL[1] for coverage in coverages),
        "live": live,
        "live_held": held,
        "live_interval": wilson(held, live) if live else None,
        "slow_downs": entries,
        "runs": lines,
    }


def compare(plan: MeasurementPlan, one: Subject, number: int) -> dict[str, Any]:
    """One comparison: its interval, and one log ratio a generation to resample."""
    share = SHARES[number % len(SHARES)]
    ratio, result, seconds = compare_slowed(plan, one, number, stretched=share)
    a, b = (pick(result.records, subject=side, stage="inference")[0] for side in "AB")
    return {
        "variant": one.variant,
        "slower": share,
        "ratio": ratio.value,
        "low": ratio.low,
        "high": ratio.high,
        "seconds": round(seconds, 2),
        "cpu_pressure": result.environment["pressure"]["cpu"],
        "generations": generation_logs(a, b),
    }


def generation_logs(a: Record, b: Record) -> list[float]:
    """One log ratio a generation, as :func:`fer_edge.stats.ratio.paired_ratio` makes them."""
    turns = [
        {(block.generation, block.turn): statistics.median(samples) for block, samples in record.split()}
        for record in (a, b)
    ]
    logs: dict[int, list[float]] = {}
    for key, value in turns[0].items():
        if key in turns[1]:
            logs.setdefault(key[0], []).append(float(np.log(turns[1][key] / value)))
    return [hodges_lehmann(values) for values in logs.values()]


def _slow_down(recorded: list[dict[str, Any]], later: list[dict[str, Any]], share: float) -> dict[str, Any]:
    live = [line for line in later if line["slower"] == share]
    return {
        "slower": share,
        "recorded": len(recorded),
        "trials": TRIALS,
        "resampled_coverage": resample(recorded, share),
        "live": len(live),
        "live_held": sum(line["low"] <= 1 + share <= line["high"] for line in live),
        "median_width": statistics.median(line["high"] - line["low"] for line in recorded),
    }


def resample(recorded: list[dict[str, Any]], share: float) -> float:
    """The share of resampled intervals that hold the truth."""
    pool = np.concatenate(
        [np.asarray(line["generations"]) + np.log((1 + share) / (1 + line["slower"])) for line in recorded]
    )
    size = round(statistics.median(len(line["generations"]) for line in recorded))
    random = np.random.default_rng(round(1000 * share))
    held = 0
    for number in range(TRIALS):
        found = ratio_of_logs(list(random.choice(pool, size, replace=False)), seed=number)
        held += found.low <= 1 + share <= found.high
    return held / TRIALS


def show(document: Document) -> Iterator[str]:
    """One line a slow-down."""
    for entry in document["slow_downs"]:
        held = f"live {entry['live_held']} of {entry['live']}"
        yield f"{entry['slower']:.0%}: resampled {entry['resampled_coverage']:.3f}, {held}"


if __name__ == "__main__":
    study(run, *trial_options("coverage", 0)[1:], show=show, result="bench_coverage")
