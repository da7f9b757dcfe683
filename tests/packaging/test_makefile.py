"""`make` takes any Python that the dependencies support, and says what it needs where there is none."""

import shutil
import subprocess
import sys

import pytest

from support.paths import ROOT

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


@pytest.fixture
def desk(tmp_path):
    """A PATH with what the Makefile itself needs and no Python."""
    for name in ("sh", "bash", "test", "awk", "touch", "echo"):
        (tmp_path / name).symlink_to(shutil.which(name))
    return tmp_path


def script(place, body):
    place.write_text(f"#!/bin/sh\n{body}\n")
    place.chmod(0o755)


def make(desk, *arguments):
    return subprocess.run(
        [shutil.which("make"), "-f", ROOT / "Makefile", f"VENV={desk / 'venv'}", *arguments, "install"],
        cwd=ROOT, env={"PATH": str(desk)}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_first_python_that_starts_and_fits_is_taken(desk):
    script(desk / "python3.11", "echo 'no such version here' >&2; exit 127")  # a shim of a version manager
    (desk / "python3.12").symlink_to(sys.executable)
    assert "python3.12 -m venv" in make(desk, "-n").stdout


def test_a_python_that_is_too_new_or_too_old_is_not_taken(desk):
    script(desk / "python3", "exit 1")  # what the version check ends with
    done = make(desk)
    assert done.returncode == 2
    assert "no Python 3.11, 3.12 or 3.13 was found" in done.stderr
    assert not (desk / "venv").exists()


def test_a_python_of_ones_own_is_not_second_guessed(desk):
    script(desk / "mine", "exit 0")
    assert "mine -m venv" in make(desk, "-n", f"PYTHON={desk / 'mine'}").stdout
