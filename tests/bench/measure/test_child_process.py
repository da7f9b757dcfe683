"""The child with real engines: its answers, its ends, and what its parent makes of a death."""

import json
import os
import signal
import subprocess
import sys

import pytest

from fer_edge.bench.measure.process import MODULE, Process
from fer_edge.bench.selection import Filter, select
from fer_edge.runtime.errors import EngineError
from support.paths import DEMO_BUNDLE
from support.processes import environment, python

HEAVY = {"scipy", "torch", "onnxruntime", "click", "rich", "PIL", "cv2"}


@pytest.fixture
def subject(request):
    from contextlib import ExitStack

    def make(bundle=DEMO_BUNDLE, variant="tflite-fp32", engine=""):
        with ExitStack() as stack:
            return select([str(bundle)], Filter((variant,), (engine,) if engine else ()), stack).subjects[0]

    return make


def test_a_whole_life(subject):
    with Process(subject()) as child:
        child.ready()
        load, first = child.load()
        assert load > 0
        assert first > 0
        assert child.engine.startswith("ai-edge-litert")
        for stage in ("inference", "camera", "whole"):
            assert len(child.turn(stage, 5, None)) == 5
        peak, steady = child.memory()
        assert peak > steady > child.base_memory > 0


@pytest.mark.parametrize("variant", ["onnx-fp32", "torchscript-fp32"])
def test_other_engines(subject, builtin_bundle, variant):
    with Process(subject(builtin_bundle, variant)) as child:
        child.ready()
        child.load()
        assert all(sample > 0 for stage in ("inference", "whole") for sample in child.turn(stage, 2, None))


@pytest.mark.parametrize(
    ("variant", "engine"),
    [("tflite-fp32", "litert:builtin"), ("onnx-fp32", "onnxruntime:CPUExecutionProvider")],
)
def test_other_insides_of_an_engine(subject, builtin_bundle, variant, engine):
    with Process(subject(builtin_bundle, variant, engine)) as child:
        child.ready()
        child.load()
        assert child.turn("inference", 1, None)[0] > 0


def test_a_cpu_is_kept(subject):
    if not hasattr(os, "sched_getaffinity"):
        pytest.skip("the system does not let a process choose its CPU")
    cpu = max(os.sched_getaffinity(0))
    with Process(subject()) as child:
        child.ready()
        child.load()
        child.turn("inference", 1, cpu)
        assert os.sched_getaffinity(child._process.pid) == {cpu}


def test_a_fault_is_a_sentence_with_the_subjects_name(subject, tmp_path):
    one = subject()
    broken = tmp_path / one.path.name
    broken.write_bytes(one.path.read_bytes()[:2000])
    from dataclasses import replace

    with Process(replace(one, path=broken)) as child:
        child.ready()
        with pytest.raises(EngineError, match=r"^tflite-fp32: .*cannot open"):
            child.load()


def test_a_death_is_told_with_its_signal(subject):
    with Process(subject()) as child:
        child.ready()
        os.kill(child._process.pid, signal.SIGKILL)
        with pytest.raises(EngineError, match="tflite-fp32: its process ended by signal SIGKILL"):
            child.load()


def test_the_end_of_its_input_ends_it():
    """A parent that was killed leaves nobody behind."""
    child = subprocess.Popen(
        [sys.executable, "-m", MODULE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment(),
    )
    child.stdin.close()
    assert child.wait(60) == 0
    child.stdout.close()


def test_closing_leaves_no_process(subject):
    child = Process(subject())
    child.ready()
    pid = child._process.pid
    child.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_what_libraries_print_is_not_an_answer(subject):
    """LiteRT announces its delegate; the channel stays clean, and the child imports only what the engine needs."""
    one = subject()
    order = {
        "do": "import", "path": str(one.path), "format": "tflite", "engine": "", "threads": 1, "contract": one.contract,
    }  # fmt: skip
    script = (
        "import runpy, sys, atexit\n"
        f"atexit.register(lambda: print('MODULES', *sorted(set(sys.modules) & {HEAVY!r}), file=sys.stderr))\n"
        f"runpy.run_module({MODULE!r}, run_name='__main__')\n"
    )
    talk = "".join(
        json.dumps(line) + "\n" for line in (order, {"do": "load"}, {"do": "nonsense"}, {"do": "memory"})
    )
    done = python("-c", script, input=talk, check=True)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [sorted(answer) for answer in answers] == [
        ["base_memory"],
        ["engine", "first_ns", "load_ns"],
        ["error"],
        ["peak", "steady"],
    ]
    assert done.stderr.splitlines()[-1] == "MODULES"
