"""Every variant on every device: cool down, run, read the state again, store; the next one only after that."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from fer_edge.bench.measure.subject import Subject
from fer_edge.bench.results.records import Artifact, Record, Result
from fer_edge.bench.targets import MeasurementRequest, thermal
from fer_edge.bench.targets.connection import Connection, remove_folder, sha256_of
from fer_edge.bench.targets.device import Device, DeviceMeasurement, Runner, choose_cores, read_facts
from fer_edge.bench.targets.device_options import DeviceOptions
from fer_edge.bench.targets.errors import DeviceError
from fer_edge.bench.targets.journal import Journal
from fer_edge.bench.targets.thermal import ThermalState


def run_campaign(
    connections: Sequence[Connection],
    make_runner: Callable[[], Runner],
    request: MeasurementRequest,
    options: DeviceOptions,
    target: str,
) -> Result:
    """Measure every subject on every device.

    Args:
        connections: to the devices.
        make_runner: makes one for a device.
        request: what to measure.
        options: how.
        target: for the result, such as ``adb:SERIAL``.

    Returns:
        All records. With several devices each record's subject names its device.

    Raises:
        DeviceError: a device failed. What was done before is in the journal, if there is one, and is not repeated.
    """
    request, skipped = select_runnable(make_runner(), request)
    found: list[Result] = []
    is_complete = True
    with Journal(options.journal) as journal:
        try:
            for connection in connections:
                DeviceRun(connection, make_runner(), request, options, journal).measure(found)
        except KeyboardInterrupt:
            if not found:
                raise
            is_complete = False
    joined = _join(found, request, several=len(connections) > 1)
    mode = {"name": request.mode, "seed": request.seed, "processes": options.processes, "runs": options.runs}
    extra = {"skipped": skipped} if skipped else {}
    return replace(joined, target=target, mode=mode, complete=is_complete, extra=extra)


def select_runnable(runner: Runner, request: MeasurementRequest) -> tuple[MeasurementRequest, dict[str, str]]:
    """The request with what the runner can run, and why the rest is left out.

    Raises:
        DeviceError: nothing is left, or an engine was asked for that it does not have.
    """
    kept = tuple(subject for subject in request.subjects if subject.format in runner.formats)
    allowed = ", ".join(runner.formats)
    if not kept:
        found = ", ".join(subject.variant for subject in request.subjects)
        raise DeviceError("runner-format", runner=runner.name, found=found, allowed=allowed)
    if request.mode not in runner.modes:
        modes = ", ".join(runner.modes)
        raise DeviceError("runner-mode", runner=runner.name, mode=request.mode, allowed=modes)
    for subject in kept:
        if subject.engine not in runner.engines:
            engines = ", ".join(word for word in runner.engines if word)
            raise DeviceError("runner-engine", runner=runner.name, engine=subject.engine, allowed=engines)
    left_out = [subject.name for subject in request.subjects if subject not in kept]
    skipped = dict.fromkeys(left_out, f"{runner.name} runs {allowed} only")
    for name, reason in skipped.items():
        request.tell(f"{name}: skipped ({reason})")
    return replace(request, subjects=kept), skipped


class DeviceRun:
    """The campaign on one device.

    Args:
        connection: to it.
        runner: what runs the artifacts there.
        request: what to measure.
        options: how.
        journal: of the campaign.
    """

    def __init__(
        self,
        connection: Connection,
        runner: Runner,
        request: MeasurementRequest,
        options: DeviceOptions,
        journal: Journal,
    ) -> None:
        self._connection, self._runner = connection, runner
        self._request, self._options, self._journal = request, options, journal

    def measure(self, found: list[Result]) -> None:
        """Measure what the journal does not hold yet; ``found`` grows by a result a subject, also before an interruption."""
        plan = [(subject, self._key(subject)) for subject in self._request.subjects]
        if all(self._journal.find(what) for _, what in plan):
            self._tell("everything is in the journal")
            found += [result for _, what in plan if (result := self._journal.find(what))]
            return
        try:
            device = self._prepare()
            for subject, what in plan:
                found.append(self._journal.find(what) or self._measure_one(device, subject, what))
        finally:
            if not self._options.keep:
                self._clean()

    def _tell(self, text: str) -> None:
        self._request.tell(f"{self._connection.label}: {text}")

    def _key(self, subject: Subject) -> dict[str, Any]:
        """Everything that decides a result."""
        return {
            "device": self._connection.serial,
            "variant": subject.variant,
            "subject": subject.name,
            "file": subject.sha256 or sha256_of(subject.path),
            "engine": subject.engine,
            "threads": subject.threads,
            "cores": self._options.cores,
            **self._runner.key(),
        }

    def _prepare(self) -> Device:
        connection = self._connection
        facts = read_facts(connection)
        connection.remember_boot(facts.boot)
        threads = max(subject.threads for subject in self._request.subjects)
        device = Device(connection, facts, choose_cores(connection, facts, self._options.cores, threads))
        self._runner.prepare(device)
        return device

    def _clean(self) -> None:
        try:
            remove_folder(self._connection)
        except DeviceError:
            self._tell(f"{self._connection.folder} could not be removed; the next run removes it")

    def _measure_one(self, device: Device, subject: Subject, what: dict[str, Any]) -> Result:
        options = self._options
        self._journal.note_start(what)
        before = thermal.cool_down(
            self._connection,
            options.start_celsius,
            options.cool_down,
            self._request.tell,
            every=options.every,
        )
        self._tell(f"{subject.name}, {subject.threads} threads, {self._runner.name}")
        measured = self._runner.measure(device, subject)
        after = thermal.read_state(self._connection, "reading of temperatures")
        _check_boot(device, before, after)
        doubts = (*device.facts.doubts, *thermal.find_doubts(before, after, options.start_celsius))
        result = _result(device, subject, measured, before, after)
        records = tuple(_doubt(record, doubts) for record in result.records)
        result = replace(result, records=records)
        self._journal.done(what, result)
        return result


def _check_boot(device: Device, before: ThermalState, after: ThermalState) -> None:
    """Refuse what ran across a restart. Where no boot id is shown, a clock that ran backwards tells it."""
    known = before.boot is not None and after.boot is not None
    backwards = before.uptime is not None and after.uptime is not None and after.uptime < before.uptime
    if (known and before.boot != after.boot) or (not known and backwards):
        raise DeviceError("rebooted", device=device.connection.label, stage="run")


def _result(
    device: Device, subject: Subject, measured: DeviceMeasurement, before: ThermalState, after: ThermalState
) -> Result:
    serial = device.connection.serial
    artifact = Artifact(
        variant=subject.variant,
        engine=measured.records[0].engine,  # engines name themselves; all records of a run come from one
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
            "device": serial,
            "cores": list(device.pinning.cores) or "all",
            "before": before.members(),
            "after": after.members(),
        },
    )
    return Result({"devices": {serial: dict(device.facts.values)}}, measured.records, artifacts=(artifact,))


def _doubt(record: Record, doubts: Sequence[str]) -> Record:
    reasons = tuple(dict.fromkeys((*record.reasons, *doubts)))
    return replace(record, reasons=reasons, trusted=not reasons)


def _join(found: Sequence[Result], request: MeasurementRequest, *, several: bool) -> Result:
    devices: dict[str, Any] = {}
    records: list[Record] = []
    artifacts: list[Artifact] = []
    for result in found:
        devices |= result.environment["devices"]
        serial = next(iter(result.environment["devices"]))
        for record in result.records:
            records.append(replace(record, subject=f"{record.name} on {serial}") if several else record)
        for artifact in result.artifacts:
            artifacts.append(
                replace(artifact, subject=f"{artifact.name} on {serial}") if several else artifact
            )
    return Result(
        {"devices": devices}, tuple(records), bundle_sha256=request.bundle_sha256, artifacts=tuple(artifacts)
    )
