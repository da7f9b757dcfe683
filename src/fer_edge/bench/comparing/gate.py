"""The gate of a CI job: a result against the result file of the main branch."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from fer_edge.bench.results.ratios import describe_ratio, ratio_members, ratio_of_runs
from fer_edge.bench.results.records import Record, Result, read
from fer_edge.runtime.errors import DataError
from fer_edge.stats.ratio import Ratio

STAGES = ("inference", "whole")
"""Of the records that the gate looks at; load and first have a handful of samples, camera is part of whole."""

_SHOWN = 6
"""Names in a message at the most."""


@dataclass(frozen=True, slots=True)
class Line:
    """One record of the new result against its namesake.

    Attributes:
        record: of the new result.
        ratio: new over old.
    """

    record: Record
    ratio: Ratio

    def text(self) -> str:
        """Who, and by how much."""
        record = self.record
        return f"{record.name} ({record.threads} threads) {record.stage}: {describe_ratio(self.ratio)}"

    def document(self) -> dict[str, Any]:
        """For JSON."""
        record = self.record
        return {
            "name": record.name,
            "engine": record.engine,
            "threads": record.threads,
            "stage": record.stage,
            "ratio": ratio_members(self.ratio),
            "verdict": self.ratio.verdict,
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """The gate's answer.

    Attributes:
        lines: one a record that both results have.
        notes: what makes the two hard to compare.
        limit: share from which something counts as slower.
    """

    lines: tuple[Line, ...]
    notes: tuple[str, ...]
    limit: float

    @property
    def failures(self) -> tuple[str, ...]:
        """Records whose whole interval lies above the limit."""
        return tuple(
            f"regression: {line.text()}, clearly more than {self.limit:.3g}"
            for line in self.lines
            if line.ratio.low > 1 + self.limit
        )

    def text(self) -> str:
        """For a terminal."""
        lines = [f"Against the other result (limit {100 * self.limit:g} %):"]
        lines += [f"  {line.text()}" for line in self.lines]
        return "\n".join([*lines, *(f"  Note: {note}" for note in self.notes)])

    def document(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "limit": self.limit,
            "notes": list(self.notes),
            "records": [line.document() for line in self.lines],
        }


@dataclass(frozen=True, slots=True)
class Gate:
    """A result file to hold new results against.

    Attributes:
        path: as typed.
        baseline: what it says.
        limit: share from which something counts as slower.
    """

    path: str
    baseline: Result
    limit: float

    @classmethod
    def read(cls, path: str, limit: float) -> Gate:
        """The gate of a file; see :func:`fer_edge.bench.results.records.read`."""
        return cls(path, read(path), limit)

    def check(self, wanted: Collection[tuple[str, int]]) -> None:
        """Before a minute is spent: is there anything to hold against each other?

        Args:
            wanted: name and number of threads of each subject.

        Raises:
            DataError: nothing of it is in the file.
        """
        known = {(record.name, record.threads) for record in self.baseline.records if record.stage in STAGES}
        if known.isdisjoint(wanted):
            raise DataError(
                f"{self.path} has no inference or whole path of what is to be measured; it has "
                f"{_listed(known)}; to be measured: {_listed(wanted)}"
            )

    def judge(self, result: Result) -> Verdict:
        """Hold every record of both against each other.

        Raises:
            DataError: they have none in common.
        """
        pairs = [
            (find_namesake(self.baseline.records, record), record)
            for record in result.records
            if record.stage in STAGES
        ]
        lines = [Line(new, ratio_of_runs(old, new)) for old, new in pairs if old is not None]
        if not lines:
            raise DataError(
                f"{self.path} has no record of a variant and number of threads that was measured now"
            )
        return Verdict(tuple(lines), tuple(list_differences(self.baseline, result)), self.limit)


def _listed(pairs: Collection[tuple[str, int]]) -> str:
    shown = [f"{name} with {threads} threads" for name, threads in sorted(pairs)[:_SHOWN]]
    more = [f"{len(pairs) - _SHOWN} more"] if len(pairs) > _SHOWN else []
    return ", ".join([*shown, *more]) or "nothing"


def find_namesake(records: Sequence[Record], like: Record) -> Record | None:
    """The namesake of a record; another version of its engine will do."""

    def same(record: Record, engine: str) -> bool:
        mine = (record.name, record.threads, record.stage, engine)
        return mine == (like.name, like.threads, like.stage, without_version(like.engine))

    exact = next((record for record in records if record.key == like.key), None)
    return exact or next((record for record in records if same(record, without_version(record.engine))), None)


def without_version(engine: str) -> str:
    """Name and inside of an engine without its version: ``ai-edge-litert 2.3.0 (builtin)`` is that of 2.4 too."""
    name, *rest = engine.split(" ")
    return " ".join([name, *rest[1:]])


def list_differences(old: Result, new: Result) -> list[str]:
    """Differences of two results besides what was measured."""
    found = []
    for key, what in (("cpu", "CPU"), ("cpus", "number of CPUs"), ("governor", "governor")):
        before, after = old.environment.get(key), new.environment.get(key)
        if None not in (before, after) and "unknown" not in (before, after) and before != after:
            found.append(
                f"another {what}: {before} then, {after} now; measure the baseline again on this machine"
            )
    for result, when in ((old, "the earlier"), (new, "the later")):
        if not result.trusted:
            found.append(f"{when} result is marked untrusted: {result.reasons[0]}")
    return found
