"""Start-up: ``import fer_edge.runtime`` against ``import numpy``, in fresh processes, one after the other.

python benchmarks/studies/import_time.py --out benchmarks/results/import_time.json
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from functools import partial

from machine import interleave, python
from runner import Asked, Document, option, study

STATEMENTS = {
    "bare interpreter": "pass",
    "import numpy": "import numpy",
    "import fer_edge.runtime": "import fer_edge.runtime",
    "its working names": "from fer_edge.runtime import Frame, load, prepare",
}
BASE = "import numpy"
GOAL_RATIO = 1.25
"""Of ``import fer_edge.runtime``."""


def run(asked: Asked) -> Document:
    """One row for each statement; every round runs all of them."""
    ways = {name: partial(python, "-c", statement) for name, statement in STATEMENTS.items()}
    samples = interleave(ways, asked.rounds)
    base, base_least = statistics.median(samples[BASE]), min(samples[BASE])
    rows = [
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
    return {"rows": rows}


def show(document: Document) -> Iterator[str]:
    """A table of the statements."""
    yield f"{'statement':52} {'median ms':>10} {'min ms':>8} {'ratio':>7} {'of min':>7}"
    for row in document["rows"]:
        median, least = row["median_seconds"] * 1e3, row["min_seconds"] * 1e3
        ratios = f"{row['median_ratio']:7} {row['min_ratio']:7}"
        yield f"{row['statement']:52} {median:10.1f} {least:8.1f} {ratios}"


if __name__ == "__main__":
    study(run, option("--rounds", 15), show=show)
