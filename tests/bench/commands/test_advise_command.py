"""``fer-bench advise`` on a real bundle, as a shell runs it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

from support.paths import DEMO_BUNDLE

MODULE = "fer_edge.bench.commands.bench"
Run = Callable[..., subprocess.CompletedProcess[str]]


def test_generous_limits(run_command: Run) -> None:
    arguments = (
        "advise",
        DEMO_BUNDLE,
        "--max-latency",
        "10s",
        "--max-size",
        "5MB",
        "--threads",
        "1",
        "--allow-noisy",
        "--json",
    )
    ran = run_command(MODULE, *arguments)
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    # Which of the two is faster is the machine's business; the rest is known.
    assert found["choice"]["variant"] in ("tflite-fp32", "tflite-int8")
    assert found["choice"]["threads"] == 1
    assert found["choice"]["fits"]
    assert found["choice"]["parity"] == "pass"
    low, high = found["choice"]["interval_seconds"]
    assert 0 < low <= found["choice"]["median_seconds"] <= high < 10
    (other,) = found["others"]
    assert other["why"]
    assert found["closest"] is None
    assert "Accuracy" in found["proof"]


def test_impossible_limits_name_the_closest(run_command: Run) -> None:
    ran = run_command(MODULE, "advise", DEMO_BUNDLE, "--max-latency", "1ns", "--threads", "1")
    assert ran.returncode == 3
    assert "Error: Nothing fits 1.00 ns latency. Closest is tflite-" in ran.stderr
    assert "too slow: up to " in ran.stdout
    assert "Traceback" not in ran.stderr


def test_nothing_is_small_enough_and_nothing_is_measured(run_command: Run) -> None:
    ran = run_command(MODULE, "advise", DEMO_BUNDLE, "--max-size", "1kB", "--json")
    assert ran.returncode == 3
    found = json.loads(ran.stdout)
    assert found["closest"]["variant"] == "tflite-int8"
    assert found["closest"]["median_seconds"] is None
    assert found["closest"]["why"].startswith("too large: ")


def test_usage_and_absent_bundles(run_command: Run, tmp_path: Path) -> None:
    ran = run_command(MODULE, "advise", DEMO_BUNDLE, "--max-latency", "15")
    assert ran.returncode == 2
    assert "'15' has no unit" in ran.stderr
    ran = run_command(MODULE, "advise", tmp_path / "none")
    assert ran.returncode == 1
    assert "does not exist" in ran.stderr
