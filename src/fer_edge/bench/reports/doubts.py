"""Why figures are untrusted, and which: a reason names the rows that it is about, unless it is about all of them."""

from __future__ import annotations

from collections.abc import Mapping

from fer_edge.bench.results.records import Record, Result


def whom(result: Result) -> dict[str, list[str]]:
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


def doubts(result: Result) -> list[str]:
    """Every reason, with the rows that it is about in front."""
    everyone = _everyone(result)
    return [_about(names, everyone) + reason for reason, names in whom(result).items()]


def kinds_of_doubt(result: Result) -> list[str]:
    """One line a kind of reason (the word before its colon); where rows have numbers of their own, those of the first."""
    everyone = _everyone(result)
    kinds: dict[str, dict[str, list[str]]] = {}
    for reason, names in whom(result).items():
        kinds.setdefault(reason.partition(":")[0], {})[reason] = names
    return [_kind(reasons, everyone) for reasons in kinds.values()]


def _kind(reasons: Mapping[str, list[str]], everyone: int) -> str:
    names = list(dict.fromkeys(name for found in reasons.values() for name in found))
    first = next(iter(reasons))
    if len(reasons) == 1:
        return _about(names, everyone) + first
    return f"{', '.join(names)}: {first} ({names[0]}; and {len(reasons) - 1} more like it, see --json)"


def _everyone(result: Result) -> int:
    return len({row_name(result, record) for record in result.records})


def _about(names: list[str], everyone: int) -> str:
    return "" if len(names) == everyone else f"{', '.join(names)}: "
