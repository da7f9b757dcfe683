"""Size and accuracy of the built-in model's files that README says to ship, on held-out drawn faces.

    python benchmarks/studies/shipped_files.py [--bundle BUNDLE]

Both are read from the manifest of a bundle that ``fer-export --all-variants --accuracy synthetic`` wrote; without ``--bundle`` it is
written first. No wall time is involved: a busy machine changes nothing.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

from machine import python
from runner import Asked, Document, option, study

VARIANTS = (
    "tflite-int8",
    "tflite-fp32",
    "onnx-int8",
    "onnx-fp32",
    "tflite-int8-image-qio",
    "torchscript-fp32",
)


def run(asked: Asked) -> Document:
    """From a bundle."""
    if asked.bundle:
        return _read(asked.bundle)
    with tempfile.TemporaryDirectory() as name:
        words = ("--all-variants", "--accuracy", "synthetic", "--quiet", "--out", "bundle")
        python("-m", "fer_edge.export.cli", *words, cwd=Path(name))
        return _read(Path(name) / "bundle")


def _read(bundle: Path) -> Document:
    manifest = json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))
    found = {one["variant"]: one for one in manifest["artifacts"]}
    rows = [
        {"variant": name, "bytes": found[name]["bytes"], "accuracy": found[name]["accuracy"]["artifact"]}
        for name in VARIANTS
    ]
    samples = found[VARIANTS[0]]["accuracy"]["samples"]
    return {"weights_sha256": manifest["source"]["checkpoint_sha256"], "samples": samples, "rows": rows}


def show(document: Document) -> Iterator[str]:
    """A line a file."""
    for row in document["rows"]:
        yield f"{row['variant']:24} {row['bytes']:9} {row['accuracy']:.2%}"


if __name__ == "__main__":
    study(run, option("--bundle", None, "with all variants and accuracy", type=Path), show=show)
