"""The commands open no connection, look no name up, and leave nothing in the home and temporary folders.

They run without a network where the system allows it, under a trace where strace is installed.
"""

import json
import re
import shutil
import subprocess
import sys

import pytest
from PIL import Image
from skimage.data import astronaut

from support.processes import environment, python

CALLS = "connect,sendto,sendmsg,sendmmsg,openat,open"
# A look-up reads the resolver's configuration or asks a daemon; anything else needs an internet address.
TALK = re.compile(r"AF_INET6?\b|/etc/resolv\.conf|systemd/resolve")
SETTINGS = ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "MPLCONFIGDIR")


def works(*command):
    return (
        shutil.which(command[0]) is not None
        and subprocess.run(command, capture_output=True, check=False).returncode == 0
    )


@pytest.fixture(scope="module")
def wrapped():
    """``wrapped(trace, command)``: the command line without a network and with its calls written to a file."""
    if not works("strace", "-e", "trace=connect", "true"):
        pytest.skip("strace is not installed or may not trace here: apt-get install strace")
    alone = ["unshare", "-n"] if works("unshare", "-n", "true") else []
    watch = ["strace", "-f", "-qq", "--seccomp-bpf", "-s", "200", "-e", f"trace={CALLS}", "-o"]
    return lambda trace, command: [*alone, *watch, str(trace), *command]


@pytest.fixture
def run(tmp_path, wrapped):
    """Run a module; returns the process, the lines that talk, and what the folders gained."""

    def go(*arguments):
        folders = [tmp_path / name for name in ("home", "temporary", *SETTINGS)]
        for folder in folders:
            folder.mkdir()
        changes = dict.fromkeys((*SETTINGS, "ORT_DISABLE_TELEMETRY", "TORCHINDUCTOR_CACHE_DIR"))
        changes |= {"HOME": folders[0], "TMPDIR": folders[1]}
        changes |= {name: tmp_path / name for name in SETTINGS[:-1]}
        done = subprocess.run(
            wrapped(tmp_path / "trace", [sys.executable, "-P", "-W", "ignore", *map(str, arguments)]),
            cwd=tmp_path, env=environment(**changes), capture_output=True, text=True, check=False,
        )  # fmt: skip
        lines = (tmp_path / "trace").read_text(errors="replace").splitlines()
        gained = [str(place) for folder in folders for place in folder.rglob("*")]
        return done, [line for line in lines if TALK.search(line)], gained

    return go


def test_the_trace_sees_a_look_up_and_a_connection(run):
    """What the other tests rely on."""
    script = "import socket\ntry: socket.create_connection(('example.invalid', 80), 2)\nexcept OSError: pass"
    _, talk, _ = run("-c", script)
    assert any("resolv.conf" in line or "AF_INET" in line for line in talk)


def test_predicting(run, builtin_bundle, tmp_path):
    Image.fromarray(astronaut()).save(tmp_path / "astronaut.png")
    done, talk, gained = run(
        "-m", "fer_edge.predict.cli", "astronaut.png", "--model", builtin_bundle, "--variant", "onnx-fp32",
        "--annotate", "out.png", "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["images"]) == 1
    assert (talk, gained) == ([], [])


def test_verifying(run, builtin_bundle):
    done, talk, gained = run("-m", "fer_edge.export.verify.cli", builtin_bundle)
    assert done.returncode == 0, done.stderr
    assert (talk, gained) == ([], [])


def test_measuring(run, builtin_bundle):
    done, talk, gained = run(
        "-m", "fer_edge.bench.commands.bench", builtin_bundle, "--variant", "onnx-fp32", "--quick", "--out", "bench.html"
    )  # fmt: skip
    assert done.returncode in (0, 3), done.stderr  # 3: the machine was too busy for figures to be trusted
    assert (talk, gained) == ([], [])


def test_training(run, tmp_path):
    done, talk, gained = run(
        "-m", "fer_edge.train.cli", "synthetic", "--limit", "64", "--epochs", "1", "--out", "run"
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert list((tmp_path / "run").glob("*.safetensors"))
    assert (talk, gained) == ([], [])


@pytest.mark.slow
def test_exporting_every_format(run):
    done, talk, gained = run(
        "-m", "fer_edge.export.cli", "--format", "torchscript,onnx,tflite,coreml", "--parity-inputs", "32", "--out", "bundle"
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (talk, gained) == ([], [])


@pytest.mark.parametrize("first", ["fer_edge.runtime.contract", "fer_edge.export.formats.onnx.graph"])
def test_the_switch_is_set_by_whatever_is_imported_first(first):
    script = f"import {first}, os; print(os.environ['ORT_DISABLE_TELEMETRY'])"
    for chosen, expected in ((None, "1"), ("0", "0")):
        done = python("-c", script, env=environment(ORT_DISABLE_TELEMETRY=chosen), check=True)
        assert done.stdout.strip() == expected
