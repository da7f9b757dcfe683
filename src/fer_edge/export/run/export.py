"""An export from start to end: plan, children, reference data, results, bundle."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from fer_edge.export.bundle.results import WRITTEN, VariantResult
from fer_edge.export.bundle.staging import BUNDLE, WORK, check_target, publish, staging
from fer_edge.export.formats import find_format
from fer_edge.export.formats.mixed import Limits
from fer_edge.export.parity.tolerances import Tolerances
from fer_edge.export.reference_model.model import (
    REFERENCE,
    ModelSpec,
    ReferenceModel,
    open_original,
    write_reference,
)
from fer_edge.export.run.plan import Leniency, Plan, VariantRequest, choose, settle
from fer_edge.export.run.results import made_results, skipped_results
from fer_edge.export.worker.job import ACCURACY, MAKE, Job, ModelFiles, TaskResult, make_jobs
from fer_edge.export.worker.pool import Pool
from fer_edge.runtime.formats import CALIBRATED
from fer_edge.runtime.golden import Vector, read_vectors
from fer_edge.runtime.variants import Variant, legal_variants

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fer_edge.console.output import Output
    from fer_edge.export.pictures.folder import PictureOptions
    from fer_edge.export.reference_data.build import ReferenceData
    from fer_edge.export.reference_model.soundness import Soundness
    from fer_edge.export.run.forecast import Forecast
    from fer_edge.export.sources.check import ImportCheck

COLUMNS = 80


@dataclass(frozen=True)
class ExportRequest:
    """Everything that was typed.

    Attributes:
        variants: which of them.
        model: the original.
        pictures: where pictures come from.
        leniency: what is kept although a check said no.
        tolerances: what checks allow instead of the usual.
        limits: of the precision ``auto``.
        out: the bundle's folder.
    """

    variants: VariantRequest
    model: ModelSpec
    pictures: PictureOptions
    leniency: Leniency = field(default_factory=Leniency)
    tolerances: Tolerances = field(default_factory=Tolerances)
    limits: Limits = field(default_factory=Limits)
    out: Path = Path("bundle")


@dataclass(frozen=True)
class ExportOutcome:
    """The outcome of an export.

    Attributes:
        results: one a variant, in table order.
        bundle: the bundle's folder, or None if nothing was fit to be written.
        sha256: of its manifest.
        model: its name.
        warnings: sentences about what is doubtful.
        next: the words of the command that proves the bundle again.
        imported: the verdict on the import, where the network came from another framework's file.
    """

    results: list[VariantResult]
    bundle: Path | None
    sha256: str | None
    model: str
    warnings: tuple[str, ...]
    next: tuple[str, ...]
    imported: ImportCheck | None = None


def plan_variants(request: ExportRequest) -> Plan:
    """Plan the variants; see ``plan``."""
    calibrated = request.pictures.calibration is not None or request.model.checkpoint is None
    return settle(choose(request.variants), request.variants, calibrated=calibrated)


def export(request: ExportRequest, plan: Plan, output: Output) -> ExportOutcome:
    """Make the planned variants and put those that pass into a bundle.

    Raises:
        FerEdgeError: an input is at fault; nothing has been touched.
    """
    target = check_target(request.out)
    for text in plan.illegal:
        output.warn(f"left out: {text}")
    with staging(target) as folder:
        work, bundle = folder / WORK, folder / BUNDLE
        jobs = _jobs(plan.variants, work, request)
        steps = sum(len(job.tasks) for job in jobs)
        with Pool(jobs) as pool, output.progress("Exporting", steps) as progress:
            prepared = _prepare(request, plan, work / "common", bundle, pool, output)
            pool.wait(lambda *_: progress.advance(), progress.show)
        if output.debug:
            _show_logs(jobs, output)
        made = made_results(jobs, prepared.data, prepared.forecast, request.leniency)
        order = legal_variants(every=True)
        results = sorted(skipped_results(plan.skipped) + made, key=lambda one: order.index(one.variant))
        sha256 = _write(bundle, target, request, prepared, results, output)
    original, warnings = prepared.original, (*plan.illegal, *prepared.data.warnings)
    place, command = target if sha256 else None, ("fer-verify", str(request.out), *original.options())
    model, imported = original.contract.model, prepared.data.imported
    return ExportOutcome(results, place, sha256, model, warnings, command, imported)


def _write(
    bundle: Path,
    target: Path,
    request: ExportRequest,
    prepared: _Prepared,
    results: Sequence[VariantResult],
    output: Output,
) -> str | None:
    """Write the bundle and put it in place, if any variant is fit for it; the hash of its manifest."""
    if not any(result.status == WRITTEN for result in results):
        return None
    from fer_edge.export.bundle.writer import write_bundle

    sha256 = write_bundle(bundle, prepared.original, results, prepared.data, request.tolerances)
    for leftover in publish(bundle, target, request.out):
        output.warn(
            f"an old bundle could not be removed: {leftover}; the next export tries again, or remove it"
        )
    return sha256


def _jobs(variants: Sequence[Variant], work: Path, request: ExportRequest) -> list[Job]:
    artifacts = work / "artifacts"
    for folder in (artifacts, work / "common"):
        folder.mkdir()
    # The model's name is not known before its contract is read, and children must not wait for it.
    paths = {variant: artifacts / variant.filename("model") for variant in variants}
    stages = (MAKE,) if request.pictures.accuracy is None else (MAKE, ACCURACY)
    jobs = make_jobs(stages, paths, work, request.tolerances, request.limits)
    for job in jobs:
        job.write()
    return sorted(jobs, key=lambda job: -find_format(job.format).duration)


@dataclass(frozen=True)
class _Prepared:
    """The parent's part of an export."""

    original: ReferenceModel
    forecast: Forecast
    data: ReferenceData


