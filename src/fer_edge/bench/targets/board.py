"""The program for a board: one process of one artifact, from an order to a result file. Stands on the runtime alone.

    python3 -m fer_edge.bench.targets.board ORDER RESULT

The order is one JSON object: ``path format engine threads contract`` as the child takes them, ``runs`` and ``stages``. It is
the child of the host's own measurement (``bench/measure/child.py``) and its warm-up rule; only the turns of several
variants cannot be interleaved, since each process runs by itself. Exit codes: 0; 4 a library is missing; 5 the artifact
cannot be measured; the last line of the output is the reason.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

SCHEMA = "fer-edge-board/1"
MISSING, REFUSED = 4, 5


def main(order: str, result: str) -> int:
    """Measure; the result appears in one step."""
    try:
        document = measure(json.loads(Path(order).read_text(encoding="utf-8")))
    except ImportError as error:
        print(f"{error}")  # noqa: T201 - its only voice
        return MISSING
    except _refusals() as error:
        print(f"{error}")  # noqa: T201
        return MISSING if type(error).__name__ == "MissingExtra" else REFUSED
    beside = Path(f"{result}.part")
    beside.write_text(json.dumps(document), encoding="utf-8")
    beside.replace(result)
    return 0


def _refusals() -> type[Exception]:
    from fer_edge.runtime.errors import FerEdgeError

    return FerEdgeError


def measure(order: dict[str, Any]) -> dict[str, Any]:
    """One process's figures: times in nanoseconds, memory in bytes.

    Raises:
        FerEdgeError: the engine is missing or refuses the artifact.
        ImportError: numpy is missing.
    """
    from fer_edge.bench.measure.child import Child
    from fer_edge.bench.measure.timing import warm_up

    child = Child()
    base = child.answer({"do": "import", **order})["base_memory"]
    loaded = child.answer({"do": "load"})
    stages, restless = {}, []
    for stage in order["stages"]:

        def turn(count: int, stage: str = stage) -> list[int]:
            found: list[int] = child.answer({"do": "turn", "stage": stage, "count": count})["ns"]
            return found

        if not warm_up(turn)[1]:
            restless.append(stage)
        stages[stage] = turn(order["runs"])
    return {
        "schema": SCHEMA,
        **loaded,
        "stages": stages,
        "restless": restless,
        "base_memory": base,
        **child.answer({"do": "memory"}),
    }


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
