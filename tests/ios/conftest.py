"""Swift where it is found; where not, a test is skipped with a sentence."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from support.paths import ROOT

PACKAGE = ROOT / "ios_demo"
SWIFT = PACKAGE / "swift.sh"

Ask = Callable[[Iterable[tuple[str, bytes]]], list[Any]]
"""Takes questions for the package's checks, kind and data, and gives their answers."""


def pytest_collection_modifyitems(items):
    """A compiler takes longer than most tests; nothing else waits for it."""
    for item in items:
        if {"swift", "ask"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.timeout(1500))


@pytest.fixture(scope="session")
def swift():
    """Runs swift, in PATH or in the folder that ``swift.sh --make`` has made, and gives its output."""
    which = subprocess.run([SWIFT, "--which"], capture_output=True, text=True, check=False)
    if which.returncode:
        pytest.skip(which.stderr.strip())

    def run(*arguments: str, given: str | None = None) -> str:
        # As the Makefile does, so that what it built is what runs.
        done = subprocess.run(
            [SWIFT, *arguments], cwd=ROOT, input=given, capture_output=True, text=True, check=False,
            env={**os.environ, **({"FER_EDGE_STAND_INS": "1"} if sys.platform == "linux" else {})},
        )  # fmt: skip
        assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
        return done.stdout

    return run


@pytest.fixture(scope="session")
def made(swift, tmp_path_factory):
    """What ``make swift`` says: everything is built, its tests are run and its camera path is timed. Once a run, for all workers."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    said = shared / "made-swift.txt"
    with (shared / "made-swift.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not said.exists():
            done = subprocess.run(["make", "swift"], cwd=ROOT, capture_output=True, text=True, check=False)
            assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
            said.write_text(done.stdout)
    return said.read_text()


@pytest.fixture(scope="session")
def ask(swift, made) -> Ask:
    """The answers of ``ios_demo/Checks``."""

    def answers(questions: Iterable[tuple[str, bytes]]) -> list[Any]:
        lines = [{"kind": kind, "data": base64.b64encode(data).decode()} for kind, data in questions]
        given = "".join(json.dumps(line) + "\n" for line in lines)
        found = swift(
            "run",
            "--package-path",
            str(PACKAGE),
            "-c",
            "release",
            "--skip-build",
            "fer-edge-checks",
            given=given,
        )
        return [json.loads(line) for line in found.splitlines()]

    return answers
