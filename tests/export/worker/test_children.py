"""Children that die or hang, and parents that are killed."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fer_edge.export.parity.tolerances import Tolerances
from fer_edge.export.pictures.arrays import put_array, wait_for
from fer_edge.export.worker.child import describe_error
from fer_edge.export.worker.job import MAKE, Job, TaskResult, make_jobs
from fer_edge.export.worker.pool import Pool, describe_end
from fer_edge.runtime.bundle import open_bundle
from fer_edge.runtime.errors import ExportError
from fer_edge.runtime.variants import Variant
from fer_edge.runtime.verification import Code, Parity
from support.processes import environment


def started(foreign, options, out):
    arguments = [
        "weights.pth",
        *options,
        "--format",
        "torchscript",
        "--parity-inputs",
        "16",
        "--out",
        str(out),
    ]
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "fer_edge.export.cli", *arguments],
        cwd=foreign,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def workers_of(folder):
    """Processes whose output goes to a log below the folder, forked ones and fresh ones alike."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/fd/1"):
        with contextlib.suppress(OSError):
            if entry.readlink().is_relative_to(folder):
                found.append(int(entry.parts[2]))
    return found


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_killed_at_any_moment_the_old_bundle_is_whole(foreign_bundle, foreign, foreign_options, tmp_path):
    out = tmp_path / "bundle"
    subprocess.run(["cp", "-r", str(foreign_bundle), str(out)], check=True)
    for seconds in (0.2, 0.9, 1.7, 2.6, 3.4, 4.3, 5.5):
        process = started(foreign, foreign_options, out)
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        process.wait()
        bundle = open_bundle(out)
        assert bundle.check_files() == []
        assert bundle.find_unlisted() == []
    deadline = time.monotonic() + 30
    while workers_of(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert workers_of(tmp_path) == []
    process = started(foreign, foreign_options, out)
    assert process.wait() == 0
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_killed_before_the_first_bundle_there_is_none(foreign, foreign_options, tmp_path):
    process = started(foreign, foreign_options, tmp_path / "bundle")
    while not workers_of(tmp_path) and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "bundle").exists()


def torchscript_job(work):
    (work / "common").mkdir(parents=True)
    paths = {Variant("torchscript", "fp32"): work / "model.pt"}
    (job,) = make_jobs((MAKE,), paths, work, Tolerances())
    job.write()
    return job


def test_a_child_that_hangs_is_stopped_and_its_row_says_so(tmp_path):
    # Nothing is ever put into the common folder, so the child waits for ever.
    job = torchscript_job(tmp_path / "work")
    with Pool([job], hang_seconds=8) as pool:
        pool.wait()
    assert "did nothing for 8 seconds" in job.result(0).error
    assert workers_of(tmp_path) == []


def test_a_child_that_is_killed_costs_the_task_in_flight(tmp_path):
    job = torchscript_job(tmp_path / "work")
    with Pool([job]) as pool:
        while job.running() is None:
            time.sleep(0.02)
        for process in workers_of(tmp_path):
            os.kill(process, signal.SIGKILL)
        pool.wait()
    assert "was killed (out of memory?)" in job.result(0).error


def test_jobs_survive_a_round_trip(tmp_path):
    job = torchscript_job(tmp_path / "work")
    assert Job.read(job.folder) == job
    assert job.pending() == [0]
    job.put_result(0, TaskResult(error="x", parity=Parity("not-run", "why", code=Code.NO_ENGINE)))
    assert job.result(0).parity.code is Code.NO_ENGINE
    assert job.pending() == []


def test_a_shared_file_appears_whole(tmp_path):
    import numpy as np

    def appear(_seconds):
        put_array(tmp_path / "a.npy", np.arange(3))

    assert np.load(wait_for(tmp_path / "a.npy", sleep=appear)).tolist() == [0, 1, 2]


def test_ends_in_words():
    assert describe_end(-signal.SIGABRT) == "ended by signal SIGABRT"
    assert describe_end(1) == "ended with code 1"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ExportError("no kernel for aten::foo"), "no kernel for aten::foo"),
        (ValueError("bad\n  value"), "ValueError: bad value"),
        (OSError("cannot open /home/me/models/tflite/x.bin"), "OSError: cannot open x.bin"),
        (ExportError("https://example.org/a/b stays"), "https://example.org/a/b stays"),
    ],
)
def test_reasons_are_one_line_without_paths(error, said, tmp_path):
    assert describe_error(error, tmp_path / "work" / "tflite") == said
