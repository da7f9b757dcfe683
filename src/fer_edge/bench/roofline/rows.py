"""The roofline of an artifact: its figures, its sentence, and how a result file keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fer_edge.bench.results.records import Count, RowKey
from fer_edge.bench.roofline.counts import Counts
from fer_edge.bench.roofline.placement import Leftover
from fer_edge.bench.units import format_bytes, format_seconds
from fer_edge.runtime.errors import DataError
from fer_edge.runtime.schema import UNSTORED, Document, Length

KEY = "roofline"
"""Under ``artifacts[].extra`` of ``fer-edge-bench/1``."""
_WORTH = 0.02
"""Share of an inference's time below which a leftover is not worth a sentence."""
_WHOLE = 100
_NEAR = 60
"""Percent of the bound from which an engine counts as near it."""


@dataclass(frozen=True, slots=True)
class Roofline:
    """The demands of an artifact on a machine.

    Attributes:
        counts: MACs and bytes of one inference; None where the file cannot be counted.
        partitions: of the engine's delegate or provider; None where the engine does not tell.
        leftover: outside the engine's fast path, the most frequent first.
        sentence: what stands out and what to change.
    """

    counts: Counts | None
    partitions: int | None
    leftover: tuple[Leftover, ...]
    sentence: str


@dataclass(frozen=True, slots=True)
class RooflineRow:
    """A measured artifact against this machine; null where something is not known."""

    name: Annotated[str, UNSTORED]
    engine: Annotated[str, UNSTORED]
    threads: Annotated[Count, UNSTORED]
    seconds: Annotated[float, "median of a steady inference"]
    macs: Annotated[Count | None, "multiplications with an addition of one inference"]
    weight_bytes: Annotated[Count | None, "read from the file's stored values"]
    activation_bytes: Annotated[Count | None, "written and read"]
    arithmetic: Annotated[
        str, "int8 where most MACs are on 8-bit numbers and that peak was measured, else fp32"
    ]
    peak_macs: Annotated[float, "GEMM peak of this machine with these threads, MACs a second"]
    percent_of_peak: Annotated[float | None, "of the GEMM peak that the inference reaches, 0 to 100"]
    bound_seconds: Annotated[float | None, "no engine can be faster here"]
    limit: Annotated[str | None, "compute or memory, whichever sets the bound"]
    partitions: Annotated[Count | None, "of the delegate or provider"]
    leftover: Annotated[tuple[Leftover, ...], "outside the fast path"]
    sentence: Annotated[str, Length(0, 100_000), "what it means and what to change"]

    @property
    def row(self) -> RowKey:
        """The row of a result's table that it belongs to."""
        return (self.name, self.engine, self.threads)


DOCUMENT = Document(RooflineRow, "roofline", DataError)
"""Without name, engine and threads, which its artifact has."""


def leftover_sentence(partitions: int | None, leftover: Sequence[Leftover]) -> str:
    """The operators that the engine could not take, with the advice for each kind; empty if nothing is known or left."""
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
    """The use of the time, then what the engine could not take."""
    if row.bound_seconds is None or row.percent_of_peak is None:
        return row.sentence
    reached = 100 * row.bound_seconds / row.seconds
    words = (
        f"{row.percent_of_peak:.0f} % of the {row.arithmetic} GEMM peak; the {row.limit} bound is "
        f"{format_seconds(row.bound_seconds)}, {reached:.0f} % of the measured time"
    )
    if row.limit == "memory":
        moved = (row.weight_bytes or 0) + (row.activation_bytes or 0)
        words += (
            f" ({format_bytes(moved)} must move: smaller weights or activations help, more threads hardly)"
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
