"""Two records side by side: the turns that they took in the same round, as the pairs of a ratio."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

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


def paired(first: Record, second: Record, *, seed: int = 0) -> Ratio:
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


def unpaired(first: Record, second: Record, *, seed: int = 0) -> Ratio:
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
