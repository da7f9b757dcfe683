"""Reasons against figures: their codes, and the rows that each is about (none named where it is about all)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from fer_edge.bench.results.records import Record, Result


class Doubt(StrEnum):
    """The code of a reason against figures: the words before its first colon."""

    CPU_PRESSURE = "CPU pressure"
    MEMORY_PRESSURE = "memory pressure"
    STEAL = "steal"
    THROTTLING = "throttling"
    FREQUENCY = "frequency"
    AA_CHECK = "A/A check"
    DRIFT = "drift"
    TOO_FEW = "too few samples"
    UNSTEADY = "unsteady"
    WARM_UP = "warm-up"
    INCOMPLETE = "incomplete"

    def because(self, text: str) -> str:
        """The reason as records carry it."""
        return f"{self}: {text}"


def code_of(reason: str) -> str:
    """The code of a reason, one of :class:`Doubt` where this program gave it."""
    return reason.partition(":")[0]


def rows_by_reason(result: Result) -> dict[str, list[str]]:
    """Reason -> names of the rows that it is about, both in order of appearance."""
    found: dict[str, list[str]] = {}
    for record in result.records:
        for reason in record.reasons:
            found.setdefault(reason, []).append(row_name(result, record))
    return {reason: list(dict.fromkeys(names)) for reason, names in found.items()}


def row_name(result: Result, record: Record) -> str:
    """The name of a record's row; with engine and threads where the result has more than one of them for it."""
    alike = [other for other in result.records if other.name == record.name]
    parts = [record.name]
    if len({other.engine for other in alike}) > 1:
        parts.append(record.engine)
    if len({other.threads for other in alike}) > 1:
        parts.append(f"x{record.threads}")
    return " ".join(parts)


def list_doubts(result: Result) -> list[str]:
    """Every reason, with the rows that it is about in front."""
    everyone = _everyone(result)
    return [_about(names, everyone) + reason for reason, names in rows_by_reason(result).items()]


def summarize_doubts(result: Result) -> list[str]:
    """One line a code; where rows have numbers of their own, those of the first."""
    everyone = _everyone(result)
    by_code: dict[str, dict[str, list[str]]] = {}
    for reason, names in rows_by_reason(result).items():
        by_code.setdefault(code_of(reason), {})[reason] = names
    return [_shortened(reasons, everyone) for reasons in by_code.values()]


def _shortened(reasons: Mapping[str, list[str]], everyone: int) -> str:
    names = list(dict.fromkeys(name for found in reasons.values() for name in found))
    first = next(iter(reasons))
    if len(reasons) == 1:
        return _about(names, everyone) + first
    return f"{', '.join(names)}: {first} ({names[0]}; and {len(reasons) - 1} more like it, see --json)"


def _everyone(result: Result) -> int:
    return len({row_name(result, record) for record in result.records})


def _about(names: list[str], everyone: int) -> str:
    return "" if len(names) == everyone else f"{', '.join(names)}: "
