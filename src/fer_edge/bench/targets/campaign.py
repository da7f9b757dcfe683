"""Every variant on every device: wait, look, run, look again, write down; the next one only after that."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from fer_edge.bench.measure.subject import Subject
from fer_edge.bench.results.records import Artifact, Record, Result
from fer_edge.bench.targets import Request, thermal
from fer_edge.bench.targets.connection import Connection, clean, sha256_of
from fer_edge.bench.targets.device import Device, Measured, Runner, pin, read_facts
from fer_edge.bench.targets.device_options import Settings
from fer_edge.bench.targets.errors import DeviceFault
from fer_edge.bench.targets.journal import Journal
from fer_edge.bench.targets.thermal import Readings


def run_campaign(
    connections: Sequence[Connection],
    runner: Callable[[], Runner],
    request: Request,
    settings: Settings,
    target: str,
) -> Result:
    """Measure every subject on every device.

    Args:
        connections: to the devices.
        runner: makes one for a device.
        request: what to measure.
        settings: how.
        target: for the result, such as ``adb:SERIAL``.

    Returns:
        All records. With several devices each record's subject names its device.

    Raises:
        DeviceFault: a device failed. What was done before is in the journal, if there is one, and is not repeated.
    """
    made = runner()
    request, skipped = fitting(made, request)
    found: list[Result] = []
    is_complete = True
    with Journal(settings.journal) as journal:
        try:
            for connection in connections:
                _run_device(connection, runner(), request, settings, journal, found)
        except KeyboardInterrupt:
            if not found:
                raise
            is_complete = False
    joined = _joined(found, request, settings, target, several=len(connections) > 1)
    extra = {"skipped": skipped} if skipped else {}
    return replace(joined, complete=is_complete, extra=extra)


def fitting(runner: Runner, request: Request) -> tuple[Request, dict[str, str]]:
    """The request with what the runner can run, and why the rest is left out.

    Raises:
        DeviceFault: nothing is left, or an engine was asked for that it does not have.
    """
    kept = tuple(subject for subject in request.subjects if subject.format in runner.formats)
    allowed = ", ".join(runner.formats)
    if not kept:
        found = ", ".join(subject.variant for subject in request.subjects)
        raise DeviceFault("runner-format", runner=runner.name, found=found, allowed=allowed)
    if request.mode not in runner.modes:
        modes = ", ".join(runner.modes)
        raise DeviceFault("runner-mode", runner=runner.name, mode=request.mode, allowed=modes)
    for subject in kept:
        if subject.engine not in runner.engines:
            engines = ", ".join(word for word in runner.engines if word)
            raise DeviceFault("runner-engine", runner=runner.name, engine=subject.engine, allowed=engines)
    skipped = {
        subject.name: f"{runner.name} runs {allowed} only"
        for subject in request.subjects
        if subject not in kept
    }
    for name, reason in skipped.items():
        request.tell(f"{name}: skipped ({reason})")
    return replace(request, subjects=kept), skipped


def _run_device(
    connection: Connection,
    runner: Runner,
    request: Request,
    settings: Settings,
    journal: Journal,
    found: list[Result],
) -> None:
    """Measure what the journal does not hold yet; ``found`` grows by a result a subject."""
    plans = [(subject, _what(connection, runner, subject, settings)) for subject in request.subjects]
    if all(journal.find(what) for _, what in plans):
        request.tell(f"{connection.label}: everything is in the journal")
        found += [result for _, what in plans if (result := journal.find(what))]
        return
    try:
        device = _ready(connection, runner, request, settings)
        for subject, what in plans:
            known = journal.find(what)
            found.append(known or _run_one(device, runner, subject, what, request, settings, journal))
    finally:
        if not settings.keep:
            _clean(connection, request.tell)


def _ready(connection: Connection, runner: Runner, request: Request, settings: Settings) -> Device:
    facts = read_facts(connection)
    connection.remember_boot(facts.boot)
    threads = max(subject.threads for subject in request.subjects)
    device = Device(connection, facts, pin(connection, facts, settings.cores, threads))
    runner.prepare(device)
    return device


def _clean(connection: Connection, tell: Callable[[str], None]) -> None:
    try:
        clean(connection)
    except DeviceFault:
        tell(f"{connection.label}: {connection.folder} could not be removed; the next run removes it")


def _what(connection: Connection, runner: Runner, subject: Subject, settings: Settings) -> dict[str, Any]:
    """Everything that decides a result."""
    return {
        "device": connection.serial,
        "variant": subject.variant,
        "subject": subject.name,
        "file": subject.sha256 or sha256_of(subject.path),
        "engine": subject.engine,
        "threads": subject.threads,
        "cores": settings.cores,
        **runner.key(),
    }


def _run_one(
    device: Device,
    runner: Runner,
    subject: Subject,
    what: dict[str, Any],
    request: Request,
    settings: Settings,
    journal: Journal,
) -> Result:
    connection = device.connection
    journal.started(what)
    before = thermal.cool_down(
        connection, settings.start_celsius, settings.cool_down, request.tell, every=settings.every
    )
    request.tell(f"{connection.label}: {subject.name}, {subject.threads} threads, {runner.name}")
    measured = runner.measure(device, subject)
    after = thermal.read(connection, "reading of temperatures")
    _check_boot(device, before, after)
    doubts = [*device.facts.doubts, *thermal.doubts(before, after, settings.start_celsius)]
    result = _result(device, subject, measured, (before, after), doubts)
    journal.done(what, result)
    return result


def _check_boot(device: Device, before: Readings, after: Readings) -> None:
    """Refuse what ran across a restart. Where no boot id is shown, a clock that ran backwards tells it."""
    known = before.boot is not None and after.boot is not None
    backwards = before.uptime is not None and after.uptime is not None and after.uptime < before.uptime
    if (known and before.boot != after.boot) or (not known and backwards):
        raise DeviceFault("rebooted", device=device.connection.label, stage="run")


def _result(
    device: Device,
    subject: Subject,
    measured: Measured,
    looks: tuple[Readings, Readings],
    doubts: Sequence[str],
) -> Result:
    records = tuple(_doubted(record, doubts) for record in measured.records)
    # Engines name themselves; all records of a run come from one.
    engine = records[0].engine
    artifact = Artifact(
        variant=subject.variant,
        engine=engine,
        threads=subject.threads,
        file=subject.path.name,
        sha256=subject.sha256 or sha256_of(subject.path),
        bytes=subject.bytes or subject.path.stat().st_size,
        parity=subject.parity,
        accuracy=subject.accuracy,
        peak_memory_bytes=measured.peak_memory_bytes,
        steady_memory_bytes=measured.steady_memory_bytes,
        subject=subject.label,
        extra={
            **measured.extra,
            "device": device.connection.serial,
            "cores": list(device.pinning.cores) or "all",
            "before": looks[0].members(),
            "after": looks[1].members(),
        },
    )
    environment = {"devices": {device.connection.serial: dict(device.facts.values)}}
    return Result(environment, records, artifacts=(artifact,))


def _doubted(record: Record, doubts: Sequence[str]) -> Record:
    reasons = tuple(dict.fromkeys((*record.reasons, *doubts)))
    return replace(record, reasons=reasons, trusted=not reasons)


def _joined(
    found: Sequence[Result], request: Request, settings: Settings, target: str, *, several: bool
) -> Result:
    devices: dict[str, Any] = {}
    records: list[Record] = []
    artifacts: list[Artifact] = []
    for result in found:
        devices |= result.environment["devices"]
        serial = next(iter(result.environment["devices"]))
        named = [replace(record, subject=f"{record.name} on {serial}") for record in result.records]
        facts = [replace(artifact, subject=f"{artifact.name} on {serial}") for artifact in result.artifacts]
        records += named if several else result.records
        artifacts += facts if several else result.artifacts
    return Result(
        environment={"devices": devices},
        records=tuple(records),
        bundle_sha256=request.bundle_sha256,
        target=target,
        mode={
            "name": request.mode,
            "seed": request.seed,
            "processes": settings.processes,
            "runs": settings.runs,
        },
        artifacts=tuple(artifacts),
    )
