"""An axis followed through operators that only move or regroup numbers."""

from __future__ import annotations

import math

from fer_edge.export.capture.recording import Call

MOVES = frozenset(
    [
        "aten::permute",
        "aten::transpose",
        "aten::t",
        "aten::view",
        "aten::_unsafe_view",
        "aten::unsqueeze",
        "aten::squeeze",
        "aten::clone",
        "aten::_to_copy",
        "aten::alias",
        "aten::detach",
        "aten::expand",
    ]
)


def follow_axis(call: Call, before: tuple[int, ...], axis: int) -> int | None:
    """Where an axis is after one of ``MOVES``; None: it is no axis of its own any more.

    Args:
        call: the operator.
        before: shape of what it reads.
        axis: in that shape.
    """
    after = call.result.shape
    if call.name in {"aten::permute", "aten::transpose", "aten::t"}:
        return _order(call, len(before)).index(axis)
    leading = math.prod(before[:axis])
    places = [
        place
        for place, size in enumerate(after)
        if size == before[axis] and math.prod(after[:place]) == leading
    ]
    return places[-1] if places else None


def _order(call: Call, rank: int) -> list[int]:
    order = list(range(rank))
    if call.name == "aten::permute":
        return [place % rank for place in call.arguments[1]]
    one, other = (
        (0, rank - 1) if call.name == "aten::t" else (call.arguments[1] % rank, call.arguments[2] % rank)
    )
    order[one], order[other] = order[other], order[one]
    return order
