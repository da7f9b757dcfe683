"""Placement of a model's operators in an engine, and those outside its fast path."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fer_edge.bench.results.records import Count
from fer_edge.runtime.schema import Length, Range


@dataclass(frozen=True, slots=True)
class Leftover:
    """Operators of one kind outside the fast path."""

    operator: Annotated[str, "the engine's word"]
    count: Annotated[Count, "run in one inference"]
    time_share: Annotated[
        float | None, Range(0, 1), "of the inference's time; null where the engine does not tell"
    ]
    advice: Annotated[str, Length(1, 10_000), "what to change"]


@dataclass(frozen=True, slots=True)
class Placement:
    """The operators by where they run.

    Attributes:
        partitions: pieces into which the engine's accelerator (TFLite's delegate, onnxruntime's providers) cut the graph;
            1: all in one piece, 0: it took nothing.
        operators: that ran in one inference, by where (a delegate or provider) they did.
        leftover: outside the fast path, the most frequent first.
    """

    partitions: int
    operators: Mapping[str, int]
    leftover: tuple[Leftover, ...]


def list_leftovers(
    names: Counter[str], advice: Mapping[str, str], otherwise: str, shares: Mapping[str, float] | None = None
) -> tuple[Leftover, ...]:
    """Leftovers with their advice, the most frequent first.

    Args:
        names: how often each operator was left over.
        advice: by operator.
        otherwise: advice for the others; ``{}`` stands for the operator.
        shares: of the time, by operator.
    """
    ordered = sorted(names.items(), key=lambda entry: (-entry[1], entry[0]))
    return tuple(
        Leftover(name, count, (shares or {}).get(name), advice.get(name, otherwise.format(name)))
        for name, count in ordered
    )
