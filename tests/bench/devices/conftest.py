"""The real adb client against a server of the test's own."""

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from fer_edge.bench.measure.subject import Subject
from fer_edge.bench.targets import MeasurementRequest
from fer_edge.bench.targets.adb import ADB
from support.fake_adb_server import FakeServer
from support.fake_device import FakeDevice

BUNDLE = "ab" * 32
AARCH64 = b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\x00" + (183).to_bytes(2, "little") + bytes(100)


@dataclass
class Bench:
    """A desk with phones."""

    folder: Path
    server: FakeServer
    told: list = field(default_factory=list)

    @property
    def device(self):
        return self.phones[0]

    @property
    def journal(self):
        return self.folder / "journal.jsonl"

    def plug(self, **attributes):
        number = len(self.phones)
        device = FakeDevice(self.folder / f"phone{number}", **attributes)
        device.file("bundle", BUNDLE)
        self.phones.append(device)
        self.server.devices.append(device)
        return device

    def __post_init__(self):
        self.phones = []
        self.tool = self.folder / "benchmark_model"
        self.tool.write_bytes(AARCH64)

    def subjects(self, variants=("tflite-fp32", "tflite-int8"), threads=2):
        found = []
        for variant in variants:
            path = self.folder / f"{variant}.tflite"
            path.write_bytes(f"the model {variant}".encode() * 1000)
            found.append(Subject(path, "tflite", variant, "", threads, "{}", parity="pass"))
        return tuple(found)

    def request(self, runner="tool", *, variants=("tflite-fp32", "tflite-int8"), threads=2, **options):
        chosen = {
            "processes": "2",
            "runs": "3",
            "cool-down": "0",
            "device-timeout": "20",
            "journal": str(self.journal),
        }
        if runner == "tool":
            chosen["benchmark-model"] = str(self.tool)
        chosen |= {name.replace("_", "-"): value for name, value in options.items()}
        return MeasurementRequest(
            self.subjects(variants, threads),
            bundle_sha256=BUNDLE,
            tell=self.told.append,
            options=tuple((name, value) for name, value in chosen.items() if value is not None),
        )

    def measure(self, runner="tool", address="", **options):
        return ADB.measure(address, self.request(runner, **options))


@pytest.fixture
def bench(tmp_path, monkeypatch):
    """A desk with one phone; the client's port is the fake server's, so no real server is asked or started."""
    if shutil.which("adb") is None:
        absent = pytest.fail if os.environ.get("CI") else pytest.skip
        absent("no adb: apt-get install adb")
    server = FakeServer()
    monkeypatch.setenv("ANDROID_ADB_SERVER_PORT", str(server.port))
    monkeypatch.delenv("ANDROID_SERIAL", raising=False)
    found = Bench(tmp_path, server)
    found.plug()
    yield found
    server.close()
