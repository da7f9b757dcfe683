"""Maven where it is found (where not, a test is skipped with a sentence, in continuous integration it fails); the drawn face."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "android_demo"
TOOLS = {
    "java": "a JDK 17 (Debian: openjdk-17-jdk-headless)",
    "mvn": "Maven (Debian: maven)",
    "aapt": "aapt (Debian: aapt)",
    "aapt2": "aapt2 (Debian: aapt)",
    "apksigner": "apksigner (Debian: apksigner)",
    "zipalign": "zipalign (Debian: zipalign)",
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
    assert found.returncode == 0, (found.stdout + found.stderr)[-6000:]
    return found.stdout


@pytest.fixture
def maven():
    """Runs Maven on the reactor, or on a copy of it, and gives its output."""
    return _maven


@pytest.fixture(scope="session")
def drawn_face():
    """The script that writes the face before the camera."""
    place = Path(__file__).with_name("drawn_face.py")
    spec = importlib.util.spec_from_file_location("drawn_face", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
