"""A board: this machine behind a scripted ssh, with the real sources, interpreter and engine on the other side."""

import hashlib
import json
import shutil
import sys
from pathlib import Path

import pytest

from fer_edge.bench.measure.subject import Subject
from fer_edge.bench.targets import MeasurementRequest
from fer_edge.bench.targets.board_python import pack_sources
from fer_edge.bench.targets.errors import DeviceError
from fer_edge.bench.targets.ssh import SSH, SshConnection
from support.paths import DEMO_BUNDLE


class Board:
    """A folder that is a board; ``told`` is what the target said."""

    def __init__(self, folder):
        self.folder = folder
        self.told = []
        for name in ("home", "bin", "sys/devices/system/cpu"):
            (folder / name).mkdir(parents=True)
        (folder / "boot_id").write_text("one\n")
        # No script of its own: a wrapped interpreter would not find its environment through a link.
        self.program("python3", f'exec {sys.executable} "$@"')

    def program(self, name, text):
        place = self.folder / "bin" / name
        place.write_text(f"#!/bin/sh\n{text}\n")
        place.chmod(0o755)

    def fault(self, where, what):
        (self.folder / "fault").write_text(f"{where} {what}\n")

    @property
    def left(self):
        return sorted(path.name for path in (self.folder / "home").iterdir())

    def measure(self, address="pi@board", variants=("tflite-fp32",), **options):
        chosen = {"processes": "2", "runs": "3", "cool-down": "0", "journal": str(self.folder / "journal")}
        chosen |= {name.replace("_", "-"): value for name, value in options.items()}
        request = MeasurementRequest(
            tuple(subject(variant) for variant in variants),
            tell=self.told.append,
            options=tuple(chosen.items()),
        )
        return SSH.measure(address, request)


def subject(variant):
    manifest = json.loads((DEMO_BUNDLE / "manifest.json").read_text())
    entry = next(entry for entry in manifest["artifacts"] if entry["variant"] == variant)
    return Subject(DEMO_BUNDLE / entry["path"], "tflite", variant, "", 1, entry["contract"], parity="pass")


@pytest.fixture
def board(tmp_path, monkeypatch):
    (tmp_path / "programs").mkdir()
    shutil.copy(Path(__file__).with_name("fake_ssh"), tmp_path / "programs" / "ssh")
    monkeypatch.setenv("PATH", f"{tmp_path / 'programs'}:/usr/bin:/bin")
    monkeypatch.setenv("BOARD", str(tmp_path / "board"))
    monkeypatch.delenv("PYTHONPATH", raising=False)
    return Board(tmp_path / "board")


def refused(board, kind, **options):
    with pytest.raises(DeviceError) as caught:
        board.measure(**options)
    assert caught.value.kind == kind, str(caught.value)
    assert caught.value.exit_code == 1
    journal = board.folder / "journal"
    assert not journal.exists() or '"done"' not in journal.read_text()
    return str(caught.value)


def test_a_board_measures_every_stage_with_our_own_sources(board):
    result = board.measure(variants=("tflite-fp32", "tflite-int8"))
    assert result.target == "ssh:board"
    stages = [(record.variant, record.stage, len(record.samples)) for record in result.records]
    one = [("load", 2), ("first", 2), ("inference", 6), ("camera", 6), ("whole", 6)]
    assert stages == [(v, stage, count) for v in ("tflite-fp32", "tflite-int8") for stage, count in one]
    assert all(record.engine.startswith("ai-edge-litert ") for record in result.records)
    assert all(sample > 0 for record in result.records for sample in record.samples)
    # The whole path holds the inference and the camera path.
    whole, parts = (
        min(sum(min(record.samples) for record in result.records[:5] if record.stage in stages) for _ in "1")
        for stages in (("whole",), ("inference",))
    )
    assert whole > parts
    assert result.artifacts[0].peak_memory_bytes[0] > 1 << 20
    assert (
        result.artifacts[0].sha256
        == hashlib.sha256((DEMO_BUNDLE / "fer-mini-fp32.tflite").read_bytes()).hexdigest()
    )
    assert board.left == []


def test_the_same_sources_give_the_same_archive():
    assert pack_sources() == pack_sources()


def test_what_the_journal_holds_is_not_run_again(board):
    first = board.measure()
    calls = int((board.folder / "calls").read_text())
    assert board.measure().to_json() == first.to_json()
    assert int((board.folder / "calls").read_text()) == calls


@pytest.mark.parametrize(
    ("what", "kind"),
    [
        ("unknown", "host-unknown"),
        ("refused", "host-unreachable"),
        ("silent", "host-unreachable"),
        ("key", "host-key"),
        ("password", "not-admitted"),
    ],
)
def test_a_host_that_cannot_be_entered(board, what, kind):
    board.fault("@boot", what)
    assert "pi@board" in refused(board, kind)


@pytest.mark.parametrize(
    ("action", "kind"), [("cut", "connection-lost"), ("unplug", "unplugged"), ("reboot", "rebooted")]
)
@pytest.mark.parametrize(
    "where", ["sys.version_info", "mkdir", ">.fer-edge-bench/", "tarfile", "targets.board", "wc", "@zones"]
)
def test_a_connection_that_breaks(board, where, action, kind):
    board.fault(where, action)
    refused(board, kind, processes="1")
    assert (board.left == []) == (action != "unplug" or where == "sys.version_info")
    (board.folder / "gone").unlink(missing_ok=True)
    assert board.measure(processes="1").complete
    assert board.left == []


def test_a_restart_between_two_looks(board):
    board.fault("targets.board", "unseen")
    refused(board, "rebooted")


def test_a_board_that_hangs(board):
    board.fault("targets.board", "hang")
    refused(board, "timeout", device_timeout="1")


def test_no_python(board):
    assert "python9" in refused(board, "python-missing", remote_python="python9")


def test_an_old_python(board):
    board.program("python3", "echo 3 9")
    assert "3.9" in refused(board, "python-old")


def test_a_board_without_libraries(board):
    # -I -S: neither the user's nor the environment's packages.
    board.program(
        "python3",
        f'[ "$1" = -m ] && PYTHONPATH=$PYTHONPATH exec {sys.executable} -S "$@"; exec {sys.executable} "$@"',
    )
    assert "numpy" in refused(board, "library-missing")
    assert board.left == []


def test_a_process_that_is_killed(board):
    board.program(
        "python3", f'[ "$2" = fer_edge.bench.targets.board ] && kill -9 $$; exec {sys.executable} "$@"'
    )
    refused(board, "runner-crashed")


@pytest.mark.parametrize("text", ["", "{", '{"schema": "fer-edge-board/2"}', "{}"])
def test_a_result_that_is_not_whole(board, text):
    write = f"printf '%s' '{text}' >\"$4\"; exit 0"
    board.program(
        "python3",
        f'[ "$2" = fer_edge.bench.targets.board ] && {{ {write}; }}; exec {sys.executable} "$@"',
    )
    refused(board, "result-truncated")


def test_a_run_without_a_result(board):
    board.program("python3", f'[ "$2" = fer_edge.bench.targets.board ] && exit 0; exec {sys.executable} "$@"')
    refused(board, "pull-failed")


def test_a_board_that_cannot_store(board):
    board.program("mkdir", "echo mkdir: cannot create directory: No space left on device; exit 1")
    refused(board, "storage-full")


def test_no_ssh(board, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    refused(board, "ssh-missing")


@pytest.mark.parametrize("host", ["", "-oProxyCommand=touch", "a b", ":22"])
def test_a_host_that_is_none(host):
    import click

    with pytest.raises(click.UsageError):
        SshConnection(host)
