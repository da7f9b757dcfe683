"""The staging folder of a bundle: leftovers and places that cannot be written."""

import subprocess
import sys
import time

import pytest

from fer_edge.export.bundle.staging import staging
from fer_edge.runtime.errors import ExportError
from support.processes import environment


def test_leftovers_are_found_whatever_the_bundle_is_called(tmp_path):
    target = tmp_path / "take[1]*"
    dead = tmp_path / ".take[1]*.fer-edge-staging-0123456789abcdef"
    (dead / "work").mkdir(parents=True)
    of_another = tmp_path / ".take1.fer-edge-staging-0123456789abcdef"
    of_another.mkdir()
    with staging(target) as folder:
        assert folder.parent == tmp_path
        assert not dead.exists()
    assert sorted(tmp_path.iterdir()) == [of_another]


def test_a_place_that_cannot_be_written_is_a_sentence(tmp_path):
    (tmp_path / "file").write_text("hello")
    with (
        pytest.raises(ExportError, match=r"nothing can be written to .*name a folder"),
        staging(tmp_path / "file" / "bundle"),
    ):
        pass
    assert (tmp_path / "file").read_text() == "hello"


def test_sigterm_removes_the_staging_folder(foreign, tmp_path, foreign_options):
    arguments = [
        sys.executable,
        "-m",
        "fer_edge.export.cli",
        "weights.pth",
        *foreign_options,
        "--format",
        "torchscript",
    ]
    with subprocess.Popen(
        [*arguments, "--out", tmp_path / "bundle"],
        cwd=foreign,
        env=environment(),
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        while not list(tmp_path.glob(".bundle.fer-edge-staging-*/work/*/running")):
            assert running.poll() is None
            time.sleep(0.01)
        running.terminate()
        _, said = running.communicate(timeout=60)
    assert running.returncode == 143
    assert said.strip() == "Stopped by SIGTERM."
    assert list(tmp_path.iterdir()) == []
