"""How often fer-bench notices 3 %: live comparisons of an artifact with itself, made slower by spinning.

    python benchmarks/studies/detection.py --trials 60 --minutes 9

Goal: 95 % of the trials say ``slower`` within 60 seconds. One comparison is one look with a fixed length, so its error
rate needs no correction for looking often.
"""

from __future__ import annotations

import statistics
import sys
from typing import Any

from machine import machine
from trials import PLANS, VARIANTS, fill, parser, stress, subject, trial, write

from fer_edge.stats.intervals import wilson

SLOWER = 0.03
LONGEST = 60.0
GOAL = 0.95


def main() -> None:
    """Measure, print, write the result file."""
    made = parser(__doc__.splitlines()[0], "detection")
    made.add_argument("--trials", type=int, default=60)
    made.add_argument("--stress", type=int, default=0, help="processes of stress-ng; 0: none")
    arguments = made.parse_args()
    subjects = [subject(arguments.bundle, variant) for variant in VARIANTS]
    with stress(arguments.stress):
        lines = fill(
            arguments.journal,
            arguments.trials,
            arguments.minutes,
            lambda number: trial(PLANS[arguments.plan], subjects[number % len(subjects)], SLOWER, number),
        )
    document = summary(lines, arguments.plan, arguments.stress)
    print(f"{document['detected']} of {document['trials_made']} noticed")
    write("bench_detection", document, arguments.dry)


def summary(lines: list[dict[str, Any]], plan: str, stressed: int) -> dict[str, Any]:
    """The figure and what belongs to it."""
    noticed = [line for line in lines if line["low"] > 1 and line["seconds"] <= LONGEST]
    share = len(noticed) / len(lines)
    return {
        "what": "live comparisons of an artifact with itself made 3 % slower: how often the verdict is 'slower'",
        "plan": plan,
        "stress_ng_cpus": stressed,
        "slower": SLOWER,
        "trials_made": len(lines),
        "detected": len(noticed),
        "share": share,
        "share_interval": wilson(len(noticed), len(lines)),
        "goal": GOAL,
        "met": share >= GOAL,
        "median_seconds": statistics.median(line["seconds"] for line in lines),
        "longest_seconds": max(line["seconds"] for line in lines),
        "machine": machine(),
        "trials": lines,
    }


if __name__ == "__main__":
    sys.exit(main())
