"""The child: ``python -m fer_edge.export.worker.child JOBDIR`` does the tasks of one format, one after another.

Converters and engines abort, leak and hang; here that costs the variant in flight and nothing else. What a task
came to is a file; the parent reads it.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import re
import sys
import time
import traceback
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fer_edge.export.formats import find_format
from fer_edge.export.pictures.arrays import CALIBRATION_FILE, get_array, put_array, wait_for
from fer_edge.export.worker.job import (
    ACCURACY,
    ASK,
    GOLDEN,
    MAKE,
    MODEL,
    REDRAWN,
    VERIFY,
    Job,
    ModelFiles,
    Task,
    TaskResult,
)
from fer_edge.export.worker.proving import Proving
from fer_edge.runtime.errors import CheckFailed, ExportError, FerEdgeError
from fer_edge.runtime.sandbox import die_with_parent, forbid_writing

if TYPE_CHECKING:
    from fer_edge.export.faithful.check import Proof
    from fer_edge.export.formats.protocol import Calibration, Converter
    from fer_edge.export.reference_model.inference import Reference
    from fer_edge.export.worker.unchanged import GuardedModel
    from fer_edge.runtime.contract import Contract

REASON_LENGTH = 400
COLLECTOR_THRESHOLDS = (50_000, 20, 50)
"""Converters and their imports make millions of objects that live on; looking through them at Python's usual pace
costs a seventh of a conversion's time and, measured, saves no memory."""


