"""The same target against OpenSSH's own server on loopback: what the scripted one says is what the real one says."""

import getpass
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from fer_edge.bench.measure.subject import Subject
from fer_edge.bench.targets import MeasurementRequest
from fer_edge.bench.targets.errors import DeviceError
from fer_edge.bench.targets.ssh import SSH, SshConnection
from support.paths import DEMO_BUNDLE

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
PRIVILEGES = Path("/run/sshd")  # an empty folder that a server of root wants, as its init script makes it

pytestmark = pytest.mark.skipif(SSHD is None, reason="no sshd: apt-get install openssh-server")


class Server:
    """sshd with keys, port and home of the test's own."""

    def __init__(self, folder):
        self.folder = folder
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        for name in ("host", "user", "stranger"):
            keygen = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name]
            subprocess.run(keygen, check=True)
        (folder / "home").mkdir()
        (folder / "bin").mkdir()
        (folder / "bin/python3").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
        (folder / "bin/python3").chmod(0o755)
        (folder / "config").write_text(self._config())
        key = (folder / "host.pub").read_text()
        (folder / "known").write_text(f"[127.0.0.1]:{self.port} {key}")
        command = [SSHD, "-D", "-f", folder / "config", "-E", folder / "log"]
        self.process = subprocess.Popen(command)
        self._wait()

    def _config(self):
        folder = self.folder
        # The user's real home is left alone.
        command = f'export PATH={folder}/bin:$PATH; cd {folder}/home; eval "$SSH_ORIGINAL_COMMAND"'
        return (
            f"ListenAddress 127.0.0.1:{self.port}\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/user.pub\n"
            "PidFile none\nUsePAM no\nStrictModes no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
            f"PermitRootLogin yes\nForceCommand {command}\n"
        )

    def _wait(self):
        for _ in range(200):
            if self.process.poll() is not None:
                pytest.fail((self.folder / "log").read_text())
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except ConnectionRefusedError:
                time.sleep(0.05)
        pytest.fail("sshd does not listen")

    def client(self, monkeypatch, folder, *, key="user", known="known"):
        """Put an ssh into PATH that has this key and these known hosts, and none of the user's."""
        options = f"-F none -i {self.folder}/{key} -o IdentitiesOnly=yes -o StrictHostKeyChecking=yes "
        options += f"-o UserKnownHostsFile={self.folder}/{known} -o GlobalKnownHostsFile=none"
        place = folder / "programs" / "ssh"
        place.parent.mkdir()
        place.write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} {options} "$@"\n')
        place.chmod(0o755)
        monkeypatch.setenv("PATH", f"{place.parent}:{os.environ['PATH']}")
        monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
        return f"{getpass.getuser()}@127.0.0.1:{self.port}"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    made = os.geteuid() == 0 and not PRIVILEGES.exists()
    if made:
        PRIVILEGES.mkdir(mode=0o755)
    found = Server(tmp_path_factory.mktemp("sshd"))
    yield found
    found.process.terminate()
    found.process.wait()
    if made:
        PRIVILEGES.rmdir()


def request(**options):
    import json

    manifest = json.loads((DEMO_BUNDLE / "manifest.json").read_text())
    entry = next(entry for entry in manifest["artifacts"] if entry["variant"] == "tflite-int8")
    subject = Subject(DEMO_BUNDLE / entry["path"], "tflite", "tflite-int8", "", 1, entry["contract"])
    chosen = {"processes": "1", "runs": "3", "cool-down": "0", **options}
    return MeasurementRequest((subject,), options=tuple(chosen.items()))


@pytest.mark.slow
def test_a_board_behind_a_real_server(server, monkeypatch, tmp_path):
    address = server.client(monkeypatch, tmp_path)
    result = SSH.measure(address, request())
    assert result.target == f"ssh:127.0.0.1:{server.port}"
    assert [len(record.samples) for record in result.records] == [1, 1, 3, 3, 3]
    assert list((server.folder / "home").iterdir()) == []


def test_files_arrive_byte_for_byte(server, monkeypatch, tmp_path):
    connection = SshConnection(server.client(monkeypatch, tmp_path))
    local = tmp_path / "bytes"
    local.write_bytes(bytes(range(256)) * 1000)
    connection.push(local, "a file")
    assert connection.pull("a file") == local.read_bytes()
    assert connection.run("rm 'a file'; exit 7", stage="run").code == 7


@pytest.mark.parametrize(
    ("changes", "kind"), [({"key": "stranger"}, "not-admitted"), ({"known": "nobody"}, "host-key")]
)
def test_a_real_server_that_does_not_let_us_in(server, monkeypatch, tmp_path, changes, kind):
    address = server.client(monkeypatch, tmp_path, **changes)
    with pytest.raises(DeviceError) as caught:
        SSH.measure(address, request())
    assert caught.value.kind == kind, str(caught.value)


def test_no_server_and_no_host(server, monkeypatch, tmp_path):
    server.client(monkeypatch, tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    for address, kind in ((f"127.0.0.1:{port}", "host-unreachable"), ("nobody.invalid", "host-unknown")):
        with pytest.raises(DeviceError) as caught:
            SSH.measure(address, request())
        assert caught.value.kind == kind, str(caught.value)


def test_a_session_that_is_cut(server, monkeypatch, tmp_path):
    connection = SshConnection(server.client(monkeypatch, tmp_path))
    connection.run("true", stage="first look")

    def cut():
        while not (server.folder / "home/begun").exists():
            time.sleep(0.02)
        for session in psutil.Process(server.process.pid).children():
            session.kill()

    cutter = threading.Thread(target=cut)
    cutter.start()
    with pytest.raises(DeviceError) as caught:
        connection.run("echo half; touch begun; sleep 5", stage="run")
    cutter.join()
    assert caught.value.kind == "connection-lost", str(caught.value)
    connection.run("rm begun", stage="cleaning")


def test_a_request_without_our_settings_is_the_default_one():
    from fer_edge.bench.targets.device_options import read_options

    settings = read_options(replace(request(), options=()))
    assert (settings.processes, settings.runs, settings.cores) == (10, 50, "all")
