"""The figures of a result for programs that do not want to compute them from the samples: ``extra.summary``."""

from __future__ import annotations

import dataclasses
from typing import Any

from fer_edge.bench.results.records import Result
from fer_edge.bench.results.summary import Row, Stage, rows
from fer_edge.stats.quantiles import Quantile


def with_digest(result: Result) -> Result:
    """The result with one entry a row under ``extra.summary``."""
    return dataclasses.replace(result, extra={**result.extra, "summary": [_row(row) for row in rows(result)]})


def _row(row: Row) -> dict[str, Any]:
    return {
        "name": row.name,
        "variant": row.variant,
        "engine": row.engine,
        "threads": row.threads,
        "trusted": row.trusted,
        "stages": {name: _stage(stage) for name, stage in row.stages.items()},
    }


def _stage(stage: Stage) -> dict[str, Any]:
    return {
        "samples": stage.count,
        "processes": stage.processes,
        "median": stage.middle,
        "median_interval": _interval(stage.median),
        "mean": stage.mean,
        "deviation": stage.deviation,
        "p90": _quantile(stage.p90),
        "p99": _quantile(stage.p99),
        "fastest": stage.fastest,
        "slowest": stage.slowest,
    }


def _interval(quantile: Quantile) -> list[float] | None:
    return None if quantile.low is None or quantile.high is None else [quantile.low, quantile.high]


def _quantile(quantile: Quantile) -> dict[str, Any]:
    """Null where the samples are too few, with the number that it takes."""
    return {
        "value": quantile.value,
        "interval": _interval(quantile),
        "samples_needed": quantile.needed or None,
    }
