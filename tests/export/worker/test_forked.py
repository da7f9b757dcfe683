"""Children that are forked from the command, and the surroundings that let them be."""

import json
import os
import sys

import pytest

from fer_edge.export.worker.surroundings import is_even, start_over
from fer_edge.runtime.bundle import open_bundle
from support.processes import environment, python

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="children are forked on Linux only")

SPY = """
import json, os, sys

def note(event, arguments):
    begun = event == "subprocess.Popen" and "fer_edge.export.worker.child" in arguments[1]
    removed = event == "shutil.rmtree" and "staging" in str(arguments[0])
    if event in ("os.exec", "os.fork") or begun or removed:
        with open({log!r}, "a") as file:
            file.write(json.dumps([event, os.getpid()]) + chr(10))

sys.addaudithook(note)
"""
"""A ``sitecustomize``, which Python imports in every process before anything else."""
IN_A_PROGRAM = ("-P", "-c", "import sys; from fer_edge.export.cli import main; main()")
AS_A_COMMAND = ("-P", "-m", "fer_edge.export.cli")


def export(start, foreign, options, out, *words, **changes):
    """Export to TorchScript; the ended process, and how it started others and cleaned up behind them."""
    spy = out.with_name(f"{out.name}-spy")
    spy.mkdir()
    (spy / "sitecustomize.py").write_text(SPY.format(log=str(spy / "log")))
    surroundings = environment(**changes)
    surroundings["PYTHONPATH"] = os.pathsep.join([str(spy), surroundings["PYTHONPATH"]])
    given = ("--format", "torchscript", "--parity-inputs", "16", "--json")
    done = python(
        *start, "weights.pth", *options, *given, *words, "--out", out, cwd=foreign, env=surroundings
    )
    events = [json.loads(line) for line in (spy / "log").read_text().splitlines()]
    # What only the command may do, no child of it does: above all remove the folder in which both work.
    assert len({process for _, process in events}) == 1
    return done, [event for event, _ in events]


@pytest.fixture(scope="module")
def forked(foreign, foreign_options, tmp_path_factory):
    # What the user's shell says must reach no file; libraries print what Latin-1 has not.
    out = tmp_path_factory.mktemp("forked") / "bundle"
    shell = {"PYTHONHASHSEED": "7", "PYTHONIOENCODING": "latin-1", "TZ": "Asia/Tokyo", "OMP_NUM_THREADS": "2"}
    done, events = export(AS_A_COMMAND, foreign, foreign_options, out, **shell)
    assert done.returncode == 0, done.stderr
    return open_bundle(out), events


def test_a_command_starts_over_once_and_forks_its_child(forked):
    assert forked[1] == ["os.exec", "os.fork", "shutil.rmtree"]


def test_a_fresh_child_of_somebodys_program_makes_the_same_bundle(forked, foreign, foreign_options, tmp_path):
    done, events = export(IN_A_PROGRAM, foreign, foreign_options, tmp_path / "bundle")
    assert done.returncode == 0, done.stderr
    assert events == ["subprocess.Popen", "shutil.rmtree"]
    assert open_bundle(tmp_path / "bundle").sha256 == forked[0].sha256


def test_where_starting_over_changes_nothing_it_happens_once(foreign, foreign_options, tmp_path):
    # Something of the user's undoes a part of it in every process.
    spy = tmp_path / "spy"
    spy.mkdir()
    (spy / "sitecustomize.py").write_text("import os; os.environ['OMP_NUM_THREADS'] = '3'")
    surroundings = environment()
    surroundings["PYTHONPATH"] = os.pathsep.join([str(spy), surroundings["PYTHONPATH"]])
    done = python(*AS_A_COMMAND, "no.pth", cwd=foreign, env=surroundings, timeout=120)
    assert done.returncode == 1
    assert "no.pth" in done.stderr


def test_what_a_forked_child_loses_fresh_ones_go_on_with(foreign, foreign_options, tmp_path):
    # The child aborts in the first of two tasks; the second needs a child as well.
    words = ("--arch-arg", "fault=abort", "--accuracy", "synthetic", "--accuracy-samples", "8")
    done, events = export(AS_A_COMMAND, foreign, foreign_options, tmp_path / "bundle", *words)
    assert done.returncode == 1
    (row,) = json.loads(done.stdout)["variants"]
    assert row["status"] == "failed"
    assert "ended by signal SIGABRT" in row["reason"]
    assert events == ["os.exec", "os.fork", "subprocess.Popen", "shutil.rmtree"]


def test_no_process_but_a_command_starts_over(monkeypatch):
    monkeypatch.setattr(os, "execve", lambda *_: pytest.fail("replaced the process of a test"))
    start_over()
    assert not is_even()


def test_a_child_whose_turn_never_comes_ends(tmp_path):
    script = f"""
import os
from pathlib import Path
from fer_edge.export.worker import forked
from fer_edge.export.worker.job import Job
job = Job("torchscript", (), Path({str(tmp_path)!r}), Path({str(tmp_path)!r}))
child = forked._fork(job, {{"LC_ALL": "C.UTF-8"}})
os.close(child.gate)
assert os.waitstatus_to_exitcode(os.waitpid(child.pid, 0)[1]) == 0
"""
    done = python("-c", script)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "log.txt").read_text() == ""


def test_what_stands_before_the_first_child_imports_no_pytorch():
    """If it did, nothing would be forked: what has PyTorch may have run somebody's code."""
    names = "fer_edge.export.cli, fer_edge.export.run.export, fer_edge.export.run.report, fer_edge.export.worker.child"
    done = python("-c", f"import {names}, sys; print('torch' in sys.modules)", check=True)
    assert done.stdout == "False\n"
