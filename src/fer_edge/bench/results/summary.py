"""What every form shows: one row an artifact, engine and number of threads, with the figures that its samples carry."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fer_edge.bench.results.records import Artifact, Record, Result
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
        reasons: why not, each once.
    """

    name: str
    variant: str
    engine: str
    threads: int
    stages: Mapping[str, Stage]
    artifact: Artifact | None
    trusted: bool
    reasons: tuple[str, ...]

    @property
    def key(self) -> tuple[str, str, int]:
        """What no two rows share."""
        return (self.name, self.engine, self.threads)

    @property
    def roofline(self) -> Mapping[str, Any]:
        """MACs, bytes, percent of the peak and the sentence, where they were counted."""
        found = self.artifact.extra.get("roofline") if self.artifact else None
        return found if isinstance(found, Mapping) else {}


def rows(result: Result) -> list[Row]:
    """The rows of a result, in the order in which their first records stand."""
    groups: dict[tuple[str, str, int], list[Record]] = {}
    for record in result.records:
        groups.setdefault((record.name, record.engine, record.threads), []).append(record)
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
        reasons=tuple(dict.fromkeys(reason for record in records for reason in record.reasons)),
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


def sources(found: list[Row]) -> list[str]:
    """One line an engine, such as ``ai-edge-litert 2.3.0: tflite-fp32, tflite-int8``, for a table without that column."""
    names: dict[str, list[str]] = {}
    for row in found:
        names.setdefault(row.engine, []).append(row.name)
    return [f"{engine}: {', '.join(dict.fromkeys(members))}" for engine, members in names.items()]
