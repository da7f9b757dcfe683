"""What the roofline of an artifact is made of, and how a result file keeps it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from fer_edge.bench.roofline.counts import Counts
from fer_edge.bench.roofline.placement import Leftover

KEY = "roofline"
"""Under ``artifacts[].extra`` of ``fer-edge-bench/1``."""


@dataclass(frozen=True, slots=True)
class Roofline:
    """What an artifact asks of a machine.

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
    def key(self) -> tuple[str, str, int]:
        """What no two rows share."""
        return (self.name, self.engine, self.threads)


def document(row: RooflineRow) -> dict[str, Any]:
    """A row as JSON has it: what its artifact already says (name, engine, threads) is left out."""
    members = asdict(row)
    return {key: value for key, value in members.items() if key not in ("name", "engine", "threads")}