class Worker:
    """Does the tasks of a job; what several tasks share is made once."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.memo: dict[str, Any] = {}
        self._waited = 0.0
        self._converter_module: Converter | None = None
        self._guarded: GuardedModel | None = None
        self._calibration: Calibration | None = None
        self._proving = Proving(job, lambda: self._original().source, self.memo)

    def warm_up(self) -> None:
        """Import what conversion needs while the parent still prepares; a fault shows again where it matters."""
        gc.disable()
        if any(self.job.tasks[index].stage == MAKE for index in self.job.pending()):
            for name in find_format(self.job.format).requires:
                with contextlib.suppress(Exception):
                    importlib.import_module(name)
        gc.freeze()
        gc.enable()

    def work(self) -> None:
        """Do every task that has no result yet."""
        for place, index in enumerate(self.job.pending()):
            (self.job.folder / "running").write_text(str(index))
            if self._settled(index):
                continue
            if place:
                _settle()
            self.job.put_result(index, self._outcome(index))

    def _settled(self, index: int) -> bool:
        """Whether the parent's check of the original, which ends when it hands it over, spares the conversion."""
        if self.job.tasks[index].stage == MAKE:
            wait_for(self.job.common / MODEL)
        return self.job.result_path(index).exists()

    def _outcome(self, index: int) -> TaskResult:
        task, started, self._waited = self.job.tasks[index], time.perf_counter(), 0.0
        try:
            found = self._do(index, task)
        except CheckFailed as error:  # such as: no mix of precisions keeps the limits
            found = TaskResult(refused=describe_error(error, self.job.folder))
        # The child's last frame: every fault, be it somebody's sys.exit(), becomes the reason of one row.
        except (Exception, SystemExit) as error:  # noqa: BLE001
            traceback.print_exc()
            found = TaskResult(error=describe_error(error, self.job.folder))
        return replace(found, seconds=time.perf_counter() - started - self._waited)

    def _when_there(self, path: Path) -> Path:
        """Wait for a file of the parent's; that time is not the variant's."""
        started = time.perf_counter()
        wait_for(path)
        self._waited += time.perf_counter() - started
        return path

    def _do(self, index: int, task: Task) -> TaskResult:
        if task.stage == MAKE:
            return self._make(task)
        if task.stage == ACCURACY:
            return self._accuracy(index, task)
        if task.stage == ASK:
            return self._ask(index, task)
        return self._golden(task) if task.stage == GOLDEN else self._verify(task)

    def _make(self, task: Task) -> TaskResult:
        from fer_edge.export.formats.protocol import Request
        from fer_edge.runtime.engines import is_evaluated
        from fer_edge.runtime.formats import CALIBRATED

        variant, path = task.what, Path(task.path)
        converter = self._converter()
        original = self._original()
        calibration = self._calibrate() if variant.precision in CALIBRATED else None
        request = Request(
            variant,
            original.source,
            calibration,
            path,
            self.memo,
            lambda: self._reference("parity"),
            self.job.limits,
        )
        contract = converter.convert(request)
        self._refuse_changes(f"the {variant.format} converter")
        found = self._check(task, contract)
        if found.parity and found.parity.verdict == "pass":
            request.notes.extend(find_format(variant.format).observe(path))
            # An evaluator's time says nothing about a phone's.
            if calibration is not None and not is_evaluated(found.parity.engine):
                request.notes.extend(self._slow_notes(task, contract))
        return replace(found, contract=contract.text, notes=(*request.notes, *found.notes))

    def _slow_notes(self, task: Task, contract: Contract) -> list[str]:
        """A sentence where the fp32 file of the same format and interface, made before it, is as fast."""
        from fer_edge.export.parity.int8_speed import describe_slow_int8
        from fer_edge.runtime.contract import Contract
        from fer_edge.runtime.model import open_artifact

        for index, other in enumerate(self.job.tasks):
            sibling = other.stage == MAKE and other.what.precision == "fp32"
            found = (
                self.job.result(index) if sibling and other.what.interface == task.what.interface else None
            )
            if found and found.contract:
                fp32 = open_artifact(Path(other.path), Contract.parse(found.contract), threads=1)
                int8 = open_artifact(Path(task.path), contract, threads=1)
                note = describe_slow_int8(
                    int8, fp32, np.asarray(self._reference("parity").pictures[0]), task.what.precision
                )
                return [note] if note else []
        return []

    def _verify(self, task: Task) -> TaskResult:
        return self._check(task, _contract_beside(task))

    def _golden(self, task: Task) -> TaskResult:
        from fer_edge.export.parity.check import check_golden

        path, contract, reference = Path(task.path), _contract_beside(task), self._reference("golden")
        allowed = self.job.tolerances.of_other_pictures(task.what.format, task.what.precision)
        return TaskResult(golden=check_golden(path, contract, task.what, reference, allowed))

    def _ask(self, index: int, task: Task) -> TaskResult:
        from fer_edge.export.parity.answers import run_tensors
        from fer_edge.export.parity.check import open_checked

        tensors = get_array(self.job.tensors_path(task))
        answers = run_tensors(open_checked(Path(task.path), _contract_beside(task), task.what), tensors)
        put_array(self.job.answers_path(index), answers)
        return TaskResult(answered=len(answers))

    def _check(self, task: Task, contract: Contract) -> TaskResult:
        from fer_edge.export.parity.check import check_parity, describe_evaluation
        from fer_edge.runtime.engines import is_evaluated

        path, reference, tolerance = Path(task.path), self._reference("parity"), self.job.tolerance(task)
        parity = check_parity(path, contract, task.what, reference, tolerance)
        notes = describe_evaluation(parity, task.what, path, contract, reference, tolerance)
        found = TaskResult(parity=parity, notes=tuple(notes))
        if not (self.job.common / MODEL).exists():
            return found
        found = self._prove(task, found, reference)
        # What its own engine ran need not be read back weight by weight.
        audited = parity.engine is None or is_evaluated(parity.engine)
        return self._audit(task, found) if audited else found

    def _prove(self, task: Task, found: TaskResult, reference: Reference) -> TaskResult:
        from fer_edge.runtime.formats import CALIBRATED

        calibration = self._calibration_of(task) if task.what.precision in CALIBRATED else None
        proof = self._proving.prove(task, calibration, reference)
        if proof is not None:
            sentences = tuple(f"{item.module or item.where}: {item.sentence}" for item in proof.findings)
            found = replace(found, faithful=proof.verdict, findings=sentences)
        return self._add_layers(task, found, proof, reference)

    def _add_layers(
        self, task: Task, found: TaskResult, proof: Proof | None, reference: Reference
    ) -> TaskResult:
        from fer_edge.export.faithful.layers.rows import LONGEST, list_rows
        from fer_edge.export.worker.layering import compare_task, join
        from fer_edge.runtime.verification import Code

        believed = proof is not None and proof.verdict.code is not Code.BRIDGE
        source = proof.source if proof is not None and believed else None
        # Without a float file that is believed there is nothing to compare with, but for one that is itself float32.
        if source is None and task.what.precision != "fp32":
            return found
        answers = compare_task(task, source.path if source else None, self._original().source, reference)
        if answers is None:
            return found
        return replace(
            found,
            faithful=join(found.faithful, answers),
            layers=list_rows(answers),
            unaligned=tuple(name[-LONGEST:] for name in answers.unaligned),
        )

    def _audit(self, task: Task, found: TaskResult) -> TaskResult:
        audit = find_format(task.what.format).audit(Path(task.path), self._original().source)
        if audit is None:
            return found
        return replace(found, weight_audit=audit.record, findings=(*found.findings, *audit.findings))

    def _accuracy(self, index: int, task: Task) -> TaskResult:
        from fer_edge.export.parity.answers import run
        from fer_edge.export.parity.check import open_checked
        from fer_edge.runtime.contract import Contract
        from fer_edge.runtime.verification import Code

        made = self.job.result(self._checked(task))
        if made is None or made.parity is None:
            return TaskResult()
        if made.parity.code is Code.SHAPE or made.parity.engine is None:
            return TaskResult()
        contract = Contract.parse(made.contract) if made.contract else _contract_beside(task)
        pictures = get_array(self._when_there(self.job.common / "accuracy.npy"))
        answers = run(open_checked(Path(task.path), contract, task.what), contract, pictures)
        put_array(self.job.answers_path(index), answers)
        return TaskResult(answered=len(pictures))

    def _checked(self, task: Task) -> int:
        """The task that made the artifact, or checked it."""
        stages = (MAKE, VERIFY)
        return next(
            index
            for index, other in enumerate(self.job.tasks)
            if other.stage in stages and other.variant == task.variant
        )

    def _converter(self) -> Converter:
        if self._converter_module is None:
            self._converter_module = find_format(self.job.format).load()
        return self._converter_module

    def _refuse_changes(self, culprit: str) -> None:
        try:
            self._original().refuse_changes(culprit)
        except ExportError:
            # The next variant starts from the checkpoint again, and from nothing that was made of the changed one.
            self._guarded = None
            self.memo.clear()
            raise

    def _original(self) -> GuardedModel:
        """The checkpoint's model, built once; whoever may write to it gets a copy."""
        if self._guarded is None:
            from fer_edge.export.formats.protocol import ModelAndContract
            from fer_edge.export.reference_model.model import rebuild
            from fer_edge.export.worker.unchanged import GuardedModel
            from fer_edge.runtime.contract import Contract

            files = ModelFiles.read(self._when_there(self.job.common / MODEL))
            weights, contract = Path(os.fsdecode(files.weights)), Contract.parse(files.contract)
            original = rebuild(weights, contract, files.arch, files.arch_args)
            self._guarded = GuardedModel(ModelAndContract(original.module, contract))
        return self._guarded

    def _reference(self, name: str) -> Reference:
        from fer_edge.export.pictures.parity_inputs import EXTREMES
        from fer_edge.export.reference_data.build import PARITY_SOURCE
        from fer_edge.export.reference_model.inference import Reference

        common = self.job.common
        pictures, answers = (self._when_there(common / f"{name}{end}.npy") for end in ("", "-reference"))
        if name != "parity":
            return Reference(get_array(pictures), get_array(answers))
        source = (common / PARITY_SOURCE).read_text()
        return Reference(get_array(pictures), get_array(answers), source, EXTREMES)

    def _calibration_of(self, task: Task) -> Calibration | None:
        """The images that an artifact's ranges were taken from; None where it came from elsewhere and they were not drawn again."""
        if task.stage == MAKE:
            return self._calibrate()
        if task.variant not in json.loads((self.job.common / REDRAWN).read_text()):
            return None
        return self._redrawn()

    def _redrawn(self) -> Calibration | None:
        """Drawn faces that the parent made again; None where they turned out to be others."""
        from fer_edge.export.formats.protocol import Calibration

        if self._calibration is None:
            pictures = np.array(get_array(self._when_there(self.job.common / CALIBRATION_FILE)))
            self._calibration = Calibration(pictures, pictures[:0], np.zeros((0, 0), np.float32))
        return self._calibration if len(self._calibration.scaled) else None

    def _calibrate(self) -> Calibration:
        if self._calibration is None:
            from fer_edge.export.formats.protocol import Calibration

            # Whole arrays in memory: converters may want to own or reorder them.
            held_out = self._reference("held-out")
            self._calibration = Calibration(
                np.array(get_array(self._when_there(self.job.common / CALIBRATION_FILE))),
                np.array(held_out.pictures),
                np.array(held_out.probabilities),
            )
        return self._calibration


