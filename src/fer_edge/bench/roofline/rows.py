"""The roofline of an artifact: its figures, its sentence, and how a result file keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from fer_edge.bench.results.records import RowKey
from fer_edge.bench.roofline.counts import Counts
from fer_edge.bench.roofline.placement import Leftover
from fer_edge.bench.units import format_bytes, format_seconds

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
    """A measured artifact against this machine.

    Attributes:
        name: subject or variant of the record.
        engine: library and version.
        threads: of the engine.
        seconds: median of a steady inference.
        macs: of one inference; None: unknown.
        weight_bytes: read from the file's stored values; None: unknown.
        activation_bytes: written and read; None: unknown.
        arithmetic: ``int8`` where most MACs are on 8-bit numbers and that peak was measured, else ``fp32``.
        peak_macs: GEMM peak of this machine with these threads, MACs a second.
        percent_of_peak: of the GEMM peak that the measured inference reaches, 0 to 100; None: unknown.
        bound_seconds: no engine can be faster here; None: unknown.
        limit: ``compute`` or ``memory``: which of the two sets the bound; None: unknown.
        partitions: of the delegate or provider; None: unknown.
        leftover: outside the fast path.
        sentence: what it means and what to change.
    """

    name: str
    engine: str
    threads: int
    seconds: float
    macs: int | None
    weight_bytes: int | None
    activation_bytes: int | None
    arithmetic: str
    peak_macs: float
    percent_of_peak: float | None
    bound_seconds: float | None
    limit: str | None
    partitions: int | None
    leftover: tuple[Leftover, ...]
    sentence: str

    @property
    def row(self) -> RowKey:
        """The row of a result's table that it belongs to."""
        return (self.name, self.engine, self.threads)


def document(row: RooflineRow) -> dict[str, Any]:
    """A row as JSON has it: what its artifact already says (name, engine, threads) is left out."""
    members = asdict(row)
    return {key: value for key, value in members.items() if key not in ("name", "engine", "threads")}


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
