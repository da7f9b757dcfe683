"""Memory of a large data set on its way through the cache of prepared faces.

    python benchmarks/studies/crop_cache_memory.py --faces 12000 --work /tmp/crops --out benchmarks/results/crop_cache_memory.json

Pictures of 224x224 are made in AffectNet's newer layout, then prepared as ``fer-train affectnet --size 224`` does it, once
with 2,000 and once with all of them: the difference is what each face costs in memory. Anonymous memory is sampled every
20 ms; pages of the mapped file are the system's, which takes them back when it needs them. Training batches are then read at
random for some seconds.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from machine import python
from PIL import Image
from runner import Asked, Document, option, study

FEW, READING, WHOLE = 2000, 20.0, 287_651
"""Faces of the small set, seconds of reading, and faces of AffectNet's training list."""


def run(asked: Asked) -> Document:
    """Measure both sets; what a face costs is the difference."""
    if asked.prepare:
        print(json.dumps(prepare(asked.prepare, asked.work / "cache")))
        sys.exit()
    asked.work.mkdir(parents=True, exist_ok=True)
    few, many = measure(asked.work, FEW), measure(asked.work, asked.faces)
    more = many["peak_preparing_bytes"] - few["peak_preparing_bytes"]
    each = more / (many["faces"] - few["faces"])
    return {
        "sets": [few, many],
        "bytes_a_face": round(each),
        "crop_bytes_a_face": many["crops_bytes"] // many["faces"],
        "peak_of_affectnet_bytes_extrapolated": round(
            few["peak_preparing_bytes"] + each * (WHOLE - few["faces"])
        ),
    }


def make(folder: Path, faces: int) -> None:
    """``train_set`` and ``val_set`` with smooth random pictures, no two alike."""
    random = np.random.default_rng(0)
    for split, count in (("train_set", faces), ("val_set", faces // 50)):
        for part in ("images", "annotations"):
            (folder / split / part).mkdir(parents=True)
        for at in range(count):
            small = Image.fromarray(random.integers(0, 256, (7, 7, 3), np.uint8))
            small.resize((224, 224)).save(folder / split / "images" / f"{at}.jpg", quality=85)
            np.save(folder / split / "annotations" / f"{at}_exp.npy", np.array(str(at % 8)))


def anonymous() -> int:
    """Bytes of this process that no file backs."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) * 1024


def prepare(folder: Path, cache: Path) -> Document:
    """In this process: prepare, then read batches."""
    from fer_edge.console.output import Output
    from fer_edge.train.data.batches import loader
    from fer_edge.train.loop.splits import DataOptions, prepare_splits
    from fer_edge.train.recipes import recipe

    before, peak = anonymous(), [0]

    def watch() -> None:
        while True:
            peak[0] = max(peak[0], anonymous())
            time.sleep(0.02)

    threading.Thread(target=watch, daemon=True).start()
    began = time.monotonic()
    chosen = replace(recipe("affectnet"), width=224, height=224, channels=3)
    splits = prepare_splits(chosen, DataOptions(folder, workers=1, cache=cache), Output(quiet=True))
    seconds, highest = time.monotonic() - began, peak[0]
    arrays, read, began = splits["train"].arrays, 0, time.monotonic()
    while time.monotonic() - began < READING:
        for crops, _ in loader(arrays, 128, training=True):
            read += len(crops)
    return {
        "faces": len(arrays),
        "crops_bytes": int(arrays.crops.nbytes),
        "imported_bytes": before,
        "peak_preparing_bytes": highest,
        "peak_reading_bytes": peak[0],
        "preparing_seconds": round(seconds, 1),
        "read_images_a_second": round(read / (time.monotonic() - began)),
    }


def measure(work: Path, faces: int) -> Document:
    """A set of its own, prepared in a process of its own."""
    folder = work / str(faces)
    make(folder, faces)
    try:
        found: Document = json.loads(python(__file__, "--prepare", folder, "--work", work))
    finally:
        shutil.rmtree(folder)
        shutil.rmtree(work / "cache", ignore_errors=True)
    return found


if __name__ == "__main__":
    study(
        run,
        option("--faces", 12_000),
        option("--work", None, "where sets and caches go meanwhile", type=Path, required=True),
        option("--prepare", None, argparse.SUPPRESS, type=Path),
    )
