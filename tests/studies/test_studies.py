"""The studies of benchmarks/: each starts, the cheap ones run to their end, and the runner keeps its promises."""

import ast
import json
import runpy

import pytest

from support.paths import ROOT
from support.processes import environment, python

STUDIES = ROOT / "benchmarks" / "studies"
NAMES = runpy.run_path(str(STUDIES / "__main__.py"), run_name="list")["STUDIES"]
# Other people's libraries once, each study in a fork: as new as a process of its own, in a tenth of the time.
FORKS = """
import os, runpy, sys
import lightning.pytorch, torchmetrics.functional.classification, torchvision.transforms.v2, scipy.stats
for script in sys.argv[1:]:
    child = os.fork()
    if not child:
        sys.path.insert(0, os.path.dirname(script))
        sys.argv = [script, "--help"]
        try:
            runpy.run_path(script, run_name="__main__")
        except SystemExit as end:
            print("ended with", end.code, flush=True)
        os._exit(0)
    os.waitpid(child, 0)
"""
# Those that take seconds. Others train, export, stress the machine or need an environment of their own.
SMALL = {
    "camera_path": ("--rounds", 1),
    "import_time": ("--rounds", 1),
    "haar_detection": ("--count", 8),
    "augmentation_calls": ("--batches", 1),
    "harness_cost": ("--rounds", 2),
}
FAKE = '''
"""A study of nothing."""

from runner import option, study


def run(asked):
    if asked.fail:
        raise SystemExit("stopped")
    return {"rows": [{"value": asked.value, "met": asked.value < 3}]}


if __name__ == "__main__":
    study(run, option("--value", 1), option("--fail", False), result="nothing-{value}")
'''


def test_the_list_is_what_the_folder_holds():
    scripts = {
        path.stem
        for path in STUDIES.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "study"
    }
    assert set(NAMES) == scripts


def test_the_folder_lists_its_studies_and_runs_one():
    listed = python(STUDIES, check=True).stdout
    assert [line.split()[0] for line in listed.splitlines()] == list(NAMES)
    assert python(STUDIES, "export_cpu", "--help", check=True).stdout.startswith("usage: export_cpu.py")
    unknown = python(STUDIES, "nonsense")
    assert (unknown.returncode, unknown.stderr) == (1, "no study is called 'nonsense'\n")


@pytest.mark.slow
def test_every_study_tells_its_options():
    done = python("-W", "ignore", "-c", FORKS, *(STUDIES / f"{name}.py" for name in NAMES))
    assert (done.stdout.count("ended with 0"), done.stderr) == (len(NAMES), "")
    assert done.stdout.count("--out OUT") >= len(NAMES)


@pytest.mark.parametrize("name", SMALL)
def test_a_small_one_runs_to_its_end_and_stores_what_it_always_stored(name, tmp_path):
    out = tmp_path / "result.json"
    done = python(STUDIES / f"{name}.py", *SMALL[name], "--out", out, cwd=tmp_path)
    assert done.returncode in (0, 3), done.stderr  # 3: on a busy machine
    assert done.stdout
    found = json.loads(out.read_text(encoding="utf-8"))
    results = ROOT / "benchmarks" / "results"
    stored = next(
        path for path in (results / f"{name}.json", results / f"bench_{name}.json") if path.exists()
    )
    assert json.loads(stored.read_text(encoding="utf-8")).keys() <= found.keys()
    assert found["machine"].keys() >= {"cpu", "cpus", "system", "python"}
    assert [path.name for path in tmp_path.iterdir()] == ["result.json"]


@pytest.fixture
def fake(tmp_path):
    (tmp_path / "fake.py").write_text(FAKE)
    env = environment()
    env["PYTHONPATH"] += f":{STUDIES}"

    def run(*words):
        return python(tmp_path / "fake.py", *words, "--out", tmp_path / "result.json", env=env)

    return run


def test_a_missed_goal_is_stored_and_is_exit_code_3(fake, tmp_path):
    assert [fake("--value", value).returncode for value in (2, 3)] == [0, 3]
    assert json.loads((tmp_path / "result.json").read_text())["rows"] == [{"value": 3, "met": False}]


def test_a_study_that_stops_or_runs_dry_leaves_the_old_result(fake, tmp_path):
    (tmp_path / "result.json").write_text("old")
    assert fake("--fail").returncode == 1
    assert fake("--dry").returncode == 0
    assert (tmp_path / "result.json").read_text() == "old"
