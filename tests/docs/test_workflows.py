"""The workflows to copy: what their steps run is run here, in order, as GitHub's shell does."""

import os
import shutil
import subprocess
import sys

import pytest
import yaml
from PIL import Image

from fer_edge.runtime.camera import upright
from fer_edge.synthetic import SyntheticFaces
from support.paths import DEMO_BUNDLE, ROOT, SOURCES
from support.processes import environment

WORKFLOWS = ROOT / "docs" / "ci"
MODULES = {
    "fer-export": "fer_edge.export.cli",
    "fer-verify": "fer_edge.export.verify.cli",
    "fer-bench": "fer_edge.bench.commands.bench",
}


def workflow(name):
    return yaml.safe_load((WORKFLOWS / name).read_text("utf-8"))


def steps(document):
    (job,) = document["jobs"].values()
    return {step["name"]: step["run"] for step in job["steps"] if "run" in step}


@pytest.fixture
def project(tmp_path):
    """Somebody's repository: weights, faces, the shipped bundle."""
    models = tmp_path / "project" / "models"
    models.mkdir(parents=True)
    shutil.copy(
        SOURCES / "fer_edge" / "train" / "weights" / "fer-mini.safetensors", models / "best.safetensors"
    )
    shutil.copytree(DEMO_BUNDLE, models / "bundle")
    for split, number in (("calibration", 32), ("test", 48)):
        draw(
            SyntheticFaces("validation" if split == "calibration" else "test", number),
            models / "faces" / split,
        )
    return models.parent


def draw(faces, folder):
    """Crops in folders of their classes."""
    for index, face in enumerate(faces):
        emotion = faces.emotions[index % len(faces.emotions)]
        place = folder / emotion / f"{index}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(upright(face.frame)).crop(tuple(round(side) for side in face.box)).save(place)


@pytest.fixture
def shell(tmp_path, project):
    """``shell(script, **variables)``: as a step of a job runs it."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name, module in MODULES.items():
        script = tools / name
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -W ignore -m {module} "$@"\n')
        script.chmod(0o755)

    def run(script, **variables):
        path = f"{tools}{os.pathsep}{os.environ['PATH']}"
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
        variables = environment(PATH=path, **variables)
        return subprocess.run(
            command, cwd=project, env=variables, capture_output=True, text=True, check=False
        )

    return run


@pytest.mark.slow
def test_a_bundle_passes_every_step(shell, project):
    document = workflow("bundle.yml")
    for name, script in steps(document).items():
        if name != "Install":
            quick = " --quick" if "fer-bench compare" in script else ""
            done = shell(script.rstrip() + quick, **document["env"])
            busy = (
                done.returncode == 3 and "fer-bench compare" in script
            )  # this machine may be too busy to judge
            assert done.returncode == 0 or busy, (name, done.stderr[-2000:])
    assert {"manifest.json", "fer-mini-int8.tflite"} <= {path.name for path in (project / "bundle").iterdir()}
    assert (project / "export.json").stat().st_size
    assert (project / "speed.html").stat().st_size


@pytest.mark.slow
def test_a_bundle_that_was_tampered_with_does_not_pass(shell, project):
    document = workflow("bundle.yml")
    shutil.copytree(DEMO_BUNDLE, project / "bundle")
    with (project / "bundle" / "fer-mini-int8.tflite").open("r+b") as file:
        file.seek(1000)
        file.write(b"tampered")
    done = shell(steps(document)["Verify, as the one who receives it would"], **document["env"])
    assert done.returncode == 3
    assert "fer-mini-int8.tflite" in (project / "verify.json").read_text("utf-8")


@pytest.mark.slow
def test_a_slower_revision_is_compared_with_the_base(shell, project):
    """Revisions of a real repository; equal files are not slower."""
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.invalid"]
    for command in (
        ["init", "-q"],
        ["add", "-A"],
        ["commit", "-qm", "x"],
        ["update-ref", "refs/remotes/origin/main", "HEAD"],
    ):
        subprocess.run([*git, *command], cwd=project, check=True)
    (script,) = (run for name, run in steps(workflow("latency.yml")).items() if name != "Install")
    done = shell(f"{script} --allow-noisy --quick", GITHUB_BASE_REF="main")
    assert done.returncode == 0, done.stderr
    assert "A (origin/main:models/bundle)" in done.stdout


@pytest.mark.parametrize("name", sorted(path.name for path in WORKFLOWS.glob("*.yml")))
def test_extras_that_a_workflow_installs_exist(name):
    import configparser
    import re

    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg", encoding="utf-8")
    (extras,) = re.findall(r"fer-edge\[([\w,-]+)\]", steps(workflow(name))["Install"])
    assert set(extras.split(",")) <= set(settings["options.extras_require"])
