"""The operators of a TFLite file that no delegate takes.

Counting DELEGATE nodes is not enough: operators between partitions, or before and behind them, would not show. So the
graph is walked from its outputs to its inputs through whatever really runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fer_edge.runtime.engines.quiet import quiet
from fer_edge.runtime.extras import require

DELEGATE = "DELEGATE"


@dataclass(frozen=True)
class Delegation:
    """The nodes that a delegate runs.

    Attributes:
        partitions: number of delegate calls in one inference.
        leftover: names of the operators that run outside of them, sorted.
    """

    partitions: int
    leftover: tuple[str, ...]


def delegation(path: Path | str, threads: int = 1) -> Delegation:
    """Open a file with the default delegate (XNNPACK) and see what it leaves over; nothing is run.

    Args:
        path: a ``.tflite`` file.
        threads: given to the interpreter; does not change the partitions.

    Raises:
        MissingExtra: ai-edge-litert is not installed.
    """
    library = require("ai_edge_litert.interpreter", "tflite")
    with quiet():
        interpreter = library.Interpreter(model_path=str(path), num_threads=threads)
        interpreter.allocate_tensors()
    outputs = [int(detail["index"]) for detail in interpreter.get_output_details()]
    operators = interpreter._get_ops_details()
    return _walk(operators, outputs)


def _walk(operators: list[dict[str, Any]], outputs: list[int]) -> Delegation:
    producers: dict[int, dict[str, Any]] = {}
    for operator in operators:
        for tensor in operator["outputs"]:
            if int(tensor) not in producers or operator["op_name"] == DELEGATE:
                producers[int(tensor)] = operator
    ran: dict[int, str] = {}
    pending = list(outputs)
    while pending:
        found = producers.get(pending.pop())
        if found is None or int(found["index"]) in ran:
            continue
        ran[int(found["index"])] = str(found["op_name"])
        pending.extend(int(tensor) for tensor in found["inputs"] if tensor >= 0)
    names = sorted(ran.values())
    return Delegation(names.count(DELEGATE), tuple(name for name in names if name != DELEGATE))
