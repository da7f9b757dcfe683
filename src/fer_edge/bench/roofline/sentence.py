"""A roofline in words."""

from __future__ import annotations

from collections.abc import Sequence

from fer_edge.bench.roofline.placement import Leftover
from fer_edge.bench.roofline.rows import RooflineRow
from fer_edge.bench.units import shown_bytes, shown_seconds

_WORTH = 0.02
"""Share of an inference's time below which a leftover is not worth a sentence."""
_WHOLE = 100
_NEAR = 60
"""Percent of the bound from which an engine counts as near it."""


def leftover_sentence(partitions: int | None, leftover: Sequence[Leftover]) -> str:
    """What the engine could not take, with the advice for each kind; empty if nothing is known or left."""
    if partitions is None:
        return ""
    worth = [entry for entry in leftover if entry.time_share is None or entry.time_share >= _WORTH]
    if not worth:
        return "all in one partition" if partitions == 1 else ""
    by_advice: dict[str, list[str]] = {}
    for entry in worth:
        by_advice.setdefault(entry.advice, []).append(_named(entry))
    pieces = [f"{', '.join(names)}: {advice}" for advice, names in by_advice.items()]
    many = f"{partitions} partition{'' if partitions == 1 else 's'}"
    what = "left outside" if worth[0].time_share is None else "besides the network's own work"
    return f"{many}; {what}: " + "; ".join(pieces)


def row_sentence(row: RooflineRow) -> str:
    """Where the time goes, then what the engine could not take."""
    if row.bound_seconds is None or row.percent_of_peak is None:
        return row.sentence
    reached = 100 * row.bound_seconds / row.seconds
    words = (
        f"{row.percent_of_peak:.0f} % of the {row.arithmetic} GEMM peak; the {row.limit} bound is "
        f"{shown_seconds(row.bound_seconds)}, {reached:.0f} % of the measured time"
    )
    if row.limit == "memory":
        moved = (row.weight_bytes or 0) + (row.activation_bytes or 0)
        words += (
            f" ({shown_bytes(moved)} must move: smaller weights or activations help, more threads hardly)"
        )
    elif reached > _WHOLE:
        words += " (the machine was disturbed while its peak was measured: measure again)"
    elif reached >= _NEAR:
        words += " (near it: only a smaller network or narrower numbers are faster)"
    return f"{words}; {row.sentence}" if row.sentence else words


def _named(entry: Leftover) -> str:
    times = "" if entry.count == 1 else f" x{entry.count}"
    share = "" if entry.time_share is None else f" ({100 * entry.time_share:.0f} % of the time)"
    return f"{entry.operator}{times}{share}"
