"""Accuracy of int8 over accuracy of fp32, built-in model, held-out drawn faces.

    python benchmarks/studies/int8_accuracy.py [--samples 4000]

The original's accuracy and each artifact's come from the export's own accuracy gate on the same faces of the test
split, none of which was seen in training or calibration. No wall time is involved: a busy machine changes nothing.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from machine import python
from runner import Asked, Document, option, study

GOAL = 0.995
FORMATS = ("tflite", "onnx")


def run(asked: Asked) -> Document:
    """Export and read the manifest."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        choice = ("--format", ",".join(FORMATS), "--precision", "fp32,int8", "--out", "bundle")
        gate = ("--accuracy", "synthetic", "--accuracy-samples", asked.samples)
        python("-m", "fer_edge.export.cli", *choice, *gate, cwd=folder)
        manifest = json.loads((folder / "bundle" / "manifest.json").read_text(encoding="utf-8"))
    found = {artifact["variant"]: artifact["accuracy"] for artifact in manifest["artifacts"]}
    return {"samples": asked.samples, "rows": [row(name, found) for name in FORMATS]}


def row(name: str, found: dict[str, dict[str, Any]]) -> Document:
    """Both accuracies of a format and their ratio."""
    fp32, int8 = (found[f"{name}-{precision}"]["artifact"] for precision in ("fp32", "int8"))
    return {
        "format": name,
        "fp32": fp32,
        "int8": int8,
        "drop_interval": found[f"{name}-int8"]["drop_interval"],
        "ratio": round(int8 / fp32, 5),
        "goal_ratio": GOAL,
        "met": int8 / fp32 >= GOAL,
    }


if __name__ == "__main__":
    study(run, option("--samples", 4000, "held-out faces"))
