"""Placement of a model's operators in an engine, and those outside its fast path."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Leftover:
    """Operators of one kind outside the fast path.

    Attributes:
        operator: the engine's word.
        count: how many run in one inference.
        time_share: of the inference's time, 0 to 1; None where the engine does not tell.
        advice: a sentence on what to change.
    """

    operator: str
    count: int
    time_share: float | None
    advice: str


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
