"""Two processes under ``torchrun`` (gloo, CPU): the same loss as one, and a job that survives a killed worker."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fer_edge.train.cli import main

WORDS = ("synthetic", "--arch", "loop_nets:plain", "--size", "24x24x1", "--limit", "64", "--epochs", "40")
WORDS += (
    "--batch-size",
    "16",
    "--views",
    "2",
    "--workers",
    "1",
    "--threads",
    "1",
    "--set",
    "augmentation=none",
)


def job(out, environment, *more):
    launcher = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")
    words = ("-m", "fer_edge.train.cli", *WORDS, "--devices", "2", "--out", str(out), *more)
    return subprocess.Popen(
        [*launcher, *words], env=environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def workers(parent):
    """The processes that ``torchrun`` started, by their number among all."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            own = int(path.read_text().rpartition(")")[2].split()[1]) == parent
            variables = (path.parent / "environ").read_bytes() if own else b""
        except OSError:
            continue
        for entry in variables.split(b"\0"):
            if entry.startswith(b"RANK="):
                found[int(entry[5:])] = int(path.parent.name)
    return found


def log_of(folder):
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="finds the workers in /proc")
def test_two_processes_learn_as_one_and_survive_a_killed_worker(nets, environment):
    with pytest.raises(SystemExit) as ended:
        main([*WORDS, "--out", str(nets / "one"), "--quiet"])
    assert ended.value.code == 0

    first = job(nets / "two", environment)
    for line in first.stderr:
        if line.startswith("epoch 2/"):
            os.kill(workers(first.pid)[1], signal.SIGKILL)
            break
    first.communicate()
    assert first.returncode != 0
    before = log_of(nets / "two")
    assert 2 <= len(before) < 40
    assert not (nets / "two/best.safetensors").exists()

    second = job(nets / "two", environment, "--resume", "--json")
    out, err = second.communicate()
    assert second.returncode == 0, err
    assert json.loads(out)["weights"] == str(nets / "two/best.safetensors")
    one, two = log_of(nets / "one"), log_of(nets / "two")
    assert [line["epoch"] for line in two] == list(range(1, 41))
    assert two[0]["train_loss"] == pytest.approx(one[0]["train_loss"], abs=1e-5)
    assert two[0]["validation_loss"] == pytest.approx(one[0]["validation_loss"], abs=1e-5)
