"""One row a variant: what came of it, from the children's results to the table that a person reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_edge.export.parity.accuracy import gate
from fer_edge.export.parity.compare import INSENSITIVE
from fer_edge.export.parity.tolerances import Tolerance
from fer_edge.export.reference_data.build import ReferenceData
from fer_edge.export.run.plan import Skipped
from fer_edge.export.worker.job import ACCURACY, MAKE, Job
from fer_edge.runtime.variants import Variant

if TYPE_CHECKING:
    from fer_edge.export.run.forecast import Forecast

WRITTEN, LEFT_OUT, BROKEN, SKIPPED = "written", "left out", "failed", "skipped"


@dataclass
class VariantResult:
    """What came of one variant.

    Attributes:
        variant: which one.
        status: ``written``, ``left out`` (a check said no), ``failed`` (the converter did) or ``skipped``.
        path: the artifact, where there is one; in the staging folder.
        bytes: its size; of all files together if it is a package.
        file: its name in the bundle, if it is written.
        contract: its text.
        parity: as in the manifest.
        weight_audit: as in the manifest.
        findings: sentences of a weight audit that failed.
        accuracy: as in the manifest.
        notes: what the judge of the original and the converter had to say, a sentence each.
        reason: why it is not written.
        exit_code: what this row alone would make of the run.
        seconds: conversion and checks, on this machine; never stored.
    """

    variant: Variant
    status: str
    path: Path | None = None
    bytes: int | None = None
    file: str | None = None
    contract: str | None = None
    parity: dict[str, Any] | None = None
    weight_audit: dict[str, Any] | None = None
    findings: tuple[str, ...] = ()
    accuracy: dict[str, Any] | None = None
    notes: tuple[str, ...] = ()
    reason: str | None = None
    exit_code: int = 0
    seconds: float | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Leniency:
    """What is kept although a check said no."""

    keep_failed: bool = False
    allow_insensitive: bool = False


def skipped_results(skipped: Sequence[Skipped]) -> list[VariantResult]:
    """Rows of what was never tried."""
    return [VariantResult(entry.variant, SKIPPED, reason=entry.reason) for entry in skipped]


def made_results(
    jobs: Sequence[Job], data: ReferenceData, forecast: Forecast, leniency: Leniency
) -> list[VariantResult]:
    """Rows of what was tried, from the results in the jobs' folders."""
    rows = []
    for job in jobs:
        for index, task in enumerate(job.tasks):
            if task.stage == MAKE:
                result = job.result(index) or {"error": "the process left no result"}
                row = _row(task.what, Path(task.path), result)
                _add_accuracy(row, job, index, data)
                _add_foretold(row, forecast)
                _decide(row, leniency, job.limit(task))
                rows.append(row)
    return rows


def _row(variant: Variant, path: Path, result: Mapping[str, Any]) -> VariantResult:
    seconds = result.get("seconds")
    if "error" in result:
        return VariantResult(variant, BROKEN, reason=result["error"], exit_code=1, seconds=seconds)
    if "refused" in result:
        return VariantResult(variant, LEFT_OUT, reason=result["refused"], exit_code=3)
    return VariantResult(
        variant,
        WRITTEN,
        path,
        size(path),
        contract=result["contract"],
        parity=result["parity"],
        weight_audit=result["weight_audit"],
        findings=tuple(result["findings"]),
        notes=tuple(result.get("notes", ())),
        seconds=seconds,
    )


def size(path: Path) -> int:
    """Bytes of a file, or of all files in a package."""
    if path.is_file():
        return path.stat().st_size
    return sum(part.stat().st_size for part in path.rglob("*") if part.is_file())


def _add_accuracy(row: VariantResult, job: Job, made: int, data: ReferenceData) -> None:
    if data.accuracy is None or data.accuracy_reference is None or row.parity is None:
        return
    for index, task in enumerate(job.tasks):
        if task.stage == ACCURACY and task.variant == job.tasks[made].variant:
            result = job.result(index) or {}
            row.seconds = (row.seconds or 0) + (result.get("seconds") or 0)
            if "error" in result:
                row.status, row.reason, row.exit_code = BROKEN, f"accuracy: {result['error']}", 1
            elif result.get("answered"):
                answers = np.load(job.answers_path(index))
                row.accuracy = gate(data.accuracy, data.accuracy_reference, answers, job.limit(task))


def _add_foretold(row: VariantResult, forecast: Forecast) -> None:
    """What was known before the conversion; parity on this machine's CPU passes where float16 arithmetic would not."""
    if row.status == WRITTEN and row.variant in forecast.notes:
        row.notes += (forecast.notes[row.variant],)
    reason = forecast.failed.get(row.variant)
    if reason and row.parity is not None:
        said = [reason] if row.parity["verdict"] == "pass" else [reason, str(row.parity["reason"])]
        row.parity = {**row.parity, "verdict": "fail", "reason": "; ".join(said)}


def _decide(row: VariantResult, leniency: Leniency, limit: Tolerance) -> None:
    """Whether the file goes into the bundle, and what the run's exit code hears of it."""
    if row.status == BROKEN or row.parity is None:
        return
    faults = _faults(row, limit)
    insensitive = row.parity["verdict"] == "not-run" and str(row.parity["reason"]).startswith(INSENSITIVE)
    if faults:
        row.reason, row.exit_code = "; ".join(faults), 3
        if not leniency.keep_failed:
            row.status = LEFT_OUT
    elif insensitive and not leniency.allow_insensitive:
        row.reason, row.exit_code, row.status = f"parity not-run: {row.parity['reason']}", 3, LEFT_OUT
    elif row.parity["verdict"] == "not-run":
        row.reason = str(row.parity["reason"])


def _faults(row: VariantResult, limit: Tolerance) -> list[str]:
    faults = []
    if row.parity and row.parity["verdict"] == "fail":
        faults.append(f"parity failed: {row.parity['reason']}")
    if row.weight_audit and row.weight_audit["verdict"] == "fail":
        faults.append(f"weight audit failed: {'; '.join(row.findings[:3])}")
    if row.accuracy and row.accuracy["verdict"] == "fail":
        low, high = row.accuracy["drop_interval"]
        faults.append(
            f"accuracy failed: it drops by {low:.4f} to {high:.4f}, allowed is {limit.accuracy_drop:g}"
        )
    return faults


def exit_code(rows: Sequence[VariantResult]) -> int:
    """3 if a check said no, else 1 if a converter failed, else 0."""
    return max((row.exit_code for row in rows), default=0)
