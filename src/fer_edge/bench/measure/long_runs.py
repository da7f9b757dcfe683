"""Figures of the two long modes: first against last minute, and MLPerf's single stream."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from fer_edge.bench.measure.plans import MeasurementPlan
from fer_edge.bench.measure.quality import turn_medians
from fer_edge.bench.measure.system_monitor import SystemMonitor
from fer_edge.bench.results.ratios import describe_ratio, ratio_members, read_ratio
from fer_edge.bench.results.records import Record
from fer_edge.stats.location import hodges_lehmann
from fer_edge.stats.ratio import Ratio, unpaired_ratio

MINUTE = 60.0
PARTS = 6
"""Of a minute: ten seconds each, longer than the flicker of a machine, so that they count as independent."""
SPREAD = 0.05
"""By how much the slowest of MLPerf's repeats may exceed the fastest."""


def sustained_facts(records: Sequence[Record], monitor: SystemMonitor) -> list[dict[str, Any]]:
    """Last minute over first minute of each record, and how fast the machine warmed up."""
    warming = monitor.warming()
    found = []
    for record in records:
        ratio = last_over_first(record) if record.stage == "inference" else None
        if ratio is not None:
            found.append(
                {
                    **_who(record),
                    "last_over_first_minute": ratio_members(ratio),
                    "verdict": ratio.verdict,
                    "celsius_a_minute": "unknown" if warming is None else round(warming, 2),
                }
            )
    return found


def last_over_first(record: Record, minute: float = MINUTE) -> Ratio | None:
    """The ratio of the last minute's times to the first's; None where the run is shorter than two turns.

    A run of less than two minutes is compared by halves.
    """
    begins, values = turn_medians(record)
    if len(values) < 2:
        return None
    times, logs = np.asarray(begins), np.log(values)
    length = min(minute, (times[-1] - times[0]) / 2)
    first, last = logs[times <= times[0] + length], logs[times >= times[-1] - length]
    sides = [
        [hodges_lehmann(part) for part in np.array_split(side, min(PARTS, side.size))]
        for side in (first, last)
    ]
    return unpaired_ratio(*sides)


def mlperf_facts(records: Sequence[Record], plan: MeasurementPlan) -> list[dict[str, Any]]:
    """MLPerf Inference's single stream: 90th percentile of each repeat, and whether the repeats agree.

    Source: MLPerf Inference rules, "Single stream" (one query after the other, at least 1,024 queries and 60 s, the
    90th percentile is the figure); five repeats within 5 % are this project's condition.
    """
    return [_single_stream(record, plan) for record in records if record.stage == "inference"]


def mlperf_reasons(record: Record, plan: MeasurementPlan) -> list[str]:
    """Reasons against a single-stream figure; empty if it is valid."""
    reasons: list[str] = _single_stream(record, plan)["reasons"] if record.stage == "inference" else []
    return reasons


def _single_stream(record: Record, plan: MeasurementPlan) -> dict[str, Any]:
    repeats: dict[int, list[float]] = {}
    for block, times in record.split():
        repeats.setdefault(block.generation, []).extend(times)
    tails = [float(np.quantile(samples, 0.9, method="inverted_cdf")) for samples in repeats.values()]
    spread = max(tails) / min(tails) - 1
    reasons = [*_missing(list(repeats.values()), plan)]
    if spread > SPREAD:
        reasons.append(
            f"the repeats differ by {spread:.1%} (limit {SPREAD:.0%}); measure on a quieter machine"
        )
    return {
        **_who(record),
        "p90_seconds": float(np.median(tails)),
        "repeats_p90_seconds": tails,
        "queries": [len(samples) for samples in repeats.values()],
        "spread": spread,
        "verdict": "invalid" if reasons else "valid",
        "reasons": reasons,
    }


def _missing(repeats: Sequence[Sequence[float]], plan: MeasurementPlan) -> Iterator[str]:
    """Reasons of repeats, queries or seconds that are not there."""
    if len(repeats) < plan.repeats:
        yield f"{len(repeats)} of {plan.repeats} repeats were measured"
    needed = plan.repeat_seconds * 60 / 61
    for number, samples in enumerate(repeats, 1):
        # The samples' own sum: the changes of turn are no part of a query.
        if len(samples) < plan.queries or sum(samples) < needed:
            yield (
                f"repeat {number} has {len(samples)} queries in {sum(samples):.0f} s; needed are {plan.queries} in "
                f"{needed:.0f} s, so let it run to its end"
            )


def describe_long_runs(extra: Mapping[str, Any]) -> list[str]:
    """The figures of the long modes as lines of a terminal."""
    return [
        *(_sustained_line(fact) for fact in extra.get("sustained", [])),
        *(_single_stream_line(fact) for fact in extra.get("mlperf", [])),
    ]


def _sustained_line(fact: Mapping[str, Any]) -> str:
    ratio = read_ratio(fact["last_over_first_minute"])
    warming = fact["celsius_a_minute"]
    degrees = "temperature unknown" if warming == "unknown" else f"{warming:+.1f} degrees Celsius a minute"
    return f"{_named(fact)}: the last minute against the first: {describe_ratio(ratio)}; {degrees}"


def _single_stream_line(fact: Mapping[str, Any]) -> str:
    why = f" ({'; '.join(fact['reasons'])})" if fact["reasons"] else ""
    return (
        f"{_named(fact)}: single stream, 90th percentile {1e3 * fact['p90_seconds']:.3f} ms, "
        f"{len(fact['queries'])} repeats within {fact['spread']:.1%}: {fact['verdict']}{why}"
    )


def _named(fact: Mapping[str, Any]) -> str:
    return f"{fact['variant']} ({fact['engine']}, {fact['threads']} threads)"


def _who(record: Record) -> dict[str, Any]:
    return {"variant": record.name, "engine": record.engine, "threads": record.threads}
