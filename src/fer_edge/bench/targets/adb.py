"""``--target adb[:SERIAL[,SERIAL...]]``: Android devices at the end of a cable.

With ``--benchmark-model PATH`` that program runs the artifacts; without it the project's Android demo does, which must be
installed and hold the same bundle.

What the ``adb`` program prints differs between releases, so its words only give details. What happened is asked again: a
command's end must carry its mark, a copied file its hash, and after a failure the list of devices tells the reason.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from fer_edge.bench.results.records import Result
from fer_edge.bench.targets import MeasurementRequest
from fer_edge.bench.targets.benchmark_tool import BenchmarkTool
from fer_edge.bench.targets.campaign import run_campaign
from fer_edge.bench.targets.connection import BOOT_ID, Finished, push_error, unwrap, wrap
from fer_edge.bench.targets.demo_app import DemoApp
from fer_edge.bench.targets.device import Runner
from fer_edge.bench.targets.device_options import DeviceOptions, read_options
from fer_edge.bench.targets.errors import DeviceError, last_line

FOLDER = "/data/local/tmp/fer-edge-bench"
"""``/data/local/tmp`` is where a shell without root may write and execute."""
_LINE = re.compile(r"(\S+)\s+(no permissions\b.*|\S+)\s*(.*)")
_FAILED_SERVER = (
    "cannot connect to daemon",
    "failed to start daemon",
    "protocol fault",
    "cannot start server",
)
_CUT = ("EOF", "closed", "couldn't read from device", "failed to read copy response")
"""Words of a copy whose connection ended; ``adb pull`` says nothing at all."""
_SHORT = 20.0
_COPY = 600.0


@dataclass(frozen=True, slots=True)
class Listed:
    """A line of ``adb devices -l``.

    Attributes:
        serial: the device's.
        state: ``device`` where it can be used.
        model: as the device names itself; empty where it does not say.
    """

    serial: str
    state: str
    model: str

    @property
    def label(self) -> str:
        """Serial and model, for sentences."""
        return f"{self.serial} ({self.model.replace('_', ' ')})" if self.model else self.serial


class Adb:
    """The program, and the server behind it.

    Args:
        port: of the server; None: the program's own choice (5037, or ``ANDROID_ADB_SERVER_PORT``).
    """

    def __init__(self, port: int | None = None) -> None:
        self._words = ["adb"] if port is None else ["adb", "-P", str(port)]

    def call(self, *words: str, timeout: float) -> subprocess.CompletedProcess[str]:
        """Run the program once.

        Raises:
            DeviceError: it is not installed, or its server does not answer.
            subprocess.TimeoutExpired: it did not end in time.
        """
        try:
            done = subprocess.run(
                [*self._words, *words],
                capture_output=True,
                stdin=subprocess.DEVNULL,
                timeout=timeout,
                check=False,
                encoding="utf-8",
                errors="replace",
            )
        except (FileNotFoundError, PermissionError):
            raise DeviceError("adb-missing") from None
        if done.returncode and any(words in done.stderr for words in _FAILED_SERVER):
            raise DeviceError("adb-server", detail=last_line(done.stderr))
        return done

    def devices(self) -> list[Listed]:
        """Every device that the server knows, in its order.

        Raises:
            DeviceError: no program, no server.
        """
        try:
            done = self.call("devices", "-l", timeout=_SHORT)
        except subprocess.TimeoutExpired:
            raise DeviceError("adb-server", detail=f"no answer within {_SHORT:g} s") from None
        if done.returncode:
            raise DeviceError("adb-server", detail=last_line(done.stderr))
        found = []
        for line in done.stdout.splitlines():
            # The server's start-up lines begin with a star; the heading has no state.
            match = None if line.startswith(("*", "List of")) else _LINE.match(line)
            if match:
                model = re.search(r"\bmodel:(\S+)", match[3])
                state = "no permissions" if match[2].startswith("no permissions") else match[2]
                found.append(Listed(match[1], state, model[1] if model else ""))
        return found

    def choose(self, serial: str = "") -> Listed:
        """The device of that serial; without one the only device, and no guess between two.

        Raises:
            DeviceError: none, several, or one that cannot be used.
        """
        listed = self.devices()
        if not listed:
            raise DeviceError("no-device")
        shown = ", ".join(device.label for device in listed)
        fitting = [device for device in listed if device.serial == serial] if serial else listed
        if not fitting:
            raise DeviceError("no-such-device", wanted=ascii(serial)[1:-1], found=shown)
        if len(fitting) > 1:
            raise DeviceError("several-devices", count=len(fitting), found=shown)
        check_state(fitting[0])
        return fitting[0]


def check_state(device: Listed, stage: str = "") -> None:
    """Refuse a device that cannot be used now.

    Raises:
        DeviceError: the state's own sentence.
    """
    if device.state == "device":
        return
    kinds = {"unauthorized": "unauthorized", "authorizing": "unauthorized", "offline": "offline"}
    kinds |= {"connecting": "offline", "no permissions": "no-permissions"}
    kind = kinds.get(device.state, "other-state")
    raise DeviceError(kind, device=device.label, state=ascii(device.state)[1:-1], stage=stage)


class AdbConnection:
    """One Android device; a :class:`fer_edge.bench.targets.connection.Connection`.

    Args:
        adb: the program.
        device: which one; its state was ``device``.
    """

    folder = FOLDER

    def __init__(self, adb: Adb, device: Listed) -> None:
        self._adb = adb
        self._device = device
        self._boot = ""

    @property
    def label(self) -> str:
        """Serial and model."""
        return self._device.label

    @property
    def serial(self) -> str:
        """As ``adb devices`` lists it."""
        return self._device.serial

    def remember_boot(self, boot: str) -> None:
        """After a broken connection this boot id tells a restart from a loose cable."""
        self._boot = boot

    def run(self, command: str, *, stage: str, timeout: float = 60.0) -> Finished:
        """See :class:`~fer_edge.bench.targets.connection.Connection`."""
        try:
            done = self._call("shell", "-n", wrap(command), timeout=timeout)
        except subprocess.TimeoutExpired:
            what = f"the {stage}'s command"
            raise self._lost(stage) or self._late(what, timeout) from None
        ended = unwrap(done.stdout)
        if ended is None:
            raise self._lost(stage) or self._broken(stage)
        return Finished(ended[1], ended[0])

    def push(self, local: Path, remote: str) -> None:
        """See :class:`~fer_edge.bench.targets.connection.Connection`."""
        said = self._copy("push", str(local), remote)
        if said is not None:
            raise push_error(self.label, local, remote, said)

    def pull(self, remote: str) -> bytes:
        """See :class:`~fer_edge.bench.targets.connection.Connection`."""
        with tempfile.TemporaryDirectory(prefix="fer-edge-pull-") as folder:
            local = Path(folder) / "file"
            said = self._copy("pull", remote, str(local))
            if said is None and local.is_file():
                return local.read_bytes()
        raise DeviceError("pull-failed", device=self.label, path=remote, detail=last_line(said or ""))

    def _copy(self, way: str, source: str, target: str) -> str | None:
        """Copy; what the program says where it failed though the device is there, else None."""
        try:
            done = self._call(way, source, target, timeout=_COPY)
        except subprocess.TimeoutExpired:
            raise self._lost(way) or self._late(f"to {way} {Path(source).name}", _COPY) from None
        if done.returncode == 0:
            return None
        lost = self._lost(way)
        if lost:
            raise lost
        # Releases differ in whether they say it on the one stream or on the other.
        said = f"{done.stdout}\n{done.stderr}".strip()
        if "error" not in said or any(words in said for words in _CUT):
            raise self._broken(way)
        return said

    def _call(self, *words: str, timeout: float) -> subprocess.CompletedProcess[str]:
        return self._adb.call("-s", self.serial, *words, timeout=timeout)

    def _late(self, what: str, seconds: float) -> DeviceError:
        return DeviceError("timeout", device=self.label, what=what, seconds=seconds)

    def _broken(self, stage: str) -> DeviceError:
        return DeviceError("connection-lost", device=self.label, stage=stage)

    def _lost(self, stage: str) -> DeviceError | None:
        """The reason of a broken connection, where the device can no longer be used or has restarted."""
        found = next((device for device in self._adb.devices() if device.serial == self.serial), None)
        if found is None:
            return DeviceError("unplugged", device=self.label, stage=stage)
        try:
            # A device that is not ready does not name its model.
            check_state(replace(found, model=self._device.model), stage)
            done = self._call("shell", "-n", wrap(BOOT_ID), timeout=_SHORT)
        except DeviceError as fault:
            return fault
        except subprocess.TimeoutExpired:
            return None
        ended = unwrap(done.stdout)
        now = ended[0].strip() if ended else ""
        if self._boot and now and "unknown" not in (now, self._boot) and now != self._boot:
            return DeviceError("rebooted", device=self.label, stage=stage)
        return None


class AdbTarget:
    """Android devices; a :class:`fer_edge.bench.targets.Target`."""

    name = "adb"

    def measure(self, address: str, request: MeasurementRequest) -> Result:
        """See :class:`fer_edge.bench.targets.Target`."""
        options = read_options(request)
        adb = Adb()
        serials = [serial for serial in dict.fromkeys(address.split(",")) if serial] or [""]
        chosen = [adb.choose(serial) for serial in serials]
        connections = [AdbConnection(adb, device) for device in chosen]
        target = "adb:" + ",".join(device.serial for device in chosen)
        return run_campaign(connections, lambda: _runner(options, request), request, options, target)


def _runner(options: DeviceOptions, request: MeasurementRequest) -> Runner:
    if options.benchmark_model is not None:
        return BenchmarkTool(options.benchmark_model, options)
    return DemoApp(options, request.bundle_sha256)


ADB = AdbTarget()