def _prepare(
    request: ExportRequest, plan: Plan, common: Path, bundle: Path, pool: Pool, output: Output
) -> _Prepared:
    """The original, checked before any child gets it; then pictures and reference answers."""
    from fer_edge.export.reference_data.build import ReferenceDataBuilder
    from fer_edge.export.reference_data.golden import write_golden
    from fer_edge.export.reference_model.control_flow import refuse_decisions
    from fer_edge.export.run.forecast import make_forecast

    original = open_original(request.model)
    _tell_support(original, output)
    write_reference(original, bundle / REFERENCE)
    builder = ReferenceDataBuilder(original, request.pictures, common, _every(20, pool.pump))
    soundness, answers = builder.check_original()
    write_golden(bundle / "golden", original)
    vectors = read_vectors(bundle / "golden")
    imported = _judge_import(original, request.model, builder.asked, soundness, vectors, output)
    refuse_decisions(original.module, original.contract)
    forecast = make_forecast(soundness, answers, plan.variants, request.tolerances, request.leniency)
    for warning in forecast.warnings:
        output.warn(warning)
    _refuse(pool.jobs, forecast)
    ModelFiles.of(original, bundle / REFERENCE).write(common)
    calibrated = any(variant.precision in CALIBRATED for variant in plan.variants)
    data = builder.build(calibrated=calibrated, warnings=forecast.warnings)
    for warning in data.warnings[len(forecast.warnings) :]:
        output.warn(warning)
    return _Prepared(original, forecast, replace(data, imported=imported))


def _tell_support(original: ReferenceModel, output: Output) -> None:
    """What is known of a network that was taken through every format and precision before; nothing for programs."""
    from fer_edge.export.supported.table import describe, find_row

    row = None if output.json else find_row(original.arch, original.arch_args)
    if row is not None:
        output.say(textwrap.fill(describe(row), COLUMNS, break_long_words=False, break_on_hyphens=False))


def _judge_import(
    original: ReferenceModel,
    typed: ModelSpec,
    pictures: NDArray[np.uint8],
    soundness: Soundness,
    vectors: Sequence[Vector],
    output: Output,
) -> ImportCheck | None:
    """The network of another framework's file against that framework's runtime, if it came from one."""
    if original.source is None or typed.checkpoint is None:
        return None
    from fer_edge.export.sources.check import check_import

    chosen = typed.output_index if typed.output_key is None else typed.output_key
    found = check_import(original, typed.checkpoint, chosen, pictures, soundness.rows, vectors)
    if found is not None and found.reason:
        output.warn(found.reason)
    return found


def _refuse(jobs: Sequence[Job], forecast: Forecast) -> None:
    """Settle what need not be converted; the children still wait for the original."""
    for job in jobs:
        for index, task in enumerate(job.tasks):
            if task.stage == MAKE and task.what in forecast.refused:
                job.put_result(index, TaskResult(refused=forecast.refused[task.what]))


def _every(calls: int, action: Callable[[], object]) -> Callable[[], None]:
    count = 0

    def tick() -> None:
        nonlocal count
        count += 1
        if count % calls == 0:
            action()

    return tick


def _show_logs(jobs: Sequence[Job], output: Output) -> None:
    for job in jobs:
        text = (job.folder / "log.txt").read_text(errors="replace").strip()
        if text:
            output.say(f"--- {job.format} ---\n{text}")
