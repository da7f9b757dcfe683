"""Second opinions: the same file in another engine, in another environment; what disagrees is told of the engines."""

import stat
import sys
from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np
import pytest

from fer_edge.export.verify.report import ArtifactReport
from fer_edge.export.verify.second_opinion.answering import ANDROID
from fer_edge.export.verify.second_opinion.compare import VARIABLE, find_second_opinions
from fer_edge.runtime.bundle import open_bundle
from support import tiny_artifacts as tiny

PICTURES = np.random.default_rng(0).integers(0, 256, (3, 6, 8, 3), np.uint8)
OUTPUT = SimpleNamespace(progress=lambda *_: nullcontext(SimpleNamespace(advance=lambda: None)))
RIGHT = """
from ai_edge_litert.interpreter import Interpreter
"""
WRONG = """
import numpy as np
class Interpreter:
    def __init__(self, model_path, num_threads): pass
    def allocate_tensors(self): pass
    def get_signature_runner(self, name):
        return lambda image: {"probabilities": np.array([[1, 0, 0]], np.float32)}
"""
REFUSING = """
def Interpreter(**options):
    raise RuntimeError("Input tensor 5 lacks data")
"""
ABORTING = """
import os
Interpreter = lambda **options: os.abort()
"""
ANDROIDS = """#!{python}
import sys
import numpy as np
from ai_edge_litert.interpreter import Interpreter
model, threads, kernels, inputs, outputs = sys.argv[1:]
assert (threads, kernels) == ("1", "xnnpack")
run = Interpreter(model).get_signature_runner("serving_default")
rows = np.fromfile(inputs, np.float32).reshape(-1, 1, 3, 6, 8)
np.stack([run(image=row)["probabilities"] for row in rows]).tofile(outputs)
print("2.16.1 FLOAT32 576 FLOAT32 12")
"""
STOPPING = """#!/bin/sh
echo INFO: started >&2
echo failed: XNNPACK refuses this model >&2
exit 1
"""
WRITING = """
import os, pathlib
def Interpreter(**options):
    pathlib.Path(os.environ["ELSEWHERE"]).write_text("written")
"""


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return open_bundle(tiny.write_bundle(tmp_path_factory.mktemp("second") / "bundle"))


@pytest.fixture(autouse=True)
def _nothing_named(monkeypatch):
    for name in (VARIABLE, ANDROID):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def android(tmp_path, monkeypatch):
    """A program of this source in the place of Android's library."""

    def made(source):
        program = tmp_path / "answer"
        program.write_text(source)
        program.chmod(0o755)
        monkeypatch.setenv(ANDROID, str(program))

    return made


