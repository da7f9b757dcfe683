"""The Swift core against Python, byte for byte, and its camera path beside the JVM's.

Every golden vector (those of FER_EDGE_GOLDEN too) and random frames go through ``ios_demo/Checks``; the goal is no differing byte. Then the
benchmark: a 640x480 frame of the format 420f, turned by 90 degrees, to a tensor of 64x64 gray and 224x224 RGB, in processor time of one thread (other
work on the machine does not count) and blocks of memory that 1000 frames take. The JVM's times are those of ``android_core_jmh.json``, wall time.

    make swift
    python benchmarks/studies/swift_core.py
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from machine import RESULTS, ROOT
from runner import Asked, Document, option, study

sys.path.insert(0, str(ROOT / "tests"))

SWIFT = ROOT / "ios_demo/swift.sh"
VECTORS = ROOT / "tests/golden/camera"
AT_ONCE = 2000


def run(asked: Asked) -> Document:
    """Bytes and times."""
    version = swift("--version").splitlines()[0]
    records = [json.loads(line) for line in swift("run", *built("fer-edge-benchmark")).splitlines()]
    return {
        "swift": version,
        "vectors": golden_vectors(),
        "random": random_frames(asked.cases, asked.seed),
        "records": [beside_jvm(record) for record in records],
        "allocations": {"met": not any(record["allocations_in_1000_frames"] for record in records)},
    }


def built(program: str) -> list[str]:
    """What ``make swift`` has built."""
    return ["--package-path", "ios_demo", "-c", "release", "--skip-build", program]


def swift(*words: str, given: str | None = None) -> str:
    """What swift prints."""
    stand_ins = {"FER_EDGE_STAND_INS": "1"} if sys.platform == "linux" else {}
    done = subprocess.run(
        [SWIFT, *words],
        cwd=ROOT,
        env={**os.environ, **stand_ins},
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"swift {' '.join(words)}: {(done.stdout + done.stderr)[-2000:]}")
    return done.stdout


def hashes(cases: Iterable[bytes]) -> list[Any]:
    """What the Swift core makes of golden vectors: a hash a stage, or ``error``."""
    lines = [json.dumps({"kind": "run", "data": base64.b64encode(case).decode()}) + "\n" for case in cases]
    return [
        json.loads(line)
        for line in swift("run", *built("fer-edge-checks"), given="".join(lines)).splitlines()
    ]


def golden_vectors() -> Document:
    """How many golden vectors give other bytes than they say."""
    folders = [VECTORS, *map(Path, filter(None, [os.environ.get("FER_EDGE_GOLDEN")]))]
    files = [file for folder in folders for file in sorted(folder.glob("*.json"))]
    found = hashes(file.read_bytes() for file in files)
    differing = [file.stem for file, one in zip(files, found, strict=True) if one != expected(file)]
    return {"cases": len(files), "differing": differing, "met": not differing}


def expected(file: Path) -> Any:
    """What a vector says of itself."""
    wanted = json.loads(file.read_text(encoding="utf-8"))["expect"]
    stages = ("upright", "scaled", "tensor")
    return "error" if "error" in wanted else {stage: wanted[f"{stage}_sha256"] for stage in stages}


def random_frames(count: int, seed: int) -> Document:
    """How many random frames give other bytes than in Python."""
    from support.python_answers import hashes_of
    from support.random_vectors import random_vectors

    differing: list[str] = []
    for start in range(0, count, AT_ONCE):
        cases = random_vectors(min(AT_ONCE, count - start), seed + start)
        found = hashes(json.dumps(case).encode() for case in cases)
        differing += [case["name"] for case, one in zip(cases, found, strict=True) if one != hashes_of(case)]
    return {"cases": count, "seed": seed, "differing": differing, "met": not differing}


def beside_jvm(record: Document) -> Document:
    """A record with the JVM's time for the same frame."""
    stored = json.loads((RESULTS / "android_core_jmh.json").read_text(encoding="utf-8"))["records"]
    same = ("target", "part")
    jvm = next(row for row in stored if all(row[name] == record[name] for name in same))
    return {**record, "jvm_milliseconds": jvm["milliseconds"]}


def show(document: Document) -> Iterator[str]:
    """Tables."""
    for name in ("vectors", "random"):
        part = document[name]
        yield f"{name}: {part['cases']} cases, {len(part['differing'])} with other bytes than in Python"
    yield f"\n{'640x480 to':12} {'part':6} {'Swift, ms':>10} {'JVM, ms':>8} {'blocks in 1000 frames':>22}"
    for row in document["records"]:
        blocks = row["allocations_in_1000_frames"]
        yield (
            f"{row['target']:12} {row['part']:6} {row['milliseconds']:10.3f} {row['jvm_milliseconds']:8.3f} {blocks:22}"
        )


if __name__ == "__main__":
    study(run, option("--cases", 20_000, "random frames"), option("--seed", 2026), show=show)
