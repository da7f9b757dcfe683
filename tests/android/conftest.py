"""Maven where it is found; where not, a test is skipped with a sentence, in continuous integration it fails."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from support.paths import ROOT

DEMO = ROOT / "android_demo"
TOOLS = {
    "java": "a JDK 17 (Debian: openjdk-17-jdk-headless)",
    "mvn": "Maven (Debian: maven)",
    "aapt": "aapt (Debian: aapt)",
    "aapt2": "aapt2 (Debian: aapt)",
    "apksigner": "apksigner (Debian: apksigner)",
    "zipalign": "zipalign (Debian: zipalign)",
    "gcc": "gcc (Debian: gcc libc6-dev)",
}


def _maven(*arguments: str, demo: Path = DEMO, timeout: int = 1800) -> str:
    """The output of Maven on the reactor."""
    missing = [name for tool, name in TOOLS.items() if not shutil.which(tool)]
    if missing:
        sentence = f"the Android app needs {', '.join(missing)}"
        if os.environ.get("CI"):
            pytest.fail(sentence)
        pytest.skip(sentence)
    command = ["mvn", "-B", "-ntp", "-Dkotlin.compiler.daemon=false", "-f", str(demo / "pom.xml"), *arguments]
    found = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
    # Engines fill standard error with what they do; what failed stands at the end of standard output.
    assert found.returncode == 0, found.stderr[-1000:] + found.stdout[-6000:]
    return found.stdout


@pytest.fixture
def maven():
    """Runs Maven on the reactor, or on a copy of it, and gives its output."""
    return _maven
