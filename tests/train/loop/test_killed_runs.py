"""A training that is killed three times at random ends with the same bytes as one that was not."""

import json
import os
import random
import signal
import subprocess
import sys
import time

import pytest

WORDS = ("synthetic", "--arch", "loop_nets:usual", "--size", "24x24x1", "--limit", "96", "--epochs", "30")
WORDS += ("--batch-size", "8", "--views", "2", "--workers", "1", "--threads", "1", "--set", "monitor=loss")
COMMAND = (sys.executable, "-m", "fer_edge.train.cli", *WORDS)
SEED = 4
HEARING = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
    "from fer_edge.train.cli import main; main()"
)
"""The command, even where the tests run as a shell's background job, which ignores Ctrl-C."""
MOST_EPOCHS, LATEST = 7, 0.05
"""A kill comes after one to so many epochs of its run and up to so many seconds: three of them leave some of the 30."""


def start(out, environment, *more):
    return subprocess.Popen(
        [*COMMAND, "--out", str(out), *more],
        env=environment,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )


def killed(process, rng):
    """Kill a moment after one of the first epochs that it tells of; whether that ended it."""
    left = rng.randint(1, MOST_EPOCHS)
    for line in process.stderr:
        left -= line.startswith("epoch ")
        if not left:
            break
    time.sleep(rng.uniform(0, LATEST))
    process.send_signal(signal.SIGKILL)
    process.stderr.close()
    return process.wait() == -signal.SIGKILL


@pytest.mark.slow
def test_three_kills_change_no_byte(nets, environment):
    rng = random.Random(SEED)
    whole = start(nets / "whole", environment, "--quiet")
    assert whole.wait() == 0, whole.stderr.read()
    whole.stderr.close()
    assert [killed(start(nets / "broken", environment, "--resume"), rng) for _ in range(3)] == [True] * 3
    last = start(nets / "broken", environment, "--resume", "--quiet")
    assert last.wait() == 0, last.stderr.read()
    last.stderr.close()
    for name in ("best.safetensors", "log.jsonl", "report.json"):
        assert (nets / "whole" / name).read_bytes() == (nets / "broken" / name).read_bytes(), name


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code", "said"), [
    (signal.SIGINT, 130, "stopped"), (signal.SIGTERM, 143, "stopped by SIGTERM"),
])  # fmt: skip
@pytest.mark.parametrize(("workers", "sign"), [(1, "last.ckpt"), (2, "")])
def test_a_signal_is_one_word(nets, environment, workers, sign, number, code, said):
    """While training, and while two processes prepare faces: they are told by the first one, not by the terminal."""
    words = ("synthetic", "--epochs", "400", "--size", "24", "--json", "--threads", "1", "--out", "a")
    words += ("--workers", str(workers), *(("--limit", "16") if sign else ()))
    process = subprocess.Popen(
        [sys.executable, "-c", HEARING, *words],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while process.poll() is None and not (nets / "a" / sign).exists():
        time.sleep(0.05)
    time.sleep(0.5)
    os.killpg(process.pid, number)
    out, err = process.communicate()
    assert process.returncode == code, err
    assert json.loads(out) == {"error": {"message": said, "exit_code": code}}
    assert err.strip().endswith(f"{said.capitalize()[:7]}{said[7:]}.")
    assert "Traceback" not in err
    assert not (nets / "a" / "best.safetensors").exists()
