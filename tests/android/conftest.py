"""Maven where it is found; where not, a test is skipped with a sentence, in continuous integration it fails."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest

from support import drawn_face
from support.paths import ROOT
from support.processes import python

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
EVERYTHING = """<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>io.github.feredge.tests</groupId>
  <artifactId>everything</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <modules>{modules}</modules>
</project>
"""


@dataclass(frozen=True)
class Built:
    """What one run of Maven made.

    Attributes:
        demo: the repository's own reactor.
        foreign: a copy of its app around somebody else's model.
        onnx: a copy of its app with ONNX Runtime, around a bundle of ONNX files; None: there is no npm, by which that library comes.
    """

    demo: Path
    foreign: Path
    onnx: Path | None


@pytest.fixture(scope="session")
def built(tmp_path_factory) -> Built:
    """One reactor of the repository's modules and two further apps: what these are made of is compiled and tested once."""
    missing = [name for tool, name in TOOLS.items() if not shutil.which(tool)]
    if missing:
        _do_without(f"the Android app needs {', '.join(missing)}")
    folder = tmp_path_factory.mktemp("android")
    onnx = _onnx_app(folder / "onnx") if shutil.which("npm") else None
    built = Built(DEMO, _foreign_app(folder / "foreign"), onnx)
    modules = [os.path.relpath(place, folder) for place in (built.demo, built.foreign, onnx) if place]
    listed = "".join(f"<module>{module}</module>" for module in modules)
    (folder / "pom.xml").write_text(EVERYTHING.format(modules=listed))
    _maven("-f", folder / "pom.xml", "verify", f"-Dfer.edge.root={ROOT}")
    return built


@pytest.fixture(scope="session")
def onnx_app(built) -> Path:
    """The module of the app with ONNX Runtime."""
    if built.onnx is None:
        _do_without("ONNX Runtime for Android comes by npm (Debian: npm)")
    return built.onnx


def _do_without(sentence: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(sentence)
    pytest.skip(sentence)


def _maven(*words: object) -> None:
    command = ["mvn", "-B", "-ntp", "-Dkotlin.compiler.daemon=false", *map(str, words)]
    # Java's optimizing compiler and its threads cost short-lived processes (R8, compilers, an app's tests) half of their time.
    variables = os.environ | {"JDK_JAVA_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"}
    found = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=3000, check=False)
    # Engines fill standard error with what they do; what failed stands at the end of standard output.
    assert found.returncode == 0, found.stderr[-1000:] + found.stdout[-6000:]


def _copy_app(demo: Path, name: str, **properties: object) -> Path:
    """A copy of the app's module under another name, with such properties; the modules beside it are the repository's."""
    demo.mkdir()
    for place in DEMO.iterdir():
        if place.name not in ("app", "bundle", "target"):
            (demo / place.name).symlink_to(place)
    app = demo / "app"
    shutil.copytree(DEMO / "app", app, ignore=shutil.ignore_patterns("target", ".gradle", "build"))
    given = "".join(f"    <{key}>{value}</{key}>\n" for key, value in properties.items())
    parent = os.path.relpath(DEMO / "pom.xml", app)
    pom = (app / "pom.xml").read_text(encoding="utf-8")
    for old, new in (
        ("<artifactId>fer-edge-app</artifactId>", f"<artifactId>fer-edge-app-{name}</artifactId>"),
        ("  </parent>", f"    <relativePath>{parent}</relativePath>\n  </parent>"),
        ("  <build>\n", "  <build>\n    <finalName>fer-edge-app-${project.version}</finalName>\n"),
        ("  </properties>", f"{given}  </properties>"),  # the last ones of a name hold
    ):
        assert old in pom
        pom = pom.replace(old, new, 1)
    (app / "pom.xml").write_text(pom, encoding="utf-8")
    return app


def _onnx_app(demo: Path) -> Path:
    bundle = demo.with_name("onnx-bundle")
    words = ("--format", "onnx", "--precision", "fp32,int8", "--out", bundle)
    python("-m", "fer_edge.export.cli", *words, check=True)
    app = _copy_app(demo, "onnx", **{"fer.edge.bundle": bundle})
    pom = (app / "pom.xml").read_text(encoding="utf-8")
    # What -Ponnx does, in this module alone.
    chosen = "<id>onnx</id><activation><activeByDefault>true</activeByDefault></activation>"
    (app / "pom.xml").write_text(pom.replace("<id>onnx</id>", chosen, 1), encoding="utf-8")
    return app


def _foreign_app(demo: Path) -> Path:
    """Another size, three channels, five labels: exported into the app's module."""
    expected, folder = demo.with_name("expected.json"), demo.parent
    app = _copy_app(demo, "foreign", test="MainActivityTest", **{"fer.edge.expected": expected})
    (folder / "foreign.py").write_text(FOREIGN)
    python("-c", SAVE, cwd=folder, check=True)
    python(
        "-m", "fer_edge.export.cli", "foreign.pth", "--arch", "foreign:net", "--labels",
        "calm,glad,cross,glum,startled", "--input", "56x48x3", "--mean", "0.4,0.5,0.6", "--std", "0.2,0.25,0.3",
        "--name", "foreign", "--android", app, "--out", folder / "foreign-bundle", cwd=folder, check=True,
    )  # fmt: skip
    expected.write_text(drawn_face.predicted(folder / "foreign-bundle"))
    return app


FOREIGN = """
from torch import nn

def net(num_classes):
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.ReLU(), nn.Conv2d(8, 16, 3, stride=2, padding=1), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, num_classes),
    )
"""
SAVE = """
import torch, foreign
torch.manual_seed(1)
net = foreign.net(5)
for parameter in net.parameters():
    parameter.data.mul_(2)
torch.save(net.state_dict(), "foreign.pth")
"""