def _settle() -> None:
    """Free what a task left in circles, and never look again at what outlives it: half a million objects of converters."""
    gc.collect()
    gc.freeze()


def _contract_beside(task: Task) -> Contract:
    from fer_edge.runtime.contract import Contract

    return Contract.parse(Path(f"{task.path}.contract.json").read_bytes())


def describe_error(error: BaseException, folder: Path) -> str:
    """One sentence without paths of this machine: it goes into the manifest."""
    text = " ".join(str(error).split())
    if not isinstance(error, FerEdgeError):
        text = f"{type(error).__name__}: {text}" if text else type(error).__name__
    text = text.replace(str(folder.parent.parent), "")
    # Any other absolute path is cut down to its last name.
    text = re.sub(r"(?<![\w.:/-])/(?:[^\s/'\",:;()]+/)+([^\s/'\",:;()]*)", r"\1", text)
    return text if len(text) <= REASON_LENGTH else f"{text[: REASON_LENGTH - 3]}..."


def main(folder: str) -> None:
    """Work on the job of a folder, and end with the parent."""
    die_with_parent()
    work(folder)


def work(folder: str) -> None:
    """Work on the job of a folder until nothing is pending."""
    gc.set_threshold(*COLLECTOR_THRESHOLDS)
    job = Job.read(Path(folder))
    if MAKE not in {task.stage for task in job.tasks}:
        # Untrusted artifacts are run here; nothing but results is to be written.
        forbid_writing(outside=job.folder)
    worker = Worker(job)
    worker.warm_up()
    worker.work()


if __name__ == "__main__":
    main(sys.argv[1])
