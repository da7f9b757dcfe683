"""The server against its own OpenAPI document, by a tool that nobody here made.

    python benchmarks/studies/server_schemathesis.py --model android_demo/bundle --schemathesis DIR/bin/schemathesis

Schemathesis (https://schemathesis.readthedocs.io; in an environment of its own: ``python -m venv DIR && DIR/bin/pip install
schemathesis``) reads ``/openapi.json`` and sends requests that obey it and requests that break it, with every check that it
has but two: that bytes which are no picture are accepted, since JSON Schema cannot say what a picture is; and that ``0`` and
``on`` are refused for false and true, which browsers and shells send. Cases are counted by the server's own metrics. The
server answers pictures as always, with a database of three photographs.
Goals: 10,000 cases, no answer of 500 or above.
"""

# mypy: allow-untyped-calls

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from machine import DEMO_BUNDLE, python
from runner import Asked, Document, option, study
from server_load import served

GOAL_CASES = 10_000
NOT_OURS = "positive_data_acceptance,negative_data_rejection"
_SAMPLE = re.compile(r"^fer_edge_http_requests_total\{(.*)\} ([0-9.e+]+)$", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="([^"]*)"')


def run(asked: Asked) -> Document:
    """One run of the tool after another with other seeds, until the cases are enough."""
    tool = shutil.which(asked.schemathesis)
    if tool is None:
        raise SystemExit(
            f"there is no {asked.schemathesis}: pip install schemathesis in an environment of its own"
        )
    version = subprocess.run([tool, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    with tempfile.TemporaryDirectory() as name:
        database = _fill_database(Path(name), asked.model)
        with served(asked.model, "--db", str(database), "--queue", "64") as running:
            said = []
            cases = Counter[str]()
            for seed in range(1, asked.rounds + 1):
                said.append(_attack(tool, running.url, seed, asked))
                cases = _count(running.url)
                print(f"seed {seed}: {cases.total()} cases, exit code {said[-1]['exit_code']}", flush=True)
                if cases.total() >= asked.cases:
                    break
    return _document(version, cases, said, asked)


def _document(version: str, cases: Counter[str], said: list[dict[str, object]], asked: Asked) -> Document:
    statuses = Counter[str]()
    for key, count in cases.items():
        statuses[key.rsplit(" ", 1)[1]] += count
    bad = sum(count for status, count in statuses.items() if int(status) >= 500)
    return {
        "tool": version,
        "cases": cases.total(),
        "by_status": dict(sorted(statuses.items())),
        "by_route": dict(sorted(cases.items())),
        "answers_of_500_or_above": bad,
        "runs": said,
        "goals": {
            "cases": {"goal": asked.cases, "met": cases.total() >= asked.cases},
            "answers_of_500_or_above": {"goal": 0, "met": bad == 0},
            "checks": {"met": all(each["exit_code"] == 0 for each in said)},
        },
    }


def _attack(tool: str, url: str, seed: int, asked: Asked) -> dict[str, object]:
    words = [
        tool, "run", f"{url}/openapi.json", "--checks", "all", "--exclude-checks", NOT_OURS, "--seed", str(seed), "--max-examples", str(asked.examples),
        "--workers", "2", "--request-timeout", "30", "--continue-on-failure", "--no-color",
    ]  # fmt: skip
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=tempfile.gettempdir())
    failures = [line.strip() for line in done.stdout.splitlines() if line.strip().startswith("- ")]
    if done.returncode:
        print(done.stdout[-6000:], done.stderr[-2000:])
    return {"seed": seed, "exit_code": done.returncode, "failures": dict(Counter(failures))}


def _fill_database(folder: Path, model: Path) -> Path:
    from PIL import Image
    from skimage import data

    pictures = folder / "pictures"
    pictures.mkdir()
    for name, make in (("astronaut", data.astronaut), ("chelsea", data.chelsea), ("coffee", data.coffee)):
        Image.fromarray(make()).save(pictures / f"{name}.png")
    database = folder / "results.db"
    words = (
        "-m",
        "fer_edge.predict.cli",
        pictures,
        "--model",
        model.resolve(),
        "--db",
        database,
        "--quiet",
        "--json",
    )
    python(*words)
    return database


def _count(url: str) -> Counter[str]:
    """Answers by method, route and status; the tool's own look at the document is none of them."""
    with urllib.request.urlopen(f"{url}/metrics") as answer:  # noqa: S310 - our own server
        text = answer.read().decode()
    found = Counter[str]()
    for labels, value in _SAMPLE.findall(text):
        told = dict(_LABEL.findall(labels))
        found[f"{told['method']} {told['route']} {told['status']}"] += round(float(value))
    found.pop("GET /openapi.json 200", None)
    return found


def show(found: Document) -> Iterator[str]:
    """Lines for people."""
    yield f"{found['tool']}: {found['cases']} cases, {found['answers_of_500_or_above']} answers of 500 or above"
    for key, count in found["by_route"].items():
        yield f"{count:8} {key}"


if __name__ == "__main__":
    study(
        run,
        option("--model", DEMO_BUNDLE, "the bundle"),
        option("--schemathesis", "schemathesis", "the program"),
        option("--cases", GOAL_CASES, "how many are wanted"),
        option("--examples", 400, "of each operation in a round"),
        option("--rounds", 30, "at most"),
        show=show,
    )
