"""``--target adb[:SERIAL[,SERIAL...]]``: Android devices at the end of a cable.

With ``--benchmark-model PATH`` that program runs the artifacts; without it the project's Android demo does, which must be
installed and hold the same bundle.
"""

from __future__ import annotations

from fer_edge.bench.results.records import Result
from fer_edge.bench.targets.adb_client import Adb, AdbConnection
from fer_edge.bench.targets.benchmark_tool import BenchmarkTool
from fer_edge.bench.targets.campaign import run_campaign
from fer_edge.bench.targets.demo_app import DemoApp
from fer_edge.bench.targets.runner import Runner
from fer_edge.bench.targets.settings import Settings, read_settings
from fer_edge.bench.targets.target import Request


class AdbTarget:
    """Android devices; a :class:`fer_edge.bench.targets.target.Target`."""

    name = "adb"
    summary = "adb[:SERIAL]: an Android device with USB debugging; several: adb:SERIAL,SERIAL"

    def measure(self, address: str, request: Request) -> Result:
        """See :class:`fer_edge.bench.targets.target.Target`."""
        settings = read_settings(request)
        adb = Adb()
        serials = [serial for serial in dict.fromkeys(address.split(",")) if serial] or [""]
        chosen = [adb.choose(serial) for serial in serials]
        connections = [AdbConnection(adb, device) for device in chosen]
        target = "adb:" + ",".join(device.serial for device in chosen)
        return run_campaign(connections, lambda: _runner(settings, request), request, settings, target)


def _runner(settings: Settings, request: Request) -> Runner:
    if settings.benchmark_model is not None:
        return BenchmarkTool(settings.benchmark_model, settings)
    return DemoApp(settings, request.bundle_sha256)


ADB = AdbTarget()
