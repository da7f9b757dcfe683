"""Processor time of an export in every variant, all processes together: with faces that are drawn anew, and with kept ones.

    python benchmarks/studies/export_cpu.py [--rounds 2]

Each round runs ``fer-export --all-variants --accuracy synthetic`` twice with one folder for caches; the bundles must be
equal. The machine's load is recorded: two busy cores share execution units, so that processor time of a busy machine is an
upper bound.
"""

from __future__ import annotations

import statistics
import tempfile
from functools import partial
from pathlib import Path

from machine import cpu_seconds, environment, load, python
from runner import Asked, Document, option, study

EXPORT = ("-m", "fer_edge.export.cli", "--all-variants", "--accuracy", "synthetic", "--quiet")
AT_MOST_SECONDS = 60


def run(asked: Asked) -> Document:
    """Export so often."""
    seconds: dict[str, list[float]] = {"drawn": [], "kept": []}
    for _ in range(asked.rounds):
        with tempfile.TemporaryDirectory() as folder:
            env = environment(FER_EDGE_CACHE=Path(folder, "cache"))
            manifests = []
            for name, values in seconds.items():
                out = Path(folder, name)
                values.append(round(cpu_seconds(partial(python, *EXPORT, "--out", out, env=env)), 1))
                manifests.append((out / "manifest.json").read_bytes())
            assert manifests[0] == manifests[1], "kept faces gave another bundle"
        print({name: found[-1] for name, found in seconds.items()}, flush=True)
    return {
        "what": "CPU seconds of fer-export --all-variants --accuracy synthetic, all processes",
        "load_average_1min_after": load(),
        "faces_drawn_anew_seconds": seconds["drawn"],
        "faces_kept_seconds": seconds["kept"],
        "at_most_seconds": AT_MOST_SECONDS,
        "met": statistics.median(seconds["kept"]) <= AT_MOST_SECONDS,
    }


if __name__ == "__main__":
    study(run, option("--rounds", 2))
