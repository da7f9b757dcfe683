"""Processor time of ``make demo``'s export, all processes together: with faces that are drawn anew, and with kept ones.

    python benchmarks/studies/export_cpu.py [--rounds 2]

Each round runs ``fer-export --all-variants --accuracy synthetic`` twice with one folder for caches; the bundles must be
equal. The result goes to ``results/export_cpu.json``, with the machine's load: two busy cores share execution units, so
that processor time of a busy machine is an upper bound.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from machine import machine

RESULT = Path(__file__).parents[1] / "results" / "export_cpu.json"
SOURCES = Path(__file__).parents[2] / "src"
AT_MOST_SECONDS = 60


def measure(out: Path, cache: Path) -> float:
    """CPU seconds, user and system, of one export and all its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [
        sys.executable,
        "-m",
        "fer_edge.export.cli",
        "--all-variants",
        "--accuracy",
        "synthetic",
        "--quiet",
    ]
    environment = {
        **os.environ,
        "PYTHONPATH": str(SOURCES),
        "FER_EDGE_CACHE": str(cache),
        "OMP_NUM_THREADS": "1",
    }
    subprocess.run([*command, "--out", str(out)], check=True, env=environment, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Measure, print, store."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=2)
    rounds = parser.parse_args().rounds
    before = machine()
    seconds: dict[str, list[float]] = {"drawn": [], "kept": []}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            manifests = []
            for name, values in seconds.items():
                values.append(round(measure(Path(folder, name), Path(folder, "cache")), 1))
                manifests.append(Path(folder, name, "manifest.json").read_bytes())
            assert manifests[0] == manifests[1], "kept faces gave another bundle"
        print({name: found[-1] for name, found in seconds.items()}, flush=True)
    document = {
        "what": "CPU seconds of fer-export --all-variants --accuracy synthetic, all processes",
        "machine": before,
        "load_average_1min_after": round(os.getloadavg()[0], 1),
        "faces_drawn_anew_seconds": seconds["drawn"],
        "faces_kept_seconds": seconds["kept"],
        "at_most_seconds": AT_MOST_SECONDS,
        "met": statistics.median(seconds["kept"]) <= AT_MOST_SECONDS,
    }
    RESULT.write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