@pytest.fixture
def environment_with(tmp_path, monkeypatch):
    """An interpreter whose environment has a ``tflite_runtime`` of this source."""

    def made(source):
        package = tmp_path / "site" / "tflite_runtime"
        package.mkdir(parents=True)
        (package / "__init__.py").touch()
        (package / "interpreter.py").write_text(source)
        (tmp_path / "site" / "tflite_runtime-2.14.0.dist-info").mkdir()
        (tmp_path / "site" / "tflite_runtime-2.14.0.dist-info" / "METADATA").write_text(
            "Metadata-Version: 2.1\nName: tflite-runtime\nVersion: 2.14.0\n"
        )
        python = tmp_path / "python"
        # It is called with -I, which hides PYTHONPATH.
        python.write_text(f'#!/bin/sh\nshift\nPYTHONPATH={tmp_path / "site"} exec {sys.executable} "$@"\n')
        python.chmod(python.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("ELSEWHERE", str(tmp_path / "elsewhere"))
        return python

    return made


def opinions(bundle, pythons=(), pictures=PICTURES):
    reports = {one.variant: ArtifactReport(one) for one in bundle.manifest.artifacts}
    vectors = [SimpleNamespace(run=lambda picture=each: SimpleNamespace(scaled=picture)) for each in pictures]
    find_second_opinions(bundle, reports, vectors, pythons, OUTPUT)
    return {name: (report.second_opinion, report.verdict) for name, report in reports.items()}


def test_another_environment_agrees(bundle, environment_with):
    found = opinions(bundle, [environment_with(RIGHT)])
    onnx, tflite = found["onnx-fp32"][0], found["tflite-fp32"][0]
    assert (onnx.verdict, onnx.inputs, onnx.engine[:5]) == ("agrees", 3, "onnx ")
    assert (tflite.verdict, tflite.inputs, tflite.engine) == ("agrees", 3, "tflite-runtime 2.14.0")
    assert max(onnx.max_abs, tflite.max_abs) < 1e-6
    assert "bytecode" in found["torchscript-fp32"][0].reason
    assert "coreml-spec" in found["coreml-fp32"][0].reason


def test_the_engines_differ_and_the_file_has_no_fault(bundle, environment_with, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(environment_with(WRONG)))
    opinion, verdict = opinions(bundle)["tflite-fp32"]
    assert (opinion.verdict, verdict) == ("differs", "not-run")
    assert opinion.max_abs > 0.1
    assert "the engines differ, the file is the same" in opinion.reason
    assert opinion.reason.startswith("tflite-runtime 2.14.0 and ai-edge-litert ")


@pytest.mark.parametrize(
    ("source", "said"),
    [(REFUSING, "Input tensor 5 lacks data"), (ABORTING, "process ended"), (WRITING, "Permission denied")],
    ids=["refuses", "aborts", "writes"],
)
def test_a_second_engine_that_does_not_take_the_file(bundle, environment_with, tmp_path, source, said):
    opinion, _ = opinions(bundle, [environment_with(source)])["tflite-fp32"]
    assert (opinion.verdict, opinion.max_abs) == ("refused", None)
    assert "tflite-runtime, not the file" in opinion.reason
    if source != WRITING or sys.platform == "linux":
        assert said in opinion.reason
        assert not (tmp_path / "elsewhere").exists()


def test_androids_library_is_asked_first_where_it_is_named(bundle, environment_with, android):
    android(ANDROIDS.format(python=sys.executable))
    opinion, _ = opinions(bundle, [environment_with(WRONG)])["tflite-fp32"]
    assert (opinion.verdict, opinion.inputs, opinion.engine) == ("agrees", 3, "android-tflite 2.16.1")
    assert opinion.max_abs < 1e-6


def test_androids_library_refuses_a_file_or_is_not_there(bundle, android, monkeypatch):
    android(STOPPING)
    opinion, verdict = opinions(bundle)["tflite-fp32"]
    assert (opinion.verdict, verdict) == ("refused", "not-run")
    assert opinion.reason == "android-tflite, not the file: failed: XNNPACK refuses this model"
    monkeypatch.setenv(ANDROID, "nowhere/answer")
    opinion, _ = opinions(bundle)["tflite-fp32"]
    assert opinion.verdict == "refused"
    assert "nowhere/answer" in opinion.reason


def test_without_a_second_engine_it_says_what_to_do(bundle, tmp_path):
    opinion, _ = opinions(bundle, [tmp_path / "no-python"])["tflite-fp32"]
    assert opinion.verdict == "not-run"
    assert "needs tflite-runtime or tensorflow; name an interpreter" in opinion.reason
    assert ANDROID in opinion.reason


def test_without_golden_vectors_nothing_is_run(bundle):
    assert "no sound golden vectors" in opinions(bundle, pictures=())["onnx-fp32"][0].reason


def test_the_command_shows_it_beside_the_verdicts(verify, foreign_bundle):
    code, found, _ = verify(foreign_bundle, "--arch", "somebodys_net:tiny", "--second-opinion", "--json")
    assert code == 0
    assert found["artifacts"][0]["verdict"] == "pass"
    assert found["artifacts"][0]["second_opinion"]["verdict"] == "not-run"
    code, _, texts = verify(foreign_bundle, "--second-python", "/usr/bin/python3")
    assert code == 2
    assert "goes with --second-opinion" in texts.err
