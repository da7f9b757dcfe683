"""Pictures on a Ray cluster of two workers: the rows of a local run, whatever becomes of a worker."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from support.processes import environment, python

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
ray = pytest.importorskip("ray", reason="the extra [ray] is not installed")

SCENARIO = """
import json, sys
from test_ray import play
json.dump(play(sys.argv[1], sys.argv[2], sys.argv[3]), sys.stdout)
"""
"""In a process of its own: Ray's threads, warnings and signals stay out of the suite."""


def slowly(path):
    """Bytes of a picture that takes its time; fetched as an address is."""
    return partial(subprocess.check_output, ["sh", "-c", f"sleep 0.1; cat {path}"])


def play(artifact, folder, out):
    """All that is tried on one cluster; what it gave."""
    import psutil

    from fer_edge.predict.batch.local import LocalBatch
    from fer_edge.predict.batch.ray import RayBatch
    from fer_edge.predict.batch.worker import Task, WorkerPlan
    from fer_edge.predict.sources.picture import SourcePicture

    given = {
        "model_path": artifact, "faces_path": None, "detector": "none", "detector_model": None, "min_face": None, "overlap": None,
        "variant": None, "engine": None, "threads": 1, "allow_foreign_code": False,
    }  # fmt: skip
    plan = WorkerPlan(given, True, [])
    paths = sorted(Path(folder).iterdir())
    slow = [Task(SourcePicture(path.name, str(path), fetch=slowly(path))) for path in paths]
    # Ends whatever process looks at it.
    deadly = Task(
        SourcePicture(
            "deadly", "deadly", fetch=partial(subprocess.check_output, ["sh", "-c", "kill -9 $PPID"])
        )
    )
    with LocalBatch(2) as local:
        local.begin(plan)
        wanted = list(local.results(slow))
    found = {}
    with RayBatch(2, None) as batch:
        batch.begin(plan)
        results, killed = [], []
        for result in batch.results([*slow, wanted[0]]):
            results.append(result)
            actors = [
                process
                for process in psutil.process_iter(["name"])
                if "ray::MapWorker" in process.info["name"]
            ]
            actors = [process for process in actors if batch.folder in " ".join(process.parent().cmdline())]
            if len(results) == 1 and actors:
                killed.append(actors[0].pid)
                actors[0].send_signal(signal.SIGKILL)
        found["killed"] = len(killed)
        found["same"] = results == [*wanted, wanted[0]]
        mixed = list(batch.results([*slow[:3], deadly, *slow[3:6]]))
        found["others"] = [*mixed[:3], *mixed[4:]] == wanted[:6]
        found["deadly"] = mixed[3].failure.code
        batch.begin(WorkerPlan(given | {"model_path": "/none"}, True, []))
        try:
            list(batch.results(slow[:3]))
        except Exception as error:  # noqa: BLE001
            found["no model"] = f"{type(error).__name__}: {error}"
        address = ray.get_runtime_context().gcs_address
        words = [
            folder,
            "--detector",
            "none",
            "--model",
            artifact,
            "--runner",
            "ray",
            "--ray-address",
            address,
            "--jobs",
            "2",
        ]
        outputs = [
            "--json",
            "--probabilities",
            "--db",
            f"{out}/r.db",
            "--parquet",
            f"{out}/r",
            "--csv",
            f"{out}/r.csv",
        ]
        done = python("-m", "fer_edge.predict.cli", *words, *outputs, "--annotate", f"{out}/seen")
        found["cli"] = [done.returncode, done.stdout, done.stderr]
        found["folder"] = batch.folder
    running = psutil.process_iter(["cmdline"])
    found["left"] = [
        process.pid for process in running if batch.folder in " ".join(process.info["cmdline"] or ())
    ]
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Pictures of noise, a broken one among them."""
    root = tmp_path_factory.mktemp("many") / "pictures"
    root.mkdir()
    random = np.random.default_rng(5)
    for number in range(24):
        pixels = random.integers(0, 256, (48, 64, 3), dtype=np.uint8) // (1 + number % 4)
        Image.fromarray(pixels).save(root / f"{number:02}.png")
    (root / "07.png").write_bytes((root / "07.png").read_bytes()[:-90])
    return root


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    return tmp_path_factory.mktemp("out")


@pytest.fixture(scope="module")
def found(artifact, folder, out):
    paths = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-B", "-c", SCENARIO, artifact, folder, out],
        capture_output=True, text=True, env=environment() | {"PYTHONPATH": paths}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_worker_that_is_killed_costs_nothing(found):
    assert found["killed"] == 1
    assert found["same"]


def test_a_picture_that_kills_its_worker_is_reported_and_costs_no_other(found):
    assert found["deadly"] == "crashed"
    assert found["others"]


def test_a_model_that_is_not_there_is_one_sentence(found):
    assert found["no model"].startswith("FerEdgeError: a worker on ")
    assert "/none does not exist" in found["no model"]


def test_the_command_gives_the_rows_of_a_local_run(found, artifact, folder, out):
    code, stdout, stderr = found["cli"]
    words = [folder, "--detector", "none", "--model", artifact, "--json", "--probabilities"]
    local = python(
        "-m",
        "fer_edge.predict.cli",
        *words,
        "--csv",
        out / "l.csv",
        "--annotate",
        out / "seen-l",
        "--jobs",
        "1",
    )
    assert (code, stdout) == (1, local.stdout)
    assert (
        stderr.splitlines()[-1]
        == local.stderr.splitlines()[-1]
        == "Error: 1 of 24 pictures could not be answered"
    )
    assert (out / "r.csv").read_bytes() == (out / "l.csv").read_bytes()
    exported = python("-m", "fer_edge.predict.cli", "db", "export", out / "r.db")
    assert exported.stdout == local.stdout
    for path in (out / "seen-l").iterdir():
        assert (out / "seen" / path.name).read_bytes() == path.read_bytes()
    from pyarrow import parquet

    rows = parquet.read_table(out / "r").to_pylist()
    images = json.loads(local.stdout)["images"]
    assert [row["file_name"] for row in rows] == [image["file_name"] for image in images]
    for row, image in zip(rows, images, strict=True):
        for face, entry in zip(row["faces"], image["faces"], strict=True):
            assert {
                label: float(str(np.float32(value))) for label, value in face["probabilities"].items()
            } == entry["probabilities"]


def test_nothing_is_left_behind(found):
    assert found["left"] == []
    assert not Path(found["folder"]).exists()


def test_no_cluster_at_an_address(artifact, folder):
    words = [folder, "--model", artifact, "--runner", "ray", "--ray-address", "127.0.0.1:9"]
    done = python("-m", "fer_edge.predict.cli", *words)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: no Ray cluster at 127.0.0.1:9: ")
    assert done.stderr.count("\n") == 1


def test_stopped_whole(artifact, folder, tmp_path):
    """SIGTERM ends the command, its cluster and the cluster's folder; what was done is there."""
    words = [
        *[folder] * 400,
        "--detector",
        "none",
        "--model",
        artifact,
        "--runner",
        "ray",
        "--jobs",
        "2",
        "--quiet",
    ]
    temporary = Path(tempfile.mkdtemp(prefix="f", dir="/tmp"))  # the paths of sockets are short
    process = subprocess.Popen(
        [sys.executable, "-m", "fer_edge.predict.cli", *words, "--parquet", tmp_path / "rows"],
        env=environment() | {"TMPDIR": str(temporary)}, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    until = time.monotonic() + 300
    while time.monotonic() < until and process.poll() is None and not list(tmp_path.glob("rows/part-*")):
        time.sleep(0.1)
    process.terminate()
    _, said = process.communicate()
    assert (process.returncode, said.strip()) == (143, "Stopped by SIGTERM.")
    assert list(temporary.iterdir()) == []
    shutil.rmtree(temporary)
    from pyarrow import parquet

    count = parquet.read_table(tmp_path / "rows").num_rows
    assert 1000 <= count < 400 * 23
