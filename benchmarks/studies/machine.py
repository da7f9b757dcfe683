"""The machine, and fair ways to measure on it: processes of our own, processor time, turns. The standard library alone."""

from __future__ import annotations

import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "src"
RESULTS = ROOT / "benchmarks" / "results"
DEMO_BUNDLE = ROOT / "android_demo" / "bundle"


def machine() -> dict[str, object]:
    """CPU model, count, system and Python; never a name of the machine or its user."""
    return {
        "cpu": cpu_field("model name") or platform.processor() or "unknown",
        "cpus": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "load_average_1min": load(),
    }


def load() -> float:
    """Processes that wait or run, mean of the last minute."""
    return round(os.getloadavg()[0], 1)


def cpu_field(name: str) -> str:
    """A line of ``/proc/cpuinfo``, such as ``flags``; empty where there is none."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(name)), "")


def environment(**changes: object) -> dict[str, str]:
    """Variables of a process that imports this checkout's package, on one thread."""
    own = {"PYTHONPATH": SOURCES, "OMP_NUM_THREADS": 1}
    return {**os.environ, **{name: str(value) for name, value in {**own, **changes}.items()}}


def python(
    *words: object,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    log: Path | None = None,
    allowed: tuple[int, ...] = (0,),
) -> str:
    """Run the interpreter to its end; what it wrote to standard output.

    Args:
        words: after the interpreter: ``"-m", "fer_edge.train.cli", ...`` or ``"-c", script``.
        cwd: the folder; None: this one.
        env: None: :func:`environment`.
        log: takes both streams at its end, instead of the answer.
        allowed: exit codes.

    Raises:
        SystemExit: another exit code; says what it wrote last.
    """
    command = [sys.executable, *map(str, words)]
    env = environment() if env is None else env
    if log is None:
        done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    else:
        with log.open("a", encoding="utf-8") as file:
            done = subprocess.run(command, cwd=cwd, env=env, stdout=file, stderr=file, text=True, check=False)
    if done.returncode not in allowed:
        told = f"see {log}" if log else (done.stderr or "")[-2000:]
        raise SystemExit(f"{' '.join(command[1:4])} ended with {done.returncode}: {told}")
    return done.stdout or ""


def cpu_seconds(action: Callable[[], object]) -> float:
    """User and system time of all processes that ``action`` starts and waits for."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    action()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def time_action(clock: Callable[[], float], action: Callable[[], object]) -> float:
    """Seconds of one call by that clock."""
    start = clock()
    action()
    return clock() - start


def interleave(
    ways: Mapping[str, Callable[[], object]],
    rounds: int,
    seconds: Callable[[Callable[[], object]], float] = lambda way: time_action(time.perf_counter, way),
) -> dict[str, list[float]]:
    """Seconds of each way, one after the other in every round, so that all see the same machine; one round warms up."""
    samples: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, way in ways.items():
            taken = seconds(way)
            if number:
                samples[name].append(taken)
    return samples
