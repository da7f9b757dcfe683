"""``--target host``: this machine, each subject in its own processes."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fer_edge.bench.measure import plans, quality
from fer_edge.bench.measure.environment import describe
from fer_edge.bench.measure.long_runs import mlperf_facts, mlperf_reasons, sustained_facts
from fer_edge.bench.measure.plans import MeasurementPlan
from fer_edge.bench.measure.recording import SubjectRecording
from fer_edge.bench.measure.run import MeasurementRun
from fer_edge.bench.measure.subject import Subject
from fer_edge.bench.measure.system_monitor import SystemMonitor
from fer_edge.bench.measure.timing import LONGEST_SECONDS
from fer_edge.bench.results.ratios import ratio_members, ratio_of_rounds
from fer_edge.bench.results.records import RECORD, STAGES, Artifact, Record, Result, pick
from fer_edge.bench.targets import MeasurementRequest
from fer_edge.runtime.errors import EngineError
from fer_edge.stats.ratio import Ratio

TWIN = "A/A twin"
PLANS = {
    plan.name: plan
    for plan in (
        plans.DEFAULT,
        plans.QUICK,
        plans.COMPARE,
        plans.COMPARE_QUICK,
        plans.SUSTAINED,
        plans.MLPERF,
    )
}


class Host:
    """The target ``host``."""

    name = "host"

    def measure(self, address: str, request: MeasurementRequest) -> Result:  # noqa: ARG002 - there is one host
        """Measure every subject; see :class:`fer_edge.bench.targets.Target`."""
        plan = PLANS[request.mode]
        if request.seconds is not None:
            plan = dataclasses.replace(plan, seconds=request.seconds)
        return measure(plans.size_plan(plan, len(request.subjects)), request)


def measure(
    plan: MeasurementPlan,
    request: MeasurementRequest,
    slower: Mapping[int, float] | None = None,
    stretched: Mapping[int, float] | None = None,
) -> Result:
    """Measure by a plan.

    Args:
        plan: of the mode, or a shorter one.
        request: what to measure.
        slower: subject's position -> share by which its calls are made slower, for the harness's own trials.
        stretched: subject's position -> share by which its times are made longer, likewise.

    Raises:
        EngineError: nothing could be measured.
        KeyboardInterrupt: Ctrl-C before the first round was complete.
    """
    monitor, known = SystemMonitor(), describe()
    begin = time.monotonic()
    together = plan.name not in {"sustained", "mlperf"}
    groups = [list(request.subjects)] if together else [[subject] for subject in request.subjects]
    taken: list[SubjectRecording] = []
    complete = True
    for group in groups:
        subjects = [*group, _twin(group[0])] if plan.twin else group
        run = MeasurementRun(
            plan, subjects, request.seed, slower or {}, stretched or {}, request.tell, monitor
        )
        taken += run.go()
        _check_files(run.taken)
        complete = run.complete
        if not complete:
            break
    mode = {
        "name": plan.name,
        "seed": request.seed,
        "seconds": round(time.monotonic() - begin, 3),
        "generations": plan.generations,
        "turn_seconds": plan.turn_seconds,
    }
    return assemble(plan, request, taken, monitor, {"environment": known, "mode": mode, "complete": complete})


def _check_files(taken: Sequence[SubjectRecording]) -> None:
    """Times of a file that is not the one whose hash the result names are nobody's: they are dropped."""
    for entry in taken:
        subject = entry.subject
        if (
            subject.sha256 is not None
            and not subject.path.is_dir()
            and _sha256(subject.path) != subject.sha256
        ):
            entry.failure = (
                f"{subject.path.name} changed while it was measured; leave it alone, and measure again"
            )
            entry.stages.clear()


def _sha256(path: Path) -> str | None:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None


def _twin(subject: Subject) -> Subject:
    return dataclasses.replace(subject, label=TWIN)


def assemble(
    plan: MeasurementPlan,
    request: MeasurementRequest,
    taken: Sequence[SubjectRecording],
    monitor: SystemMonitor,
    known: Mapping[str, Any],
) -> Result:
    """The document of what was taken: records judged, facts added."""
    whole = [entry for entry in taken if any(stage in entry.stages for stage in quality.STEADY_STAGES)]
    if not whole:
        _nothing(taken)
    records = [record for entry in whole for record in _records(entry)]
    ours = [record for record in records if record.name != TWIN]
    twins = [record for record in records if record.name == TWIN]
    twin = aa_ratio(ours, twins, request.seed)
    judged = _judge(plan, ours, whole, monitor, twin)
    return Result(
        environment={
            **known["environment"],
            **monitor.document(),
            "aa_check": None if twin is None else ratio_members(twin),
        },
        records=tuple(judged),
        bundle_sha256=request.bundle_sha256,
        mode=known["mode"],
        artifacts=tuple(_artifact(entry) for entry in whole if entry.subject.label != TWIN),
        complete=known["complete"],
        extra=_extra(plan, taken, twins, judged, monitor),
    )


