"""Artifacts run again in children, and what their answers say about the manifest."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fer_edge.export.parity.accuracy import check_accuracy
from fer_edge.export.parity.tolerances import Tolerances
from fer_edge.export.pictures.arrays import put_array
from fer_edge.export.pictures.calibration import DRAWN
from fer_edge.export.reference_model.model import REFERENCE
from fer_edge.export.verify.claims import compare_accuracy, compare_audit, compare_parity, contradicts
from fer_edge.export.verify.original import VerifyRequest
from fer_edge.export.verify.report import ArtifactReport
from fer_edge.export.worker.job import ACCURACY, GOLDEN, REDRAWN, VERIFY, ModelFiles, TaskResult, make_jobs
from fer_edge.export.worker.pool import Pool
from fer_edge.runtime import sandbox
from fer_edge.runtime.atomic import write_bytes
from fer_edge.runtime.bundle import Bundle
from fer_edge.runtime.errors import ExportError
from fer_edge.runtime.golden import Vector
from fer_edge.runtime.variants import Variant
from fer_edge.runtime.verification import Accuracy, Code, Parity

if TYPE_CHECKING:
    from fer_edge.console.output import Output
    from fer_edge.export.reference_data.build import ReferenceDataBuilder
    from fer_edge.export.reference_model.model import ReferenceModel


def measure(
    bundle: Bundle,
    sound: Mapping[str, ArtifactReport],
    vectors: Sequence[Vector],
    original: ReferenceModel | None,
    request: VerifyRequest,
    output: Output,
) -> None:
    """Run artifacts in children of their formats, and add to the reports what is found.

    Args:
        bundle: the bundle; nothing in it is written.
        sound: reports by variant, of artifacts whose files and contracts are as they should be.
        vectors: sound golden vectors; none: no artifact is asked about them.
        original: None: parity is not measured.
        request: says how many parity inputs, and which labeled pictures.
        output: for progress.
    """
    stages = ((GOLDEN,) if vectors else ()) + ((VERIFY,) if original is not None else ())
    stages += (ACCURACY,) if original is not None and request.pictures.accuracy is not None else ()
    with tempfile.TemporaryDirectory(prefix="fer-verify-") as folder:
        work = Path(folder)
        common = work / "common"
        common.mkdir()
        _put_golden(vectors, common)
        builder = None
        if original is not None:
            builder = _put_original(bundle, original, request, common)
        known = _list_calibrated(bundle, request) if builder is not None else {}
        write_bytes(common / REDRAWN, json.dumps(sorted(known)).encode())
        paths = {
            Variant.parse(name): bundle.path.resolve().joinpath(*one.artifact.path.split("/"))
            for name, one in sound.items()
        }
        jobs = make_jobs(stages, paths, work, Tolerances.recorded(bundle.manifest))
        for job in jobs:
            job.write()
        if not sandbox.version():
            output.say("This system cannot keep the processes that run the artifacts from writing files.")
        steps = sum(len(job.tasks) for job in jobs)
        ours = request.arch is None  # then the network is a built-in one
        with Pool(jobs, ours=ours) as pool, output.progress("Verifying", steps) as progress:
            if builder is not None:
                # Children have enough to do until they need these.
                builder.tick = pool.pump
                builder.put_parity(_list_counts(bundle))
                if known:
                    builder.repeat_calibration(known)
            labeled = builder.put_accuracy() if builder is not None else None
            pool.wait(lambda *_: progress.advance(), progress.show)
        for job in jobs:
            for index, task in enumerate(job.tasks):
                found = job.result(index) or TaskResult(error="no result")
                add_result(sound[task.variant], found)
                if found.answered and labeled and original is not None:
                    answers = np.load(job.answers_path(index))
                    labels = original.contract.labels
                    _add_accuracy(
                        sound[task.variant],
                        check_accuracy(*labeled, answers, job.tolerance(task), labels),
                    )


def _add_accuracy(one: ArtifactReport, found: Accuracy) -> None:
    one.accuracy = found
    if found.verdict == "fail" and found.figures:
        one.faults.append(f"accuracy: {found.figures.reason}")
    one.faults += compare_accuracy(one.artifact, found)


def _put_golden(vectors: Sequence[Vector], common: Path) -> None:
    if vectors:
        put_array(common / "golden.npy", np.stack([vector.run().scaled for vector in vectors]))
        stored = np.array([vector.probabilities for vector in vectors], np.float32)
        put_array(common / "golden-reference.npy", stored)


def _list_calibrated(bundle: Bundle, request: VerifyRequest) -> dict[str, str]:
    """Variants whose calibration images can be had again, with the SHA-256 of these: drawn faces, or the folder that was given.

    Raises:
        ExportError: a folder was given, and no range of the bundle was measured on one.
    """
    records = [(artifact.variant, artifact.calibration) for artifact in bundle.manifest.artifacts]
    wanted = {
        variant: record.sha256
        for variant, record in records
        if record is not None and (record.source == DRAWN) == (request.pictures.calibration is None)
    }
    if request.pictures.calibration is not None and not wanted:
        raise ExportError(
            "--calibration: no range of this bundle was measured on a folder of pictures; leave it out"
        )
    return wanted


def _put_original(
    bundle: Bundle, original: ReferenceModel, request: VerifyRequest, common: Path
) -> ReferenceDataBuilder:
    from fer_edge.export.reference_data.build import ReferenceDataBuilder

    builder = ReferenceDataBuilder(original, request.pictures, common, lambda: None)
    ModelFiles.of(original, (bundle.path / REFERENCE).resolve()).write(common)
    return builder


def _list_counts(bundle: Bundle) -> list[int]:
    """How many inputs each artifact was judged by."""
    return [artifact.parity.inputs for artifact in bundle.manifest.artifacts if artifact.parity.inputs]


def add_result(one: ArtifactReport, result: TaskResult) -> None:
    """Add to an artifact's report what a child found, and the verdict about it."""
    if result.error is not None:
        one.faults.append(result.error)
    if result.golden is not None:
        one.golden = result.golden
        if result.golden.verdict == "fail":
            one.faults.append(f"golden vectors: {result.golden.reason}")
        elif result.golden.verdict == "not-run":
            one.reason = result.golden.reason
    one.layers, one.unaligned = (*one.layers, *result.layers), (*one.unaligned, *result.unaligned)
    if result.faithful is not None:
        one.faithful = result.faithful
        if result.faithful.verdict == "fail":
            one.faults.append(f"not faithful: {result.faithful.reason}")
    if result.parity is not None:
        _add_parity(one, result.parity)
        one.reason = one.reason or "; ".join(result.notes) or None
        _add_audit(one, result)
    if result.faithful is not None and result.faithful.verdict == "not-run":
        one.reason = "; ".join(
            filter(None, (one.reason, f"faithful was not asked: {result.faithful.reason}"))
        )


def _add_parity(one: ArtifactReport, parity: Parity) -> None:
    one.parity = parity
    if parity.verdict == "fail":
        said = f"not good enough: {parity.reason}"
        usual = Tolerances().of(one.artifact.format, one.artifact.precision)
        if contradicts(one.artifact.parity, parity, usual):
            one.faults.append(said)
        else:
            one.reason = f"on other pictures than it was judged on, {said}"
    elif parity.verdict == "not-run":
        one.reason = parity.reason
        if one.artifact.parity.verdict == "pass" and parity.code is Code.INSENSITIVE:
            one.faults.append(f"the manifest says pass, but {parity.reason}")
    one.faults += compare_parity(one.artifact, parity)


def _add_audit(one: ArtifactReport, result: TaskResult) -> None:
    one.weight_audit = result.weight_audit
    if result.weight_audit is None:
        return
    if result.weight_audit.verdict == "fail":
        one.faults.append(f"weights: {'; '.join(result.findings[:3])}")
    else:
        one.faults += compare_audit(one.artifact, result.weight_audit)
