"""Rate at which fer-bench notices 3 %: live comparisons of an artifact with itself, made slower by spinning.

    python benchmarks/studies/detection.py --trials 60 --minutes 9

Goal: 95 % of the trials say ``slower`` within 60 seconds. One comparison is one look with a fixed length, so its error
rate needs no correction for looking often.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from runner import Asked, Document, study
from trials import PLANS, run_trials, trial, trial_options

from fer_edge.stats.intervals import wilson

SLOWER = 0.03
LONGEST = 60.0
GOAL = 0.95


def run(asked: Asked) -> Document:
    """The figure and what belongs to it."""
    lines = run_trials(asked, asked.trials, lambda one, number: trial(PLANS[asked.plan], one, SLOWER, number))
    noticed = [line for line in lines if line["low"] > 1 and line["seconds"] <= LONGEST]
    share = len(noticed) / len(lines)
    return {
        "what": "live comparisons of an artifact with itself made 3 % slower: how often the verdict is 'slower'",
        "plan": asked.plan,
        "stress_ng_cpus": asked.stress,
        "slower": SLOWER,
        "trials_made": len(lines),
        "detected": len(noticed),
        "share": share,
        "share_interval": wilson(len(noticed), len(lines)),
        "goal": GOAL,
        "met": share >= GOAL,
        "median_seconds": statistics.median(line["seconds"] for line in lines),
        "longest_seconds": max(line["seconds"] for line in lines),
        "trials": lines,
    }


def show(document: Document) -> Iterator[str]:
    """The figure."""
    yield f"{document['detected']} of {document['trials_made']} noticed"


if __name__ == "__main__":
    study(run, *trial_options("detection", 60), show=show, result="bench_detection")