def _nothing(taken: Sequence[SubjectRecording]) -> None:
    failures = [entry.failure for entry in taken if entry.failure and entry.subject.label != TWIN]
    if failures:
        raise EngineError("; ".join(dict.fromkeys(failures)))
    raise KeyboardInterrupt


def _records(taken: SubjectRecording) -> list[Record]:
    subject = taken.subject
    return [
        Record(
            variant=subject.variant,
            engine=taken.engine,
            threads=subject.threads,
            stage=stage,
            samples=tuple(taken.stages[stage].samples),
            subject=subject.label,
            blocks=tuple(taken.stages[stage].blocks),
        )
        for stage in STAGES
        if stage in taken.stages
    ]


def aa_ratio(records: Sequence[Record], twins: Sequence[Record], seed: int = 0) -> Ratio | None:
    """The A/A check: the twin's inference over that of the subject it doubles; None where there is no twin."""
    twin = next(iter(pick(twins, stage="inference")), None)
    if twin is None:
        return None
    same = pick(records, stage="inference", variant=twin.variant, engine=twin.engine, threads=twin.threads)
    return ratio_of_rounds(same[0], twin, seed=seed) if same else None


def _judge(
    plan: MeasurementPlan,
    records: Sequence[Record],
    taken: Sequence[SubjectRecording],
    monitor: SystemMonitor,
    twin: Ratio | None,
) -> list[Record]:
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    everywhere = [
        *quality.check_machine(monitor, max(record.threads for record in records), cpus),
        *quality.check_twin(twin),
    ]
    broken = {
        (entry.subject.name, entry.engine, entry.subject.threads): quality.check_failure(entry.failure)
        for entry in taken
    }
    restless = {
        (entry.subject.name, entry.engine, entry.subject.threads): quality.check_warm_up(
            entry.restless, LONGEST_SECONDS
        )
        for entry in taken
    }
    steady = sum(record.stage in quality.STEADY_STAGES for record in records)
    found = []
    for record in records:
        # A sustained run is there to show the drift, not to be spoiled by it.
        own = [] if plan.name == "sustained" else quality.check_record(record, steady)
        own += mlperf_reasons(record, plan) if plan.repeats else []
        slow = restless[record.name, record.engine, record.threads]
        cut = broken[record.name, record.engine, record.threads]
        reasons = quality.merge_reasons(
            cut, everywhere, slow if record.stage in quality.STEADY_STAGES else [], own
        )
        found.append(dataclasses.replace(record, trusted=not reasons, reasons=reasons))
    return found


def _artifact(taken: SubjectRecording) -> Artifact:
    subject = taken.subject
    energy = taken.joules / taken.inferences if taken.joules is not None and taken.inferences else None
    return Artifact(
        variant=subject.variant,
        engine=taken.engine,
        threads=subject.threads,
        file=subject.path.name,
        sha256=subject.sha256,
        bytes=subject.bytes,
        parity=subject.parity,
        accuracy=subject.accuracy,
        peak_memory_bytes=tuple(taken.peak),
        steady_memory_bytes=tuple(taken.steady),
        base_memory_bytes=tuple(taken.base),
        energy_joules=energy,
        subject=subject.label,
    )


def _extra(
    plan: MeasurementPlan,
    taken: Sequence[SubjectRecording],
    twins: Sequence[Record],
    judged: Sequence[Record],
    monitor: SystemMonitor,
) -> dict[str, Any]:
    extra: dict[str, Any] = {}
    failed = {
        entry.subject.name: entry.failure.removeprefix(f"{entry.subject.name}: ")
        for entry in taken
        if entry.failure and entry.subject.label != TWIN
    }
    if failed:
        extra["failed"] = failed
    if twins:
        extra["twin"] = [RECORD.members(record) for record in twins if record.stage == "inference"]
    if plan.name == "sustained":
        extra["sustained"] = sustained_facts(judged, monitor)
    if plan.name == "mlperf":
        extra["mlperf"] = mlperf_facts(judged, plan)
    return extra


HOST = Host()
