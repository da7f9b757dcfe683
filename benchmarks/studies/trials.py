"""Common parts of the trials of fer-bench: a journal that lets them run in slices, a known disturbance, subjects of a bundle.

A journal holds one JSON object a line, one a finished trial; a run adds to it until the wanted number is reached or its
minutes are over, and the result file is made of whatever is in it. It lies in ``--journal`` (default: a hidden file in
the current folder) and is not committed.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from machine import DEMO_BUNDLE
from runner import Asked, Option, option

from fer_edge.bench.measure import plans
from fer_edge.bench.measure.plans import MeasurementPlan
from fer_edge.bench.measure.subject import Subject
from fer_edge.bench.results.ratios import ratio_of_rounds
from fer_edge.bench.results.records import Result, pick
from fer_edge.bench.selection import Filter, select
from fer_edge.bench.targets import MeasurementRequest
from fer_edge.bench.targets.host import measure
from fer_edge.stats.ratio import Ratio

VARIANTS = ("tflite-fp32", "tflite-int8")
PLANS = {"quick": plans.COMPARE_QUICK, "default": plans.COMPARE}


def trial_options(name: str, trials: int, stress: int = 0, count: str = "trials") -> tuple[Option, ...]:
    """The options of every study of trials, which journals them as ``.<name>.jsonl``."""
    return (
        option(f"--{count}", trials),
        option("--bundle", DEMO_BUNDLE),
        option("--minutes", 1e9, "stop after so many; run again to go on"),
        option("--journal", Path(f".{name}.jsonl")),
        option("--plan", "quick", "of fer-bench compare", choices=sorted(PLANS)),
        option("--stress", stress, "processes of stress-ng; 0: none"),
    )


def subject(bundle: Path, variant: str) -> Subject:
    """One artifact of the bundle, in its engine with one thread."""
    with ExitStack() as stack:
        return select([str(bundle)], Filter((variant,)), stack).subjects[0]


def compare_slowed(
    plan: MeasurementPlan, one: Subject, seed: int, *, slower: float | None = None, stretched: float = 0.0
) -> tuple[Ratio, Result, float]:
    """``fer-bench compare`` of an artifact with itself, made slower by a known share.

    Args:
        plan: of the comparison.
        one: the artifact.
        seed: of the orders.
        slower: 0.03 makes B's calls 3 % slower by spinning (A gets the same wrapper); None: as they are.
        stretched: 0.03 makes B's measured times exactly 3 % longer.

    Returns:
        B over A, the whole result, and the seconds it took.
    """
    spun = {} if slower is None else {0: 0.0, 1: slower, 2: 0.0}
    begin = time.monotonic()
    sides = (replace(one, label="A"), replace(one, label="B"))
    result = measure(plan, MeasurementRequest(subjects=sides, seed=seed), spun, {1: stretched})
    a, b = (pick(result.records, subject=side, stage="inference")[0] for side in "AB")
    return ratio_of_rounds(a, b, seed=seed), result, time.monotonic() - begin


def trial(plan: MeasurementPlan, one: Subject, share: float | None, seed: int) -> dict[str, Any]:
    """One comparison as a line of a journal."""
    ratio, result, seconds = compare_slowed(plan, one, seed, slower=share)
    check = result.environment["aa_check"]
    return {
        "variant": one.variant,
        "seed": seed,
        "slower": share,
        "ratio": round(ratio.value, 6),
        "low": round(ratio.low, 6),
        "high": round(ratio.high, 6),
        "clusters": ratio.clusters,
        "twin": round(check["value"], 6),
        "seconds": round(seconds, 2),
        "cpu_pressure": result.environment["pressure"]["cpu"],
        "steal": result.environment["steal"],
    }


def journal_lines(path: Path) -> list[dict[str, Any]]:
    """The finished trials; a line that an interruption cut off is none."""
    if not path.exists():
        return []
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        with contextlib.suppress(ValueError):
            found.append(json.loads(line))
    return found


def run_trials(
    asked: Asked,
    wanted: int,
    make: Callable[[Subject, int], dict[str, Any]],
    variants: tuple[str, ...] = VARIANTS,
) -> list[dict[str, Any]]:
    """Make trials until the journal holds so many, or the minutes are over; Ctrl-C loses at most the one in flight.

    Args:
        asked: the options of :func:`trial_options`.
        wanted: number of trials.
        make: trial of an artifact and a number, 0 and up.
        variants: of the artifacts, which take turns.

    Returns:
        All lines of the journal so far.
    """
    until = time.monotonic() + 60 * asked.minutes
    subjects = [subject(asked.bundle, variant) for variant in variants]
    done = journal_lines(asked.journal)
    with stress(asked.stress), contextlib.suppress(KeyboardInterrupt):
        while len(done) < wanted and time.monotonic() < until:
            done.append(make(subjects[len(done) % len(subjects)], len(done)))
            with asked.journal.open("a", encoding="utf-8") as file:
                file.write(json.dumps(done[-1]) + "\n")
            shown = {key: value for key, value in done[-1].items() if not isinstance(value, list | dict)}
            print(f"{len(done)}/{wanted} {shown}", flush=True)
    return done


@contextlib.contextmanager
def stress(cpus: int) -> Iterator[None]:
    """While the block runs, ``stress-ng --cpu N`` does too; it ends with this process at the latest after two hours."""
    if not cpus:
        yield
        return
    load = subprocess.Popen(["stress-ng", "--cpu", str(cpus), "--timeout", "7200", "--quiet"])
    try:
        time.sleep(1)
        yield
    finally:
        load.terminate()
        load.wait()
