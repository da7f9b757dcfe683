"""fer-bench against the loops that people write: the same artifact against itself, every procedure in the same minutes.

    python benchmarks/studies/naive_loops.py --trials 20 --stress 2 --minutes 9

Each trial asks every procedure, in random order, for two figures of the same artifact, one process after the other (fer-bench:
side by side, that is its procedure), and notes the ratio, which should be 1.

| procedure | source |
|---|---|
| mean of 50 | one warm-up call, mean of 50 |
| benchmark_model | TFLite's tool: warm-up of at least one run and 0.5 s, then at least 50 runs and 1 s; mean |
| Ultralytics | ``ProfileModels``: three warm-ups of 10 runs, then as many as the last of them says fit ``min_time`` (60 s), at least 100; mean after clipping at 2 sigma up to five times |
| fer-bench | ``compare --quick`` |
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from runner import Asked, Document, option, study
from trials import PLANS, compare_slowed, run_trials, trial_options

from fer_edge.bench.measure.process import Process
from fer_edge.bench.measure.subject import Subject

LIMIT = 0.02
Time = Callable[[int], list[int]]
"""Times so many calls, nanoseconds of each."""


def mean_of_50(run: Time) -> float:
    """One warm-up, then the mean of 50."""
    run(1)
    return statistics.fmean(run(50)) * 1e-9


def benchmark_model(run: Time) -> float:
    """The defaults of TFLite's ``benchmark_model``: ``warmup_runs=1 warmup_min_secs=0.5 num_runs=50 min_secs=1``."""
    _at_least(run, 1, 0.5)
    return statistics.fmean(_at_least(run, 50, 1.0)) * 1e-9


def _at_least(run: Time, calls: int, seconds: float) -> list[int]:
    samples: list[int] = []
    while len(samples) < calls or sum(samples) < seconds * 1e9:
        samples += run(max(1, calls - len(samples)))
    return samples


def ultralytics(run: Time, min_time: float) -> float:
    """``ProfileModels.profile_onnx_model`` with ``num_warmup_runs=10 num_timed_runs=100``."""
    last = [sum(run(10)) * 1e-9 for _ in range(3)][-1]
    number = max(round(min_time / (last + 1e-3) * 10), 100)
    return clipped_mean(np.asarray(run(number)) * 1e-9)


def clipped_mean(times: NDArray[np.float64]) -> float:
    """Mean of what is left when what lies over 2 standard deviations off has been thrown away five times."""
    for _ in range(5):
        kept = times[np.abs(times - times.mean()) < 2 * times.std()]
        if kept.size in (0, times.size):
            break
        times = kept
    return float(times.mean())


def run(asked: Asked) -> Document:
    """Errors of each procedure."""
    lines = run_trials(asked, asked.trials, lambda one, number: trial(one, number, asked))
    names = [name for name in lines[0] if name not in ("variant", "order")]
    return {
        "what": "an artifact against itself by several procedures in the same minutes: the ratio should be 1",
        "stress_ng_cpus": asked.stress,
        "ultralytics_min_time_seconds": asked.ultralytics_seconds,
        "trials_made": len(lines),
        "limit": LIMIT,
        "procedures": [_procedure(name, [line[name] for line in lines]) for name in sorted(names)],
        "trials": lines,
    }


def trial(one: Subject, number: int, asked: Asked) -> dict[str, Any]:
    """Every procedure once, in random order: its two figures and the seconds they took."""
    procedures: dict[str, Callable[[], tuple[float, float]]] = {
        "mean of 50": lambda: _twice(one, mean_of_50),
        "benchmark_model": lambda: _twice(one, benchmark_model),
        "Ultralytics": lambda: _twice(one, lambda run: ultralytics(run, asked.ultralytics_seconds)),
        "fer-bench": lambda: (1.0, compare_slowed(PLANS[asked.plan], one, number)[0].value),
    }
    order = list(procedures)
    random.Random(number).shuffle(order)
    found: dict[str, Any] = {"variant": one.variant, "order": order}
    for name in order:
        begin = time.monotonic()
        first, second = procedures[name]()
        found[name] = {"ratio": second / first, "seconds": round(time.monotonic() - begin, 2)}
    return found


def _twice(one: Subject, procedure: Callable[[Time], float]) -> tuple[float, float]:
    return _once(one, procedure), _once(one, procedure)


def _once(one: Subject, procedure: Callable[[Time], float]) -> float:
    with Process(one) as child:
        child.ready()
        child.load()
        return procedure(lambda count: child.turn("inference", count, None))


def _procedure(name: str, found: list[dict[str, float]]) -> dict[str, Any]:
    errors = [max(entry["ratio"], 1 / entry["ratio"]) - 1 for entry in found]
    return {
        "procedure": name,
        "off_by_more_than_limit": sum(error > LIMIT for error in errors),
        "median_error": statistics.median(errors),
        "largest_error": max(errors),
        "median_seconds": statistics.median(entry["seconds"] for entry in found),
    }


def show(document: Document) -> Iterator[str]:
    """A table of the procedures."""
    yield f"{'procedure':16} {'off > 2 %':>9} {'median error':>13} {'largest':>9} {'seconds':>8}"
    for entry in document["procedures"]:
        yield (
            f"{entry['procedure']:16} {entry['off_by_more_than_limit']:>9} {entry['median_error']:>12.2%} "
            f"{entry['largest_error']:>9.1%} {entry['median_seconds']:>8.1f}"
        )


if __name__ == "__main__":
    minimum = option("--ultralytics-seconds", 60.0, "its min_time")
    study(run, *trial_options("naive_loops", 20), minimum, show=show, result="bench_naive_loops")
