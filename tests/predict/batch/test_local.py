"""Many pictures in worker processes: the same rows, whatever becomes of a worker."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fer_edge.predict.batch.local import PICTURES_FOR_A_WORKER, LocalBatch, choose_jobs
from fer_edge.predict.batch.worker import Task, WorkerPlan
from fer_edge.predict.failures import CODES
from fer_edge.predict.sources.picture import SourcePicture
from support.processes import environment, python

OPTIONS = {
    "faces_path": None, "detector": "none", "detector_model": None, "min_face": None, "overlap": None, "variant": None,
    "engine": None, "threads": 1, "allow_foreign_code": False,
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Pictures of noise with a broken one among them, and one that a program would choke on."""
    root = tmp_path_factory.mktemp("many")
    random = np.random.default_rng(5)
    for number in range(20):
        pixels = random.integers(0, 256, (48, 64, 3), dtype=np.uint8) // (1 + number % 4)
        Image.fromarray(pixels).save(root / f"{number:02}.png")
    (root / "07.png").write_bytes((root / "07.png").read_bytes()[:-90])
    return root


@pytest.fixture(scope="module")
def command(artifact, folder):
    def words(*more):
        return ["-m", "fer_edge.predict.cli", folder, "--detector", "none", "--model", artifact, *more]

    return words


def test_the_rows_are_those_of_one_process(command, tmp_path):
    documents, rows, seen = [], [], []
    for jobs in ("1", "3"):
        out = tmp_path / jobs
        done = python(
            *command("--jobs", jobs, "--json", "--probabilities", "--csv", f"{out}.csv", "--annotate", out)
        )
        assert (done.returncode, "20 pictures could not be answered" in done.stderr) == (1, True)
        assert ("3 processes" in done.stderr) == (jobs == "3")
        documents.append(done.stdout)
        rows.append(Path(f"{out}.csv").read_bytes())
        seen.append({path.name: path.read_bytes() for path in out.iterdir()})
    assert documents[0] == documents[1]
    assert rows[0] == rows[1]
    assert seen[0] == seen[1]
    assert len(seen[0]) == 19


def begin(batch, artifact, **options):
    batch.begin(WorkerPlan(OPTIONS | {"model_path": str(artifact)} | options, False, []))
    return batch


class Deadly:
    """Ends the process that fetches it; pickled by name, so that the worker finds it without the tests."""

    def __init__(self, code):
        self.code = code

    def __reduce__(self):
        return eval, (f"lambda: exec({self.code!r})",)

    def __call__(self):
        raise AssertionError("fetched in the wrong process")


DIE = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"


def test_a_picture_that_kills_its_worker_is_reported_and_costs_no_other(artifact, folder):
    files = [
        SourcePicture(path.name, str(folder), path)
        for path in sorted(folder.iterdir())
        if path.name != "07.png"
    ]
    deadly = SourcePicture("deadly", "deadly", fetch=Deadly(DIE))
    pictures = [*files[:5], deadly, *files[5:]]
    with LocalBatch(2) as batch:
        found = list(begin(batch, artifact).results(map(Task, pictures)))
    assert [result.picture.file_name for result in found] == [picture.file_name for picture in pictures]
    failed = [result for result in found if result.failure]
    assert [(result.picture.file_name, result.failure.code) for result in failed] == [("deadly", "crashed")]
    assert "twice (SIGKILL)" in failed[0].failure.message
    assert failed[0].failure.code in CODES


def test_a_picture_whose_worker_is_killed_by_others_is_looked_at_again(artifact, folder, tmp_path):
    marker = tmp_path / "killed"
    once = f"import os, pathlib; p = pathlib.Path({str(marker)!r})\nif not p.exists():\n    p.touch(); {DIE}"
    pictures = [SourcePicture("once", "once", fetch=Deadly(once)), SourcePicture("0", "0", folder / "00.png")]
    with LocalBatch(2) as batch:
        once, whole = begin(batch, artifact).results(map(Task, pictures))
    assert marker.exists()
    assert once.failure.code == "empty"  # what it fetches is nothing
    assert whole.failure is None


def test_a_model_that_is_not_there_ends_the_batch(tmp_path):
    from fer_edge.runtime.errors import FerEdgeError

    with LocalBatch(2) as batch, pytest.raises(FerEdgeError, match="none"):
        list(begin(batch, tmp_path / "none").results([Task(SourcePicture("a", "a", data=b""))]))


@pytest.mark.parametrize(("sign", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopped_whole(command, tmp_path, sign, code):
    """What was written before stays whole, and no process is left."""
    lines = tmp_path / "lines.jsonl"
    words = [sys.executable, *map(str, command("--jobs", "2", "--jsonl", lines))]
    process = subprocess.Popen(
        words, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    until = time.monotonic() + 60
    while time.monotonic() < until and not (lines.exists() and lines.stat().st_size):
        time.sleep(0.01)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    process.send_signal(sign)
    process.communicate(timeout=60)
    assert process.returncode in {code, 1}  # 1: it was quicker
    for line in lines.read_text().splitlines():
        assert json.loads(line)["faces"]
    assert not any(Path(f"/proc/{child}").exists() for child in children)


def test_how_many_processes():
    assert choose_jobs(3, 1, 1) == 3
    assert choose_jobs(None, 1, 1) == 1
    assert choose_jobs(None, 2 * PICTURES_FOR_A_WORKER - 1, 1) == 1
    assert choose_jobs(None, 10_000, 10_000) == 1


def test_resume_looks_only_at_what_is_new(command, folder, tmp_path):
    place = ("--db", tmp_path / "results.db", "--probabilities", "--quiet")
    first = python(*command("--jobs", "1", "--json", *place))
    for jobs in ("1", "2"):
        again = python(
            *command("--jobs", jobs, "--resume", "--json", "--annotate", tmp_path / jobs, *place[:3])
        )
        assert again.stdout == first.stdout
        assert "19 of 20 had been answered before" in again.stderr
        assert len(list((tmp_path / jobs).iterdir())) == 19
    needed = python(*command("--resume"))
    assert (needed.returncode, "give one of them too" in needed.stderr) == (2, True)
