"""How often fer-bench tells two equal things apart: live ``compare --quick`` pairs under ``stress-ng --cpu 2``.

    python benchmarks/studies/aa_pairs.py --pairs 200 --minutes 9      again and again, until 200 are done

Goal: at most 1 % of the pairs are off by more than 2 %. Each pair is a run of its own: 8 generations of three processes
(A, B and A's twin). The two artifacts of the demo's bundle take turns.
"""

from __future__ import annotations

import statistics
import sys
from typing import Any

from machine import machine
from trials import PLANS, VARIANTS, fill, parser, stress, subject, trial, write

from fer_edge.stats.intervals import wilson

LIMIT = 0.02
GOAL = 0.01


def main() -> None:
    """Measure, print, write the result file."""
    made = parser(__doc__.splitlines()[0], "aa_pairs")
    made.add_argument("--pairs", type=int, default=200)
    made.add_argument("--stress", type=int, default=2, help="processes of stress-ng; 0: none")
    made.add_argument("--beside", default="", help="what else ran meanwhile, for the record")
    arguments = made.parse_args()
    subjects = [subject(arguments.bundle, variant) for variant in VARIANTS]
    with stress(arguments.stress):
        lines = fill(
            arguments.journal,
            arguments.pairs,
            arguments.minutes,
            lambda number: trial(PLANS[arguments.plan], subjects[number % len(subjects)], None, number),
        )
    document = summary(lines, arguments.stress, arguments.beside)
    print(f"{document['off_by_more_than_limit']} of {document['pairs']} off by more than {LIMIT:.0%}")
    write("bench_aa_pairs", document, arguments.dry)


def summary(lines: list[dict[str, Any]], stressed: int, beside: str) -> dict[str, Any]:
    """The figure and what belongs to it."""
    errors = [max(line["ratio"], 1 / line["ratio"]) - 1 for line in lines]
    off = sum(error > LIMIT for error in errors)
    told_apart = sum(not line["low"] <= 1 <= line["high"] for line in lines)
    return {
        "what": "live A/A comparisons (fer-bench compare --quick): an artifact against itself",
        "stress_ng_cpus": stressed,
        "beside": beside,
        "pairs": len(lines),
        "limit": LIMIT,
        "off_by_more_than_limit": off,
        "share_off": off / len(lines),
        "share_off_interval": wilson(off, len(lines)),
        "goal": GOAL,
        "met": off / len(lines) <= GOAL,
        "median_error": statistics.median(errors),
        "largest_error": max(errors),
        "interval_leaves_out_1": told_apart,
        "median_interval_width": statistics.median(line["high"] - line["low"] for line in lines),
        "median_seconds": statistics.median(line["seconds"] for line in lines),
        "machine": machine(),
        "trials": lines,
    }


if __name__ == "__main__":
    sys.exit(main())
