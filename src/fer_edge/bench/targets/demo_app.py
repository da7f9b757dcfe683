"""This project's Android demo as a runner: its benchmark activity, started through the cable."""

from __future__ import annotations

import hashlib
import re
import shlex
from dataclasses import replace
from typing import Any

from fer_edge.bench.measure.subject import Subject
from fer_edge.bench.results.records import STAGES, Result
from fer_edge.bench.targets.connection import pull_file
from fer_edge.bench.targets.device import Device, DeviceMeasurement, split_sections
from fer_edge.bench.targets.device_options import DeviceOptions
from fer_edge.bench.targets.errors import DeviceError, last_line
from fer_edge.runtime.errors import DataError

NAME = "app"
_WARMUP = 20
GRACE = 60.0
"""Seconds that the cable gets to say that the time is over."""
_PACKAGE = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)+")


class DemoApp:
    """The runner.

    Args:
        options: of the run.
        bundle_sha256: of the bundle to be measured; None: any.
    """

    name = NAME
    formats: tuple[str, ...] = ("tflite",)
    engines: tuple[str, ...] = ("", "litert")
    modes: tuple[str, ...] = ("default", "quick")

    def __init__(self, options: DeviceOptions, bundle_sha256: str | None) -> None:
        self._options = options
        self._bundle = bundle_sha256
        self._runs = options.processes * options.runs

    def key(self) -> dict[str, Any]:
        """See :class:`fer_edge.bench.targets.device.Runner`."""
        options = self._options
        return {
            "runner": self.name,
            "package": options.package,
            "accelerator": options.accelerator,
            "runs": self._runs,
            "bundle": self._bundle,
        }

    def prepare(self, device: Device) -> None:
        """See :class:`fer_edge.bench.targets.device.Runner`."""
        package, label = self._options.package, device.connection.label
        if device.pinning.cores:
            raise DeviceError("app-cores")
        if not _PACKAGE.fullmatch(package):
            raise DeviceError("app-missing", package=ascii(package), device=label)
        said = device.connection.run(f"pm path {package}", stage="look for the app")
        if "package:" not in said.out:
            raise DeviceError("app-missing", package=package, device=label)

    def measure(self, device: Device, subject: Subject) -> DeviceMeasurement:
        """See :class:`fer_edge.bench.targets.device.Runner`."""
        name = f"fer-edge-{hashlib.sha256(repr((subject.variant, subject.threads)).encode()).hexdigest()[:12]}.json"
        result = f"/sdcard/Android/data/{self._options.package}/files/{name}"
        try:
            self._start(device, subject, name, result)
            self._wait(device, subject, result)
            data = pull_file(device.connection, result)
        finally:
            self._tidy(device, result)
        return self._read(device, subject, data)

    def _start(self, device: Device, subject: Subject, name: str, result: str) -> None:
        package = self._options.package
        # The activity's class keeps its package when an app takes another application id.
        words = [
            "am start -W -S",
            f"-n {package}/io.github.feredge.app.screen.BenchmarkActivity",
            f"--es variant {shlex.quote(subject.variant)} --es accelerator {self._options.accelerator}",
            f"--ei threads {subject.threads} --ei warmup {_WARMUP} --ei runs {self._runs} --es output {name}",
        ]
        # Android slows an app down whose screen is off.
        awake = "input keyevent KEYCODE_WAKEUP 2>/dev/null"
        said = device.connection.run(
            f"rm -f {result} {result}.error {result}.part; {awake}; {' '.join(words)} 2>&1", stage="run"
        )
        if "Status: ok" not in said.out:
            detail = next((line for line in said.out.splitlines() if "Error:" in line), said.out)
            raise DeviceError("app-not-started", device=device.connection.label, detail=last_line(detail))

    def _wait(self, device: Device, subject: Subject, result: str) -> None:
        """One command that ends when the app has; the loop is the device's, so that the cable stays quiet."""
        seconds, label = int(self._options.timeout), device.connection.label
        command = (
            f"i=0; while [ $i -lt {seconds} ]; do\n"
            f"[ -e {result} ] && echo @done && exit 0\n"
            f"[ -s {result}.error ] && echo @refused && cat {result}.error && exit 0\n"
            f"pidof {self._options.package} >/dev/null || gone=1$gone\n"
            '[ "$gone" = 111 ] && echo @gone && exit 0\n'
            "sleep 1; i=$((i+1)); done; echo @late"
        )
        said = split_sections(device.connection.run(command, stage="run", timeout=seconds + GRACE).out)
        if "refused" in said:
            detail = last_line(said["refused"])
            raise DeviceError("app-refused", device=label, variant=subject.variant, detail=detail)
        if "gone" in said:
            raise DeviceError("app-gone", device=label)
        if "done" not in said:
            raise DeviceError("timeout", device=label, what="the app's run", seconds=seconds, stage="run")

    def _tidy(self, device: Device, result: str) -> None:
        try:
            device.connection.run(
                f"am force-stop {self._options.package}; rm -f {result} {result}.error {result}.part",
                stage="cleaning",
            )
        except DeviceError:
            return  # what broke the run says more than what broke the cleaning

    def _read(self, device: Device, subject: Subject, data: bytes) -> DeviceMeasurement:
        label = device.connection.label
        try:
            found = Result.parse(data)
        except DataError as error:
            raise DeviceError("result-truncated", device=label, detail=error) from None
        if self._bundle is not None and found.bundle_sha256 != self._bundle:
            shown = str(found.bundle_sha256)[:12]
            raise DeviceError("other-bundle", device=label, found=shown, wanted=self._bundle[:12])
        wrong = _difference(found, subject, self._runs)
        if wrong:
            raise DeviceError("result-other", device=label, detail=wrong)
        records = tuple(replace(record, subject=subject.label) for record in found.records)
        return DeviceMeasurement(records, extra={"app": dict(found.environment)})


def _difference(found: Result, subject: Subject, runs: int) -> str:
    """The first difference between a result and what was asked for; empty if there is none."""
    stages = tuple(record.stage for record in found.records)
    if stages != STAGES:
        return f"stages {', '.join(stages) or 'none'} instead of {', '.join(STAGES)}"
    for record in found.records:
        wanted = 1 if record.stage in ("load", "first") else runs
        if (record.variant, record.threads) != (subject.variant, subject.threads):
            return f"{record.variant} with {record.threads} threads instead of {subject.variant} with {subject.threads}"
        if len(record.samples) != wanted:
            return f"{len(record.samples)} samples of {record.stage} instead of {wanted}"
    return ""
