"""How much heap the Android app needs from its start to the first answer, with a large model in its assets.

    python benchmarks/studies/android_heap.py BUNDLE

The app is built around the bundle and started under Robolectric by its own code: the manifest is read, every file goes through the hash as at the
first start after an installation, the model is mapped, TensorFlow Lite 2.16.1 answers the golden cases and then a camera's picture. Before
that the heap is filled until so many megabytes are left; an app that needs more ends with an OutOfMemoryError. Goal: 64 MB are enough.

The stored result is of torchvision's resnet18 at 64x64x3, briefly trained on drawn faces, in fp32 and int8 (45 and 11 MB). The first start hashes;
the later ones find that noted.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from machine import ROOT
from runner import Asked, Document, option, study

GOAL = 64


def run(asked: Asked) -> Document:
    """The app's test with less and less."""
    files = sorted(asked.bundle.resolve().glob("*.tflite"))
    if not files:
        raise SystemExit(f"{asked.bundle} holds no .tflite file; export one with fer-export --format tflite")
    found = started(asked.bundle.resolve(), asked.heaps)
    return {
        "bundle": {file.name: file.stat().st_size for file in files},
        "goal_megabytes": GOAL,
        "tried_megabytes": [int(word) for word in asked.heaps.split(",")],
        "answered_with_megabytes": found,
        "met": GOAL in found,
    }


def started(bundle: Path, heaps: str) -> list[int]:
    """With how many megabytes left it answered."""
    words = [
        "mvn",
        "-B",
        "-ntp",
        "-f",
        "android_demo/pom.xml",
        "-pl",
        "app",
        "-am",
        "test",
        f"-Dfer.edge.bundle={bundle}",
    ]
    words += [
        f"-Dfer.edge.heaps={heaps}",
        "-Dtest=StartMemoryTest",
        "-Dsurefire.failIfNoSpecifiedTests=false",
    ]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    found = [int(number) for number in re.findall(r"answered with (\d+) MB of heap", done.stdout)]
    if done.returncode and not found:
        raise SystemExit(done.stdout[-3000:])
    return found


def show(document: Document) -> Iterator[str]:
    """In words."""
    yield f"{', '.join(f'{name} {size / 1e6:.1f} MB' for name, size in document['bundle'].items())}"
    for number in document["tried_megabytes"]:
        yield f"{number:4} MB of heap left: {'answers' if number in document['answered_with_megabytes'] else 'not enough'}"


if __name__ == "__main__":
    study(
        run,
        option("bundle", None, "a folder that fer-export wrote", type=Path),
        option("--heaps", "64,48,32,24,16", "megabytes left, in turn"),
        show=show,
    )
