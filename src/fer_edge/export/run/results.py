"""Results, one a variant: from what the children found to what the table, the manifest and the exit code say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fer_edge.export.bundle.results import BROKEN, LEFT_OUT, SKIPPED, WRITTEN, VariantResult
from fer_edge.export.parity.accuracy import check_accuracy
from fer_edge.export.parity.tolerances import Tolerance
from fer_edge.export.reference_data.build import ReferenceData
from fer_edge.export.run.plan import Leniency, Skipped
from fer_edge.export.worker.job import ACCURACY, MAKE, Job, TaskResult
from fer_edge.runtime.errors import CheckFailed, ExportError
from fer_edge.runtime.variants import Variant
from fer_edge.runtime.verification import Code

if TYPE_CHECKING:
    from fer_edge.export.run.forecast import Forecast


def skipped_results(skipped: Sequence[Skipped]) -> list[VariantResult]:
    """Results of what was never tried."""
    return [VariantResult(entry.variant, SKIPPED, reason=entry.reason) for entry in skipped]


def made_results(
    jobs: Sequence[Job], data: ReferenceData, forecast: Forecast, leniency: Leniency
) -> list[VariantResult]:
    """Results of what was tried, from those of the tasks in the jobs' folders."""
    made = [(job, index) for job in jobs for index, task in enumerate(job.tasks) if task.stage == MAKE]
    return [_made(job, index, data, forecast, leniency) for job, index in made]


def _made(job: Job, index: int, data: ReferenceData, forecast: Forecast, leniency: Leniency) -> VariantResult:
    task = job.tasks[index]
    result = _result(
        task.what, Path(task.path), job.result(index) or TaskResult(error="the process left no result")
    )
    if result.status == WRITTEN:
        _add_accuracy(result, job, data)
        _add_forecast(result, forecast)
        if result.status == WRITTEN:
            _decide(result, leniency, job.tolerance(task))
    return result


def _result(variant: Variant, path: Path, found: TaskResult) -> VariantResult:
    if found.error is not None:
        code = ExportError.exit_code
        return VariantResult(variant, BROKEN, reason=found.error, exit_code=code, seconds=found.seconds)
    if found.refused is not None:
        return VariantResult(variant, LEFT_OUT, reason=found.refused, exit_code=CheckFailed.exit_code)
    return VariantResult(
        variant,
        WRITTEN,
        path,
        size(path),
        contract=found.contract,
        parity=found.parity,
        faithful=found.faithful,
        weight_audit=found.weight_audit,
        findings=found.findings,
        notes=found.notes,
        seconds=found.seconds,
    )


def size(path: Path) -> int:
    """Bytes of a file, or of all files in a package."""
    if path.is_file():
        return path.stat().st_size
    return sum(part.stat().st_size for part in path.rglob("*") if part.is_file())


def _add_accuracy(result: VariantResult, job: Job, data: ReferenceData) -> None:
    if data.accuracy is None or data.accuracy_reference is None:
        return
    for index, task in enumerate(job.tasks):
        if task.stage == ACCURACY and task.what == result.variant:
            found = job.result(index) or TaskResult()
            result.seconds = (result.seconds or 0) + (found.seconds or 0)
            if found.error is not None:
                if result.parity and result.parity.verdict == "fail":
                    return  # refused already; what it is worth cannot be measured either
                result.status, result.reason = BROKEN, f"accuracy: {found.error}"
                result.exit_code = ExportError.exit_code
            elif found.answered:
                answers, tolerance = np.load(job.answers_path(index)), job.tolerance(task)
                result.accuracy = check_accuracy(
                    data.accuracy, data.accuracy_reference, answers, tolerance, data.labels
                )
                _add_doubt(result)


def _add_doubt(result: VariantResult) -> None:
    """Say that the pictures are too few, which refuses nothing."""
    figures = result.accuracy.figures if result.accuracy else None
    if figures and figures.code is Code.UNDECIDED:
        result.notes += (f"accuracy {figures.reason}",)


def _add_forecast(result: VariantResult, forecast: Forecast) -> None:
    """Add what was known before the conversion; parity on this machine's CPU passes where float16 arithmetic would not."""
    if result.status == WRITTEN and result.variant in forecast.notes:
        result.notes += (forecast.notes[result.variant],)
    reason, parity = forecast.failed.get(result.variant), result.parity
    if reason and parity:
        said = "; ".join([reason] if parity.reason is None else [reason, parity.reason])
        result.parity = replace(parity, verdict="fail", reason=said, code=Code.OVERFLOW)


def _decide(result: VariantResult, leniency: Leniency, tolerance: Tolerance) -> None:
    """Decide if the file goes into the bundle, and with which exit code the run ends because of it."""
    faults = _faults(result, tolerance)
    parity = result.parity
    if faults:
        result.reason, result.exit_code = "; ".join(faults), CheckFailed.exit_code
        if not leniency.keep_failed:
            result.status = LEFT_OUT
    elif parity and parity.code is Code.INSENSITIVE and not leniency.allow_insensitive:
        result.reason, result.exit_code = f"parity not-run: {parity.reason}", CheckFailed.exit_code
        result.status = LEFT_OUT
    elif parity and parity.verdict == "not-run":
        result.reason = parity.reason


def _faults(result: VariantResult, tolerance: Tolerance) -> list[str]:
    parity, audit, accuracy = result.parity, result.weight_audit, result.accuracy
    faults = []
    if result.faithful and result.faithful.verdict == "fail":
        faults.append(f"not faithful: {result.faithful.reason}")
    if parity and parity.verdict == "fail":
        faults.append(f"not good enough: {parity.reason}")
    if audit and audit.verdict == "fail":
        faults.append(f"weight audit failed: {'; '.join(result.findings[:3])}")
    if accuracy and accuracy.verdict == "fail" and accuracy.drop_interval:
        low, high = accuracy.drop_interval
        allowed = f"allowed is {tolerance.accuracy_drop:g}"
        faults.append(f"accuracy failed: it drops by {low:.4f} to {high:.4f}, {allowed}")
    return faults


def exit_code(results: Sequence[VariantResult]) -> int:
    """3 if a check said no, else 1 if a converter failed, else 0."""
    return max((result.exit_code for result in results), default=0)
