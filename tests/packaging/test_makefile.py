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


def tools(desk, fetch):
    """An environment that is installed, whose commands write down what they are asked; ``fetch`` is what fer-train does."""
    place = desk / "venv" / "bin"
    place.mkdir(parents=True)
    for name in ("fer-export", "fer-verify", "python"):
        script(place / name, f'echo "{name} $@" >> {desk}/calls')
    script(place / "fer-train", fetch)
    script(place / "fer-export", f'echo "fer-export $@" >> {desk}/calls; eval mkdir -p \\${{$#}}')
    (desk / "venv" / ".installed").touch()
    for name in ("mkdir", "ls", "printf"):
        (desk / name).symlink_to(shutil.which(name))


def demo(desk):
    done = subprocess.run(
        [shutil.which("make"), "-f", ROOT / "Makefile", f"VENV={desk / 'venv'}", f"DEMO={desk / 'demo'}", "demo"],
        cwd=ROOT, env={"PATH": str(desk)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout, (desk / "calls").read_text()


def test_the_demo_shows_both_networks(desk):
    tools(desk, f"touch {desk}/demo/mini-xception.safetensors")
    said, calls = demo(desk)
    assert f"two_networks.py {desk}/demo/trained android_demo/bundle" in calls
    assert f"fer-verify {desk}/demo/trained" in calls
    assert f"--model {desk}/demo/trained" in said


def test_the_demo_goes_on_without_the_trained_network(desk):
    tools(desk, "echo 'Error: pip could not bring it' >&2; exit 1")
    said, calls = demo(desk)
    assert "Going on with the built-in model alone" in said
    assert f"fer-verify {desk}/demo/bundle" in calls
    assert f"two_networks.py {desk}/demo/bundle --out" in calls
    assert "trained" not in calls
    assert f"--model {desk}/demo/bundle" in said
