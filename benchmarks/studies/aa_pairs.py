"""Rate at which fer-bench tells two equal things apart: live ``compare --quick`` pairs under ``stress-ng --cpu 2``.

    python benchmarks/studies/aa_pairs.py --pairs 200 --minutes 9      again and again, until 200 are done

Goal: at most 1 % of the pairs are off by more than 2 %. Each pair is a run of its own: 8 generations of three processes
(A, B and A's twin). The two artifacts of the demo's bundle take turns.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator

from runner import Asked, Document, option, study
from trials import PLANS, run_trials, trial, trial_options

from fer_edge.stats.intervals import wilson

LIMIT = 0.02
GOAL = 0.01


def run(asked: Asked) -> Document:
    """The figure and what belongs to it."""
    lines = run_trials(asked, asked.pairs, lambda one, number: trial(PLANS[asked.plan], one, None, number))
    errors = [max(line["ratio"], 1 / line["ratio"]) - 1 for line in lines]
    off = sum(error > LIMIT for error in errors)
    return {
        "what": "live A/A comparisons (fer-bench compare --quick): an artifact against itself",
        "stress_ng_cpus": asked.stress,
        "beside": asked.beside,
        "pairs": len(lines),
        "limit": LIMIT,
        "off_by_more_than_limit": off,
        "share_off": off / len(lines),
        "share_off_interval": wilson(off, len(lines)),
        "goal": GOAL,
        "met": off / len(lines) <= GOAL,
        "median_error": statistics.median(errors),
        "largest_error": max(errors),
        "interval_leaves_out_1": sum(not line["low"] <= 1 <= line["high"] for line in lines),
        "median_interval_width": statistics.median(line["high"] - line["low"] for line in lines),
        "median_seconds": statistics.median(line["seconds"] for line in lines),
        "trials": lines,
    }


def show(document: Document) -> Iterator[str]:
    """The figure."""
    yield f"{document['off_by_more_than_limit']} of {document['pairs']} off by more than {LIMIT:.0%}"


if __name__ == "__main__":
    beside = option("--beside", "", "what else ran meanwhile, for the record")
    options = trial_options("aa_pairs", 200, stress=2, count="pairs")
    study(run, *options, beside, show=show, result="bench_aa_pairs")
