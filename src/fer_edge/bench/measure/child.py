"""The process that measures one artifact: ``python -m fer_edge.bench.measure.child``.

It reads one JSON object a line from standard input and answers each with one on standard output:

| command | answer |
|---|---|
| `{"do": "import", "path", "format", "engine", "threads", "contract", "slower", "stretched"}` | `{"base_memory"}`: the engine's library is imported |
| `{"do": "load"}` | `{"engine", "load_ns", "first_ns"}` |
| `{"do": "turn", "stage", "count", "cpu"}` | `{"ns": [...]}`; `cpu` null: anywhere |
| `{"do": "memory"}` | `{"peak", "steady"}` in bytes, null where the system does not tell |

A failure is answered with `{"error": "one sentence"}`. The end of standard input ends the process, so a parent that was
killed leaves nobody behind. What libraries print goes to standard error.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

from fer_edge.bench.measure.engines import choose_engine
from fer_edge.bench.measure.memory import peak_bytes, steady_bytes
from fer_edge.bench.measure.timing import slow_down, stretch, time_calls
from fer_edge.runtime.contract import Contract
from fer_edge.runtime.errors import FerEdgeError


class Child:
    """Answers commands; see the table above."""

    def __init__(self) -> None:
        self._order: dict[str, Any] = {}
        self._calls: dict[str, Callable[[], object]] = {}

    def answer(self, command: dict[str, Any]) -> dict[str, Any]:
        """The answer to one command."""
        doing: Callable[[dict[str, Any]], dict[str, Any]] = getattr(self, f"_{command['do']}")
        return doing(command)

    def _import(self, command: dict[str, Any]) -> dict[str, Any]:
        self._order = command
        base = steady_bytes()
        engine = choose_engine(command["format"], command["engine"])
        for _, module in engine.libraries:
            try:
                __import__(module)
                break
            except ImportError:
                continue
        return {"base_memory": base}

    def _load(self, _command: dict[str, Any]) -> dict[str, Any]:
        from fer_edge.bench.measure.work import Work

        order = self._order
        contract = Contract.parse(order["contract"])
        work = Work(Path(order["path"]), order["format"], order["engine"], order["threads"], contract)
        self._calls = dict(work.calls)
        if order.get("slower") is not None:
            self._calls = {name: slow_down(call, order["slower"]) for name, call in work.calls.items()}
        return {"engine": work.engine, "load_ns": work.load_ns, "first_ns": work.first_ns}

    def _turn(self, command: dict[str, Any]) -> dict[str, Any]:
        _stay_on(command.get("cpu"))
        samples = time_calls(self._calls[command["stage"]], command["count"])
        return {"ns": stretch(samples, self._order.get("stretched") or 0.0)}

    def _memory(self, _command: dict[str, Any]) -> dict[str, Any]:
        return {"peak": peak_bytes(), "steady": steady_bytes()}


def _stay_on(cpu: int | None) -> None:
    if cpu is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {cpu})


def main() -> None:
    """Answer until standard input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    child = Child()
    for line in sys.stdin:
        _write(answers, _answer(child, line))


def _answer(child: Child, line: str) -> dict[str, Any]:
    try:
        return child.answer(json.loads(line))
    except FerEdgeError as error:
        return {"error": str(error)}
    except Exception as error:  # noqa: BLE001 - the parent says it; a child has no other voice
        return {"error": f"{type(error).__name__}: {error}"}


def _write(answers: TextIO, answer: dict[str, Any]) -> None:
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


if __name__ == "__main__":
    main()
