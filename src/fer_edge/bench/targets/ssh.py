"""``--target ssh:HOST``: a Linux board, such as a Raspberry Pi, or a phone with Termux's ssh daemon.

The board needs Python 3.11 with numpy and ai-edge-litert (or tflite-runtime, or onnxruntime, or torch); our own sources are
sent there for the time of the run.
"""

from __future__ import annotations

from fer_edge.bench.results.records import Result
from fer_edge.bench.targets.board_python import BoardPython
from fer_edge.bench.targets.campaign import run_campaign
from fer_edge.bench.targets.settings import read_settings
from fer_edge.bench.targets.ssh_client import SshConnection
from fer_edge.bench.targets.target import Request


class SshTarget:
    """A board; a :class:`fer_edge.bench.targets.target.Target`."""

    name = "ssh"
    summary = "ssh:[USER@]HOST[:PORT]: a Linux board with Python 3.11; several: ssh:HOST,HOST"

    def measure(self, address: str, request: Request) -> Result:
        """See :class:`fer_edge.bench.targets.target.Target`."""
        settings = read_settings(request)
        connections = [SshConnection(host) for host in dict.fromkeys(address.split(","))]
        target = "ssh:" + ",".join(connection.serial for connection in connections)
        return run_campaign(connections, lambda: BoardPython(settings), request, settings, target)


SSH = SshTarget()
