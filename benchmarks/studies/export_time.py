"""How long an export takes and how much memory: two rows of the figures.

    python benchmarks/studies/export_time.py [--checkpoint best.safetensors] [--rounds 5]

1. ``fer-export --format tflite`` (fp32, built-in model), cold, against a bare litert-torch script on the same weights;
   fresh processes, interleaved, the ratio of medians.
2. All legal variants of the built-in model, cold: wall time, and the highest sum of proportional set sizes (PSS: pages
   that several processes share are counted once) of the whole process tree, polled every quarter second.

The result goes to ``results/export_time.json`` with the CPU's name. Load on the machine while it ran is recorded too:
wall times of a busy machine are upper bounds only.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
RESULT = ROOT / "benchmarks" / "results" / "export_time.json"
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


def main() -> None:
    """Measure, print, store."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--checkpoint", type=Path, help="weights of a fer_mini; default: the built-in ones")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    sys.path.insert(0, str(ROOT / "src"))
    from fer_edge.train.checkpoint.checkpoint import builtin_checkpoint

    weights = (arguments.checkpoint or builtin_checkpoint()).resolve()
    given = [str(weights)] if arguments.checkpoint else []
    load_before = os.getloadavg()[0]
    document = {
        "cpu": cpu(),
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "load_before": round(load_before, 2),
        "tflite_fp32_cold": tflite(weights, given, arguments.rounds),
        "all_variants_cold": everything(given),
    }
    document["load_after"] = round(os.getloadavg()[0], 2)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(document, indent=1) + "\n")
    print(json.dumps(document, indent=1))


def tflite(weights: Path, given: list[str], rounds: int) -> dict[str, Any]:
    """Row 1."""
    ours, bare = [], []
    with tempfile.TemporaryDirectory() as folder:
        script = BARE.format(sources=str(ROOT / "src"), weights=str(weights), out=f"{folder}/bare.tflite")
        for number in range(rounds):
            bare.append(timed([sys.executable, "-c", script])[0])
            out = f"{folder}/bundle{number}"
            ours.append(timed([*export(), *given, "--format", "tflite", "--out", out])[0])
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
        command = [*export(), *given, "--all-variants", *calibration, "--json", "--out", f"{folder}/bundle"]
        seconds, peak, text = timed(command, memory=True)
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


def export() -> list[str]:
    """The command, from the checkout."""
    return [sys.executable, "-m", "fer_edge.export.cli"]


def timed(command: list[str], *, memory: bool = False) -> tuple[float, int, str]:
    """Wall seconds, peak PSS in bytes, standard output."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, env=environment, cwd=tempfile.gettempdir(), stdout=output, stderr=errors
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
            sys.exit(f"{command[:4]} ended with {process.returncode}: {errors.read()[-2000:]}")
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


def cpu() -> str:
    """The processor's name."""
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        found = None
    return found.group(1) if found else platform.processor()


if __name__ == "__main__":
    main()
