"""The ratio of two records, of one run or of two; in words, and as JSON has it."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_edge.bench.results.records import Record
from fer_edge.runtime.errors import DataError
from fer_edge.stats.location import hodges_lehmann
from fer_edge.stats.ratio import Ratio, paired_ratio, unpaired_ratio

RUN_IN_BLOCKS = 8
"""A record without blocks (the app's) is cut into so many, in order."""
MOST_TOGETHER = 500

SHORTEST = 1e-12
"""Seconds: no clock of a record shows less than nanoseconds."""


def _turns(record: Record) -> dict[tuple[int, int], float]:
    return {
        (block.generation, block.turn): statistics.median(samples)
        for block, samples in record.split()
        if samples
    }


def ratio_of_rounds(first: Record, second: Record, *, seed: int = 0) -> Ratio:
    """Second over first, of two records of one run.

    A turn's time is the median of its calls: the calls that something interrupted are above it, however long they took.
    The clusters are the generations.

    Raises:
        DataError: the two have no round in common.
    """
    a, b = _turns(first), _turns(second)
    clusters: dict[int, tuple[list[float], list[float]]] = {}
    for key in a:
        if key in b and a[key] > 0 and b[key] > 0:
            ours, theirs = clusters.setdefault(key[0], ([], []))
            ours.append(a[key])
            theirs.append(b[key])
    if not clusters:
        raise DataError(
            f"{first.name} and {second.name} have no round in common; were they measured in one run?"
        )
    return paired_ratio(list(clusters.values()), seed=seed)


def ratio_of_runs(first: Record, second: Record, *, seed: int = 0) -> Ratio:
    """Second over first, of two runs; the clusters are each run's generations.

    Raises:
        DataError: times that are not positive.
    """
    return unpaired_ratio(log_times(first), log_times(second), seed=seed)


def log_times(record: Record) -> list[float]:
    """One log time a cluster: a generation, or a part of a record that knows no generations.

    Within a generation it is the Hodges-Lehmann location of the log medians of the turns. A single process is cut into
    parts, so that there is an interval at all; it then speaks for this process only.

    Raises:
        DataError: times that are not positive.
    """
    by_generation: dict[int, list[float]] = {}
    for (generation, _), value in _turns(record).items():
        by_generation.setdefault(generation, []).append(value)
    groups: Sequence[Sequence[float]] = list(by_generation.values())
    if len(groups) == 1:
        values = groups[0] if len(record.blocks) >= RUN_IN_BLOCKS else record.samples
        groups = [part.tolist() for part in np.array_split(values, min(RUN_IN_BLOCKS, len(values)))]
    if any(value < SHORTEST for group in groups for value in group):
        raise DataError(
            f"{record.name} {record.stage}: a time is zero; the clock was too coarse to compare it"
        )
    return [_location(np.log(group)) for group in groups]


def _location(values: NDArray[np.float64]) -> float:
    """Hodges-Lehmann; of very many values that of the medians of as many parts as it takes at a time."""
    if values.size > MOST_TOGETHER:
        values = np.asarray([np.median(part) for part in np.array_split(values, MOST_TOGETHER)])
    return hodges_lehmann(values)


def describe_ratio(ratio: Ratio) -> str:
    """``slower by 3.1 % (95 %: 2.7 to 3.4 %)``, or that it is not distinguishable and how small it must be."""
    interval = f"95 %: {_signed(ratio.low)} to {_signed(ratio.high)}"
    if ratio.verdict == "not distinguishable":
        return f"not distinguishable ({_signed(ratio.value)}; {interval})"
    return f"{ratio.verdict} by {abs(ratio.value - 1):.2%} ({interval})"


def ratio_members(ratio: Ratio) -> dict[str, Any]:
    """For JSON: both ends null where nothing is known of them."""
    known = ratio.low > 0 and math.isfinite(ratio.high)
    return {
        "value": ratio.value,
        "low": ratio.low if known else None,
        "high": ratio.high if known else None,
        "clusters": ratio.clusters,
    }


def read_ratio(members: Mapping[str, Any]) -> Ratio:
    """The ratio that :func:`ratio_members` wrote."""
    low, high = (0.0, math.inf) if members["low"] is None else (members["low"], members["high"])
    return Ratio(members["value"], low, high, members["clusters"])


def _signed(value: float) -> str:
    return "any" if not math.isfinite(value) or value <= 0 else f"{100 * (value - 1):+.2f} %"
