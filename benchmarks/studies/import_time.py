"""Start-up: ``import fer_edge.runtime`` against ``import numpy``, in fresh processes, one after the other.

python benchmarks/studies/import_time.py --out benchmarks/results/import_time.json
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from machine import machine

STATEMENTS = {
    "bare interpreter": "pass",
    "import numpy": "import numpy",
    "import fer_edge.runtime": "import fer_edge.runtime",
    "its working names": "from fer_edge.runtime import Frame, load, prepare",
}
BASE = "import numpy"
GOAL_RATIO = 1.25
"""Of ``import fer_edge.runtime``."""


def seconds(statement: str) -> float:
    """Wall time of a fresh interpreter that does nothing else."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True)
    return time.perf_counter() - start


def measure(rounds: int) -> list[dict[str, object]]:
    """One row for each statement; every round runs all of them."""
    samples: dict[str, list[float]] = {name: [] for name in STATEMENTS}
    for number in range(rounds + 1):
        for name, statement in STATEMENTS.items():
            taken = seconds(statement)
            if number:  # the first round fills the file cache
                samples[name].append(taken)
    base, base_least = statistics.median(samples[BASE]), min(samples[BASE])
    return [
        {
            "statement": STATEMENTS[name],
            "median_seconds": round(statistics.median(taken), 4),
            "min_seconds": round(min(taken), 4),
            "median_ratio": round(statistics.median(taken) / base, 3),
            "min_ratio": round(min(taken) / base_least, 3),
            "rounds": len(taken),
            "goal_ratio": GOAL_RATIO if name == "import fer_edge.runtime" else None,
        }
        for name, taken in samples.items()
    ]


def main() -> None:
    """Measure, print a table, and write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--out", type=Path, help="write the figures here as JSON")
    arguments = parser.parse_args()
    source = Path(__file__).resolve().parents[2] / "src"
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(source), os.environ.get("PYTHONPATH"))))
    rows = measure(arguments.rounds)
    print(f"{'statement':52} {'median ms':>10} {'min ms':>8} {'ratio':>7} {'of min':>7}")
    for row in rows:
        median, least = float(str(row["median_seconds"])) * 1e3, float(str(row["min_seconds"])) * 1e3
        print(
            f"{row['statement']:52} {median:10.1f} {least:8.1f} {row['median_ratio']:7} {row['min_ratio']:7}"
        )
    if arguments.out:
        document = {"benchmark": "import_time", "machine": machine(), "rows": rows}
        arguments.out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
        print(f"written to {arguments.out}", file=sys.stderr)


if __name__ == "__main__":
    main()
