"""The figures of a result: one row an artifact, engine and number of threads, and what its samples carry."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from fer_edge.bench.results.records import Artifact, Record, Result, RowKey
from fer_edge.stats.quantiles import Quantile, quantile_interval

QUANTILES = (0.5, 0.9, 0.99)


@dataclass(frozen=True, slots=True)
class Stage:
    """The samples of one stage in a few figures, in seconds.

    Attributes:
        count: samples.
        processes: processes that they came from.
        median: with its 95 % interval; a median without interval still has the middle of the samples in ``middle``.
        p90: None as value where the samples are too few, with the number that it takes.
        p99: likewise.
        middle: the samples' own median.
        mean: of all samples, none left out.
        deviation: standard deviation of the samples; None for one sample.
        fastest: the smallest sample.
        slowest: the largest sample.
        trusted: whether this stage may be relied on.
        reasons: why not.
    """

    count: int
    processes: int
    median: Quantile
    p90: Quantile
    p99: Quantile
    middle: float
    mean: float
    deviation: float | None
    fastest: float
    slowest: float
    trusted: bool = True
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """One artifact in one engine with one number of threads.

    Attributes:
        name: subject or variant.
        variant: ``<format>-<precision>[-image][-qio]`` or a lone file's stem.
        engine: library and version.
        threads: that it was given.
        stages: by name, those that were measured.
        artifact: what is known besides; None for files of other programs.
        trusted: all its records are.
    """

    name: str
    variant: str
    engine: str
    threads: int
    stages: Mapping[str, Stage]
    artifact: Artifact | None
    trusted: bool

    @property
    def roofline(self) -> Mapping[str, Any]:
        """MACs, bytes, percent of the peak and the sentence, where they were counted."""
        found = self.artifact.extra.get("roofline") if self.artifact else None
        return found if isinstance(found, Mapping) else {}


def list_rows(result: Result) -> list[Row]:
    """The rows of a result, in the order in which their first records stand."""
    groups: dict[RowKey, list[Record]] = {}
    for record in result.records:
        groups.setdefault(record.row, []).append(record)
    return [_row(result, records) for records in groups.values()]


def _row(result: Result, records: list[Record]) -> Row:
    first = records[0]
    return Row(
        name=first.name,
        variant=first.variant,
        engine=first.engine,
        threads=first.threads,
        stages={record.stage: summarize(record) for record in records},
        artifact=result.artifact(first),
        trusted=all(record.trusted for record in records),
    )


def summarize(record: Record) -> Stage:
    """The figures of one record; nothing is clipped or left out."""
    samples = record.samples
    sizes = [block.count for block in record.blocks]
    median, p90, p99 = (quantile_interval(samples, q, blocks=sizes) for q in QUANTILES)
    return Stage(
        count=len(samples),
        processes=len({block.generation for block in record.blocks}) or 1,
        median=median,
        p90=p90,
        p99=p99,
        middle=statistics.median(samples),
        mean=statistics.fmean(samples),
        deviation=statistics.stdev(samples) if len(samples) > 1 else None,
        fastest=min(samples),
        slowest=max(samples),
        trusted=record.trusted,
        reasons=record.reasons,
    )


def add_summary(result: Result) -> Result:
    """The result with one entry a row under ``extra.summary``, for programs that do not want to compute them."""
    return replace(
        result, extra={**result.extra, "summary": [_row_members(row) for row in list_rows(result)]}
    )


def _row_members(row: Row) -> dict[str, Any]:
    return {
        "name": row.name,
        "variant": row.variant,
        "engine": row.engine,
        "threads": row.threads,
        "trusted": row.trusted,
        "stages": {name: _stage_members(stage) for name, stage in row.stages.items()},
    }


def _stage_members(stage: Stage) -> dict[str, Any]:
    return {
        "samples": stage.count,
        "processes": stage.processes,
        "median": stage.middle,
        "median_interval": _interval(stage.median),
        "mean": stage.mean,
        "deviation": stage.deviation,
        "p90": _quantile_members(stage.p90),
        "p99": _quantile_members(stage.p99),
        "fastest": stage.fastest,
        "slowest": stage.slowest,
    }


def _interval(quantile: Quantile) -> list[float] | None:
    return None if quantile.low is None or quantile.high is None else [quantile.low, quantile.high]


def _quantile_members(quantile: Quantile) -> dict[str, Any]:
    """Null where the samples are too few, with the number that it takes."""
    return {
        "value": quantile.value,
        "interval": _interval(quantile),
        "samples_needed": quantile.needed or None,
    }
