"""Accuracy of int8 over accuracy of fp32, built-in model, held-out drawn faces.

    python benchmarks/studies/int8_accuracy.py [--samples 4000] [--out results/int8_accuracy.json]

The original's accuracy and each artifact's come from the export's own accuracy gate on the same faces of the test
split, none of which was seen in training or calibration. No wall time is involved: a busy machine changes nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "benchmarks" / "studies"))
from machine import machine  # noqa: E402 - scripts of one folder, run from anywhere

GOAL = 0.995
PRECISIONS = ("fp32", "int8")
FORMATS = ("tflite", "onnx")


def main() -> None:
    """Measure, print, store."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--samples", type=int, default=4000, help="held-out faces")
    parser.add_argument("--out", type=Path, help="where to write the JSON")
    arguments = parser.parse_args()
    document = {
        "benchmark": "int8_accuracy",
        "machine": machine(),
        "samples": arguments.samples,
        "rows": rows(accuracies(arguments.samples)),
    }
    text = json.dumps(document, indent=1)
    print(text)
    if arguments.out:
        arguments.out.write_text(text + "\n", encoding="utf-8")


def accuracies(samples: int) -> dict[str, dict[str, Any]]:
    """The manifest's accuracy record of each variant."""
    with tempfile.TemporaryDirectory() as folder:
        bundle = Path(folder) / "bundle"
        command = [
            sys.executable,
            "-m",
            "fer_edge.export.cli",
            "--format",
            ",".join(FORMATS),
            "--out",
            str(bundle),
        ]
        command += [
            "--precision",
            ",".join(PRECISIONS),
            "--accuracy",
            "synthetic",
            "--accuracy-samples",
            str(samples),
        ]
        subprocess.run(command, check=True, env={**os.environ, "PYTHONPATH": str(ROOT / "src")}, cwd=folder)
        manifest = json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))
    return {artifact["variant"]: artifact["accuracy"] for artifact in manifest["artifacts"]}


def rows(found: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """One a format: both accuracies and their ratio."""
    return [
        {
            "format": name,
            "fp32": (fp32 := found[f"{name}-fp32"]["artifact"]),
            "int8": (int8 := found[f"{name}-int8"]["artifact"]),
            "drop_interval": found[f"{name}-int8"]["drop_interval"],
            "ratio": round(int8 / fp32, 5),
            "goal_ratio": GOAL,
            "met": int8 / fp32 >= GOAL,
        }
        for name in FORMATS
    ]


if __name__ == "__main__":
    main()
