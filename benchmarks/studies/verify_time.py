"""Time of ``fer-verify`` over a whole bundle, cold: hashes, contracts, golden vectors and both verdicts of every file.

    python benchmarks/studies/verify_time.py [BUNDLE ...]

Each round is a fresh process with an empty cache folder, so faces are drawn and float files converted anew. Processor time is that of
all its children together; wall time is worth something only where nothing else ran, which ``load_average_1min_before`` tells.
Goal: 60 seconds for the demo bundle, by the clock; what a busy machine takes by its processors is an upper bound of that.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from functools import partial
from pathlib import Path

from machine import DEMO_BUNDLE, cpu_seconds, environment, load, python
from runner import Asked, Document, option, study

AT_MOST_SECONDS = 60.0


def run(asked: Asked) -> Document:
    """Verify each bundle so often."""
    before, rows = load(), [verify(path, asked.rounds) for path in asked.bundles]
    demo = rows[0]["cpu_seconds"]
    return {
        "load_average_1min_before": before,
        "at_most_seconds": AT_MOST_SECONDS,
        "rows": rows,
        "met": statistics.median(demo) <= AT_MOST_SECONDS,
    }


def verify(bundle: Path, rounds: int) -> Document:
    """One bundle."""
    wall, cpu = [], []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            words = ("-m", "fer_edge.export.verify.cli", bundle, "--quiet")
            ask = partial(python, *words, env=environment(FER_EDGE_CACHE=Path(folder, "cache")))
            begin = time.monotonic()
            cpu.append(round(cpu_seconds(ask), 1))
            wall.append(round(time.monotonic() - begin, 1))
    manifest = json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))
    names = [artifact["variant"] for artifact in manifest["artifacts"]]
    return {"model": manifest["model"], "variants": names, "cpu_seconds": cpu, "wall_seconds": wall}


if __name__ == "__main__":
    study(
        run,
        option("bundles", [DEMO_BUNDLE], "folders", nargs="*", type=Path),
        option("--rounds", 2, "of each"),
    )
