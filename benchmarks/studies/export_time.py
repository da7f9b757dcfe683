"""Time and memory of an export: two rows of the figures.

    python benchmarks/studies/export_time.py [--checkpoint best.safetensors] [--rounds 5]

1. ``fer-export --format tflite`` (fp32, built-in model), cold, against a bare litert-torch script on the same weights;
   fresh processes, interleaved, the ratio of medians.
2. All legal variants of the built-in model, cold: wall time, and the highest sum of proportional set sizes (PSS: pages
   that several processes share are counted once) of the whole process tree, polled every quarter second.

Load on the machine while it ran is recorded: wall times of a busy machine are upper bounds only.
"""

from __future__ import annotations

import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from machine import SOURCES, environment, load, machine
from runner import Asked, Document, option, study

from fer_edge.train.checkpoint.checkpoint import builtin_checkpoint

EXPORT = ("-m", "fer_edge.export.cli")
POLL_SECONDS = 0.25

BARE = """
import sys
import litert_torch
import torch
from safetensors.torch import load_file
sys.path.insert(0, {sources!r})
from fer_edge.train.models import resolve

torch.set_num_threads(1)
class Softmax(torch.nn.Module):
    def __init__(self, module):
        super().__init__()
        self.module = module
    def forward(self, image):
        return {{"probabilities": torch.softmax(self.module(image), dim=1)}}

module = resolve("fer_mini", num_classes=8, channels=1, arch_args={{}})
module.load_state_dict(load_file({weights!r}))
wrapped = litert_torch.to_channel_last_io(Softmax(module.eval()).eval(), args=[0])
litert_torch.convert(wrapped, (torch.zeros(1, 64, 64, 1),)).export({out!r})
"""


def run(asked: Asked) -> Document:
    """Both rows."""
    weights = (asked.checkpoint or builtin_checkpoint()).resolve()
    given = [str(weights)] if asked.checkpoint else []
    known = machine()
    document = {
        **{name: known[key] for name, key in (("cpu", "cpu"), ("cores", "cpus"), ("python", "python"))},
        "load_before": load(),
        "tflite_fp32_cold": tflite(weights, given, asked.rounds),
        "all_variants_cold": everything(given),
    }
    return {**document, "load_after": load()}


def tflite(weights: Path, given: list[str], rounds: int) -> dict[str, Any]:
    """Row 1."""
    ours, bare = [], []
    with tempfile.TemporaryDirectory() as folder:
        script = BARE.format(sources=str(SOURCES), weights=str(weights), out=f"{folder}/bare.tflite")
        for number in range(rounds):
            bare.append(run_timed(["-c", script])[0])
            out = f"{folder}/bundle{number}"
            ours.append(run_timed([*EXPORT, *given, "--format", "tflite", "--out", out])[0])
    ratio = statistics.median(ours) / statistics.median(bare)
    return {
        "fer_export_seconds": ours,
        "bare_seconds": bare,
        "ratio_of_medians": round(ratio, 3),
        "at_most": 1.25,
        "met": ratio <= 1.25,
    }


def everything(given: list[str]) -> dict[str, Any]:
    """Row 2."""
    calibration = ["--calibration", "synthetic"] if given else []
    with tempfile.TemporaryDirectory() as folder:
        command = [*EXPORT, *given, "--all-variants", *calibration, "--json", "--out", f"{folder}/bundle"]
        seconds, peak, text = run_timed(command, memory=True)
    document = json.loads(text)
    written = sum(entry["status"] == "written" for entry in document["variants"])
    return {
        "seconds": seconds,
        "at_most_seconds": 75,
        "peak_pss_bytes": peak,
        "at_most_bytes": 3_000_000_000,
        "variants": len(document["variants"]),
        "written": written,
        "met": seconds <= 75 and peak <= 3_000_000_000,
    }


def run_timed(command: list[str], *, memory: bool = False) -> tuple[float, int, str]:
    """Wall seconds, peak PSS in bytes, standard output."""
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        started = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, *command],
            env=environment(),
            cwd=tempfile.gettempdir(),
            stdout=output,
            stderr=errors,
            text=True,
        )
        peak = 0
        while memory and process.poll() is None:
            peak = max(peak, tree_pss(process.pid))
            time.sleep(POLL_SECONDS)
        process.wait()
        seconds = round(time.perf_counter() - started, 3)
        output.seek(0)
        errors.seek(0)
        if process.returncode not in (0, 3):
            sys.exit(f"{command[:3]} ended with {process.returncode}: {errors.read()[-2000:]}")
        return seconds, peak, output.read()


def tree_pss(root: int) -> int:
    """Bytes of a process and all below it, shared pages counted once."""
    parents = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(entry.parent.name)] = int(entry.read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError):
            continue
    tree, fresh = {root}, {root}
    while fresh:
        fresh = {child for child, parent in parents.items() if parent in fresh} - tree
        tree |= fresh
    return sum(pss(process) for process in tree)


def pss(process: int) -> int:
    """Bytes; 0 for a process that has just ended."""
    try:
        text = Path(f"/proc/{process}/smaps_rollup").read_text()
    except OSError:
        return 0
    found = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
    return 1024 * int(found.group(1)) if found else 0


if __name__ == "__main__":
    checkpoint = option("--checkpoint", None, "weights of a fer_mini; default: the built-in ones", type=Path)
    study(run, checkpoint, option("--rounds", 5))
