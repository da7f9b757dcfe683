"""Runs that something breaks in the middle: a child that is killed, a file that is exchanged."""

import os
import shutil
import signal
import threading
import time
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from fer_edge.bench.measure import plans
from fer_edge.bench.selection import Filter, select
from fer_edge.bench.targets import MeasurementRequest
from fer_edge.bench.targets.host import measure
from fer_edge.runtime.errors import EngineError
from support.paths import DEMO_BUNDLE

SHORT = replace(
    plans.QUICK, seconds=0.5, generations=2, fewest_rounds=8, turn_seconds=0.002, stages=("inference",)
)
CHILD = b"fer_edge.bench.measure.child"


def subjects(source, *variants):
    with ExitStack() as stack:
        return tuple(select([str(source)], Filter(variants), stack).subjects)


def measuring_children(parent):
    """Not any child: the test's own process may have others, such as multiprocessing's resource tracker."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            pid, rest = stat.read_text().split(" ", 1)
            words = (stat.parent / "cmdline").read_bytes().split(b"\0")
            if int(rest.rpartition(")")[2].split()[1]) == parent and CHILD in words:
                yield int(pid)


def kill_next_child():
    """As the system's memory killer does it: the first measuring child that appears, whatever it is doing."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        for pid in measuring_children(os.getpid()):
            os.kill(pid, signal.SIGKILL)
            return


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds the children under /proc")
def test_a_child_that_is_killed_leaves_its_figures_marked():
    killers = []

    def tell(line):
        if line.startswith("generation 2"):
            killers.append(threading.Thread(target=kill_next_child))
            killers[-1].start()

    result = measure(
        replace(SHORT, twin=False), MeasurementRequest(subjects(DEMO_BUNDLE, "tflite-int8"), tell=tell)
    )
    killers[0].join()
    (record,) = result.stage("inference")
    assert {block.generation for block in record.blocks} == {0}
    assert not record.trusted
    assert record.reasons[0].startswith("incomplete: tflite-int8: its process ended by signal SIGKILL")
    assert "SIGKILL" in result.extra["failed"]["tflite-int8"]


def test_times_of_an_exchanged_file_are_dropped(tmp_path):
    bundle = Path(shutil.copytree(DEMO_BUNDLE, tmp_path / "bundle"))

    def tell(line):
        if line.startswith("generation 2"):
            (bundle / "fer-mini-int8.tflite").write_bytes((DEMO_BUNDLE / "fer-mini-fp32.tflite").read_bytes())

    both = subjects(bundle, "tflite-fp32", "tflite-int8")
    result = measure(SHORT, MeasurementRequest(both, tell=tell))
    assert {record.variant for record in result.records} == {"tflite-fp32"}
    assert [facts.variant for facts in result.artifacts] == ["tflite-fp32"]
    assert "fer-mini-int8.tflite changed while it was measured" in result.extra["failed"]["tflite-int8"]


def test_an_engine_that_cannot_open_anything_is_asked_once(tmp_path):
    told = []
    (subject,) = subjects(DEMO_BUNDLE, "tflite-int8")
    broken = replace(subject, sha256=None, path=tmp_path / "absent.tflite")
    with pytest.raises(EngineError) as failure:
        measure(SHORT, MeasurementRequest((broken,), tell=told.append))
    assert "A/A" not in str(failure.value)
    assert len(told) == 1


def test_a_file_that_went_away_leaves_nothing(tmp_path):
    file = Path(shutil.copy(DEMO_BUNDLE / "fer-mini-int8.tflite", tmp_path))
    with pytest.raises(EngineError, match="changed while it was measured"):
        measure(
            SHORT, MeasurementRequest(subjects(file), tell=lambda line: line[11:12] == "2" and file.unlink())
        )
