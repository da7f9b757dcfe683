"""The passes of the advice, from cheap to thorough, and what one of them measures on this machine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from fer_edge.bench.measure.plans import MeasurementPlan
from fer_edge.bench.measure.subject import Subject
from fer_edge.bench.results.ratios import ratio_of_rounds
from fer_edge.bench.results.records import Record, Result
from fer_edge.bench.targets import MeasurementRequest
from fer_edge.bench.targets.host import measure
from fer_edge.stats.quantiles import quantile_interval


@dataclass(frozen=True, slots=True)
class Effort:
    """The time that one pass measures.

    Attributes:
        name: for people.
        keep: contenders that go on, of those that may still fit; 0: this is the last pass.
        seconds: of the pass, for each contender.
        generations: fresh processes for each contender.
    """

    name: str
    keep: int
    seconds: float
    generations: int


PASSES = (
    Effort("first pass", 8, 0.25, 1),
    Effort("second pass", 3, 1.5, 2),
    Effort("last pass", 0, 5.0, 4),
)


@dataclass(frozen=True, slots=True)
class MeasuredRow:
    """One contender in one pass.

    Attributes:
        seconds: median of the whole path.
        relative: its time against the first contender of the same pass, pair by pair; what order is made of.
        low: lower end of its 95 % interval.
        high: upper end.
        engine: library and version.
        memory: bytes that engine and model added to the process; None: not shown.
        trusted: whether the figures may be relied on.
        reasons: why not.
    """

    seconds: float
    relative: float
    low: float
    high: float
    engine: str
    memory: int | None = None
    trusted: bool = True
    reasons: tuple[str, ...] = ()


class Measuring:
    """One pass on this machine, for :func:`fer_edge.bench.advice.advise.advise`.

    Attributes:
        failed: why a subject could not be measured, by its name.
        environment: of the last pass.
    """

    def __init__(self, tell: Callable[[str], None], seed: int) -> None:
        self.failed: dict[str, str] = {}
        self.environment: dict[str, Any] = {}
        self._tell = tell
        self._seed = seed

    def __call__(self, subjects: Sequence[Subject], effort: Effort) -> dict[str, MeasuredRow]:
        """Measure them side by side; the last pass also doubles one of them, to see how far equal things differ."""
        last = not effort.keep
        stages = ("whole", "inference") if last else ("whole",)
        plan = MeasurementPlan(
            "advise", effort.seconds * len(subjects), effort.generations, stages, twin=last
        )
        self._tell(f"{effort.name}: {len(subjects)} of variant, engine and threads")
        result = measure(plan, MeasurementRequest(tuple(subjects), "advise", seed=self._seed))
        if not result.complete:
            raise KeyboardInterrupt
        self.failed.update(result.extra.get("failed", {}))
        self.environment = dict(result.environment)
        records = result.stage("whole")
        return {record.name: _measured(record, records[0], result) for record in records}


def _measured(record: Record, first: Record, result: Result) -> MeasuredRow:
    middle = quantile_interval(record.samples, 0.5, blocks=[block.count for block in record.blocks])
    seconds = sorted(record.samples)[len(record.samples) // 2] if middle.value is None else middle.value
    facts = result.artifact(record)
    memory = zip(facts.steady_memory_bytes, facts.base_memory_bytes, strict=False) if facts else ()
    return MeasuredRow(
        seconds=seconds,
        relative=ratio_of_rounds(first, record).value,
        low=middle.low or min(record.samples),
        high=middle.high or max(record.samples),
        engine=record.engine,
        memory=max((steady - base for steady, base in memory), default=None),
        trusted=record.trusted,
        reasons=record.reasons,
    )
