"""`ios_demo/swift.sh` takes the Swift in PATH, and says what to do where there is none."""

import os
import shutil
import subprocess

import pytest

from support.paths import ROOT

SCRIPT = ROOT / "ios_demo/swift.sh"


def call(*words, path="/usr/bin:/bin:/usr/sbin", **variables):
    return subprocess.run(
        [SCRIPT, *words], env={**os.environ, "PATH": path, **variables}, capture_output=True, text=True, check=False
    )  # fmt: skip


def test_the_swift_in_path_is_taken(tmp_path):
    mine = tmp_path / "swift"
    mine.write_text('#!/bin/sh\necho "mine: $*"\n')
    mine.chmod(0o755)
    path = f"{tmp_path}:/usr/bin:/bin"
    assert call("--which", path=path).stdout == f"{mine}\n"
    assert (
        call("test", "--package-path", "a folder", path=path).stdout == "mine: test --package-path a folder\n"
    )
    made = call("--make", path=path, FER_EDGE_SWIFT_FOLDER=str(tmp_path / "folder"))
    assert made.returncode == 0
    assert not (tmp_path / "folder").exists()


@pytest.mark.skipif(bool(shutil.which("swift")), reason="this machine has a Swift of its own")
def test_without_swift_a_sentence_says_what_to_do(tmp_path):
    done = call("--which", FER_EDGE_SWIFT_FOLDER=str(tmp_path / "folder"))
    assert done.returncode == 3
    assert done.stdout == ""
    assert f"neither in PATH nor in {tmp_path / 'folder'}" in done.stderr
    assert "Install Swift 5.9 or newer" in done.stderr
