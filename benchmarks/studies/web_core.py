"""The TypeScript core against Python: bytes of the camera path, times in Node and Chromium, variants that engines take.

Every golden vector (those of FER_EDGE_GOLDEN too) runs in Chromium, random frames run in Node, and their hashes are compared
with Python's. The goal is no differing byte. Then the time of a frame of 640x480 to 64x64 gray and 224x224 RGB, and each TFLite and ONNX
variant of a bundle in its engine: refused, or how far its answers are from the PyTorch original's in the golden vectors.

    cd web_demo && npm ci && npm run build --workspace core
    fer-export --format tflite,onnx --all-variants --out bundle
    python benchmarks/studies/web_core.py --bundle bundle
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from machine import ROOT
from runner import Asked, Document, option, study

from fer_edge.runtime.errors import FrameError
from fer_edge.runtime.golden import Vector

sys.path.insert(0, str(ROOT / "tests"))

CORE = ROOT / "web_demo/core"
VECTORS = ROOT / "tests/golden/camera"
AT_ONCE = 2000


def run(asked: Asked) -> Document:
    """Bytes, times, engines."""
    folders = [str(VECTORS), *filter(None, [os.environ.get("FER_EDGE_GOLDEN")])]
    told: Document = {"chromium": shutil.which("chromium"), "vectors": folders, "repeats": asked.repeats}
    if asked.bundle:
        told["bundle"] = str(Path(asked.bundle).resolve())
    browser = node("checks/browser.mjs", json.dumps(told))
    alone = node("checks/node.mjs", json.dumps({"repeats": asked.repeats}))
    return {
        "node": alone["version"],
        "chromium": browser["browser"],
        "vectors": {
            "cases": browser["vectors"],
            "differing": browser["faults"],
            "met": not browser["faults"],
        },
        "random": random_frames(asked.cases, asked.seed),
        "milliseconds": {"node": alone["milliseconds"], "chromium": browser["milliseconds"]},
        "engines": browser.get("engines", []),
    }


def random_frames(count: int, seed: int) -> Document:
    """How many random frames give other bytes than in Python."""
    from support.random_vectors import random_vectors

    differing: list[str] = []
    for start in range(0, count, AT_ONCE):
        cases = random_vectors(min(AT_ONCE, count - start), seed + start)
        text = "".join(json.dumps(case) + "\n" for case in cases)
        found = lines("../../tests/web_demo/run_vectors.mjs", text)
        differing += [case["name"] for case, one in zip(cases, found, strict=True) if differs(case, one)]
    return {"cases": count, "seed": seed, "differing": differing, "met": not differing}


def differs(case: Document, found: Document) -> bool:
    """Whether Python gives another hash of any stage, or does not refuse the same cases."""
    try:
        hashes = Vector.parse(json.dumps(case)).run().hashes()
    except FrameError:
        return "error" not in found
    wanted = {
        "upright": hashes.upright_sha256,
        "scaled": hashes.scaled_sha256,
        "tensor": hashes.tensor_sha256,
    }
    return found != wanted


def node(script: str, argument: str) -> Document:
    """What a script of the core prints."""
    done = subprocess.run(["node", script, argument], cwd=CORE, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{script}: {done.stderr[-2000:]}")
    document: Document = json.loads(done.stdout)
    return document


def lines(script: str, given: str) -> list[Any]:
    """The same for one that answers line by line."""
    done = subprocess.run(["node", script], cwd=CORE, input=given, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def show(document: Document) -> Iterator[str]:
    """Tables."""
    for name in ("vectors", "random"):
        part = document[name]
        yield f"{name}: {part['cases']} cases, {len(part['differing'])} with other bytes than in Python"
    yield f"\n{'640x480, ms a frame':34} {'Node':>8} {'Chromium':>9}"
    times = document["milliseconds"]
    for name, in_node in times["node"].items():
        yield f"{name:34} {in_node:8.2f} {times['chromium'][name]:9.2f}"
    yield f"\n{'engine':12} {'variant':24} {'max abs':>9} {'same first':>10} {'ms':>7}"
    for row in document["engines"]:
        head = f"{row['engine']:12} {row['variant']:24}"
        if row["refused"]:
            yield f"{head} refused: {row['refused'].partition(': ')[2]}"
        else:
            same = f"{row['sameFirst']} of {row['cases']}"
            yield f"{head} {row['maxAbs']:9.1e} {same:>10} {row['milliseconds']:7.1f}"


if __name__ == "__main__":
    study(
        run,
        option("--bundle", None, "with the variants to try"),
        option("--cases", 20_000, "random frames"),
        option("--seed", 2026),
        option("--repeats", 300, "calls for each time"),
        show=show,
    )
