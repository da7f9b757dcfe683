"""Processor time and memory of one export of two formats, beside a bare script of the same converters.

    nice python benchmarks/studies/export_cost.py [--rounds 3]

``fer-export --format tflite,onnx`` (fp32, built-in model: converts, runs, compares, proves, writes a bundle) against a script that
calls ``litert_torch.convert`` and ``torch.onnx.export`` on the same weights and checks nothing. Fresh processes, in turns. Processor time is of
all processes together; memory is the highest sum of proportional set sizes (pages that processes share count once). Goals: 1.25
times and 1.5 times the bare script's. A busy machine's shared execution units make both slower alike.
"""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

from export_time import BARE, EXPORT, run_timed
from machine import SOURCES, cpu_seconds
from runner import Asked, Document, option, study

from fer_edge.train.checkpoint.checkpoint import builtin_checkpoint

BOTH = (
    BARE
    + """
names = dict(input_names=["image"], output_names=["probabilities"])
torch.onnx.export(
    Softmax(module.eval()).eval(), (torch.zeros(1, 1, 64, 64),), {onnx!r}, dynamo=True, external_data=False, **names
)
"""
)
CPU_AT_MOST, MEMORY_AT_MOST = 1.25, 1.5


def run(asked: Asked) -> Document:
    """Both, in turns."""
    found: dict[str, dict[str, list[float]]] = {
        way: {"cpu_seconds": [], "peak_pss_mb": []} for way in ("fer_export", "bare")
    }
    with tempfile.TemporaryDirectory() as folder:
        weights = str(builtin_checkpoint().resolve())
        script = BOTH.format(
            sources=str(SOURCES), weights=weights, out=f"{folder}/bare.tflite", onnx=f"{folder}/bare.onnx"
        )
        for number in range(asked.rounds):
            export = [
                *EXPORT,
                "--format",
                "tflite,onnx",
                "--quiet",
                "--out",
                str(Path(folder, f"bundle{number}")),
            ]
            for way, command in (("bare", ["-c", script]), ("fer_export", export)):
                seconds, peak = measure(command)
                found[way]["cpu_seconds"].append(round(seconds, 2))
                found[way]["peak_pss_mb"].append(round(peak / 1e6))
                print(way, found[way], flush=True)
    ratios = {
        name: statistics.median(found["fer_export"][name]) / statistics.median(found["bare"][name])
        for name in ("cpu_seconds", "peak_pss_mb")
    }
    return {
        **found,
        "cpu": {"ratio": round(ratios["cpu_seconds"], 3), "at_most": CPU_AT_MOST, "met": ratios["cpu_seconds"] <= CPU_AT_MOST},
        "memory": {"ratio": round(ratios["peak_pss_mb"], 3), "at_most": MEMORY_AT_MOST, "met": ratios["peak_pss_mb"] <= MEMORY_AT_MOST},
    }  # fmt: skip


def measure(command: list[str]) -> tuple[float, int]:
    """CPU seconds of all processes, and their highest memory in bytes."""
    peaks: list[int] = []
    seconds = cpu_seconds(lambda: peaks.append(run_timed(command, memory=True)[1]))
    return seconds, peaks[0]


if __name__ == "__main__":
    study(run, option("--rounds", 3))
