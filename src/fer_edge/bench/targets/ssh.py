"""``--target ssh:HOST``: a Linux board, such as a Raspberry Pi, or a phone with Termux's ssh daemon.

The board needs Python 3.11 with numpy and ai-edge-litert (or tflite-runtime, or onnxruntime, or torch); our own sources are
sent there for the time of the run.

Only the ``ssh`` program is used, which never asks a question, and on the board a POSIX shell: files travel through ``cat``, so
that neither scp nor sftp is needed.
"""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

from fer_edge.bench.results.records import Result
from fer_edge.bench.targets import MeasurementRequest
from fer_edge.bench.targets.board_python import BoardPython
from fer_edge.bench.targets.campaign import run_campaign
from fer_edge.bench.targets.connection import BOOT_ID, Finished, push_error, unwrap, wrap
from fer_edge.bench.targets.device_options import read_options
from fer_edge.bench.targets.errors import DeviceError, last_line
from fer_edge.console.command import usage_error

_OPTIONS = {
    "BatchMode": "yes",  # never a question: neither a password nor a new key
    "ConnectTimeout": 15,
    "ServerAliveInterval": 5,
    "ServerAliveCountMax": 3,
}
_KINDS = (
    ("Could not resolve hostname", "host-unknown"),
    ("Host key verification failed", "host-key"),
    ("HOST IDENTIFICATION HAS CHANGED", "host-key"),
    ("Permission denied (", "not-admitted"),
    ("Too many authentication failures", "not-admitted"),
    ("Connection refused", "host-unreachable"),
    ("timed out", "host-unreachable"),
    ("No route to host", "host-unreachable"),
    ("Network is unreachable", "host-unreachable"),
)
_BROKEN = 255
_SHORT = 30.0
_COPY = 600.0


class SshConnection:
    """One board.

    Args:
        host: ``HOST``, ``USER@HOST``, either with ``:PORT``, or a name of the ssh configuration.

    Raises:
        click.UsageError: no host.
    """

    folder = ".fer-edge-bench"  # in the user's home, where ssh begins

    def __init__(self, host: str) -> None:
        name, _, port = host.rpartition(":") if host.rpartition(":")[2].isdecimal() else (host, "", "")
        if not name or name.startswith("-") or not name.isprintable() or " " in name:
            usage_error(f"--target ssh:{ascii(host)[1:-1]}: allowed: ssh:HOST or ssh:USER@HOST[:PORT]")
        self._words = ["ssh", *(["-p", port] if port else [])]
        for option, value in _OPTIONS.items():
            self._words += ["-o", f"{option}={value}"]
        self._words += ["--", name]
        self._host = host
        self._boot = ""
        self._has_answered = False

    @property
    def label(self) -> str:
        """As typed."""
        return self._host

    @property
    def serial(self) -> str:
        """As typed, without the user: it goes into files that others read."""
        return self._host.rpartition("@")[2]

    def remember_boot(self, boot: str) -> None:
        """See :class:`~fer_edge.bench.targets.connection.Connection`."""
        self._boot = boot

    def run(self, command: str, *, stage: str, timeout: float = 60.0) -> Finished:
        """See :class:`~fer_edge.bench.targets.connection.Connection`."""
        done = self._call(wrap(command), stage, timeout)
        ended = unwrap(done.stdout.decode("utf-8", "replace"))
        if ended is None:
            raise self._lost(done, stage)
        self._has_answered = True
        return Finished(ended[1], ended[0])

    def push(self, local: Path, remote: str) -> None:
        """See :class:`~fer_edge.bench.targets.connection.Connection`."""
        path = shlex.quote(remote)
        with local.open("rb") as file:
            done = self._call(wrap(f"cat >{path}"), "push", _COPY, file)
        ended = unwrap(done.stdout.decode("utf-8", "replace"))
        if ended is None:
            raise self._lost(done, "push")
        if ended[1]:
            raise push_error(self.label, local, remote, ended[0])

    def pull(self, remote: str) -> bytes:
        """See :class:`~fer_edge.bench.targets.connection.Connection`."""
        done = self._call(f"cat {shlex.quote(remote)}", "pull", _COPY)
        if done.returncode == _BROKEN:
            raise self._lost(done, "pull")
        if done.returncode:
            detail = last_line(done.stderr.decode("utf-8", "replace"))
            raise DeviceError("pull-failed", device=self.label, path=remote, detail=detail)
        return done.stdout

    def _call(
        self, command: str, stage: str, timeout: float, file: object = None
    ) -> subprocess.CompletedProcess[bytes]:
        # The login shell may be any; a POSIX one gets the command as one word.
        words = [*self._words, f"sh -c {shlex.quote(command)}"]
        given = subprocess.DEVNULL if file is None else file
        try:
            return subprocess.run(words, capture_output=True, stdin=given, timeout=timeout, check=False)  # type: ignore[call-overload, no-any-return]
        except (FileNotFoundError, PermissionError):
            raise DeviceError("ssh-missing") from None
        except subprocess.TimeoutExpired:
            what = f"the {stage}'s command"
            raise DeviceError("timeout", device=self.label, what=what, seconds=timeout, stage=stage) from None

    def _lost(self, done: subprocess.CompletedProcess[bytes], stage: str) -> DeviceError:
        """The error behind a command that did not come to its end."""
        said = done.stderr.decode("utf-8", "replace")
        kind = next((kind for words, kind in _KINDS if words in said), "")
        if kind and not self._has_answered:
            return DeviceError(kind, device=self.label, detail=last_line(said))
        if not self._has_answered:
            return DeviceError("host-unreachable", device=self.label, detail=last_line(said))
        try:
            again = self._call(wrap(BOOT_ID), stage, _SHORT)
        except DeviceError as fault:
            return fault
        ended = unwrap(again.stdout.decode("utf-8", "replace"))
        if ended is None:
            return DeviceError("unplugged", device=self.label, stage=stage)
        is_other = self._boot not in ("", "unknown") and ended[0].strip() not in ("unknown", self._boot)
        return DeviceError("rebooted" if is_other else "connection-lost", device=self.label, stage=stage)


class SshTarget:
    """A board; a :class:`fer_edge.bench.targets.Target`."""

    name = "ssh"

    def measure(self, address: str, request: MeasurementRequest) -> Result:
        """See :class:`fer_edge.bench.targets.Target`."""
        options = read_options(request)
        connections = [SshConnection(host) for host in dict.fromkeys(address.split(","))]
        target = "ssh:" + ",".join(connection.serial for connection in connections)
        return run_campaign(connections, lambda: BoardPython(options), request, options, target)


SSH = SshTarget()
