"""Every recipe once with its own network at its own size: two steps on generated data, then ONNX with parity.

    python benchmarks/studies/recipes_full_size.py --work DIR [--recipes jaffe,folder] [--out results/recipes_full_size.json]

The data are drawn faces in each data set's published layout (``tests/train/datasets/data_layouts.py``). What the commands
print stays in DIR as ``<recipe>.log``; weights and bundles are removed when a recipe is through, since VGG11 and
ResNet-152 with their optimizers take gigabytes. A recipe that is in the results already is not run again.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[2] / "tests/train/datasets"))
import data_layouts
from machine import machine

from fer_edge.train.recipes import RECIPES, Recipe, recipe

ROOT = Path(__file__).parents[2]
MAKERS = {
    "jaffe": lambda folder: data_layouts.jaffe(folder, persons=("KA", "KL", "KM", "KR")),
    "jaffe-mobile": lambda folder: data_layouts.jaffe(folder, persons=("KA", "KL", "KM", "KR")),
    "fer2013": data_layouts.fer2013,
    "ferplus": data_layouts.ferplus,
    "ferplus-fast": data_layouts.ferplus,
    "affectnet": data_layouts.affectnet_tables,
    "rafdb": data_layouts.rafdb,
    "folder": data_layouts.folder,
}
STEPS = ("--limit", "8", "--batch-size", "4", "--epochs", "1", "--workers", "1", "--threads", "1")
PARITY = ("--format", "onnx", "--parity-inputs", "16")
TRAIN, EXPORT = "fer_edge.train.cli", "fer_edge.export.cli"


def main() -> None:
    """Run, print, store after each recipe."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", type=Path, required=True, help="where data and logs go")
    parser.add_argument("--recipes", default=",".join(entry.name for entry in RECIPES))
    parser.add_argument("--out", type=Path, help="where to write the JSON")
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    found: dict[str, Any] = {}
    if arguments.out and arguments.out.is_file():
        found = json.loads(arguments.out.read_text(encoding="utf-8"))["recipes"]
    for name in arguments.recipes.split(","):
        if name not in found:
            found[name] = through(recipe(name), arguments.work.resolve())
        print(line(name, found[name]), flush=True)
        if arguments.out:
            text = json.dumps(
                {"benchmark": "recipes-full-size", "machine": machine(), "recipes": found}, indent=1
            )
            arguments.out.write_text(text + "\n", encoding="utf-8")


def through(chosen: Recipe, work: Path) -> dict[str, Any]:
    """One recipe from its generated data to a checked ONNX file; what it took and what came out."""
    folder = work / chosen.name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    log = work / f"{chosen.name}.log"
    log.unlink(missing_ok=True)
    data: tuple[str, ...] = ()
    if chosen.needs_data:
        data = ("--data", str(MAKERS[chosen.name](folder / "data")))
    run, bundle = folder / "run", folder / "bundle"
    trained = timed((TRAIN, chosen.name, *data, "--out", str(run), *STEPS, "--json"), log)
    exported = timed((EXPORT, str(run / "best.safetensors"), *PARITY, "--out", str(bundle), "--json"), log)
    result = outcome(chosen, run, bundle, trained, exported)
    shutil.rmtree(folder)
    return result


def timed(words: Sequence[str], log: Path) -> float:
    """Run a command with its output in the log; seconds.

    Raises:
        SystemExit: it failed; names the log.
    """
    start = time.perf_counter()
    with log.open("a", encoding="utf-8") as file:
        file.write(f"$ {' '.join(words)}\n".replace(str(log.parent), "WORK"))
        file.flush()
        ended = subprocess.run(
            [sys.executable, "-m", *words], stdout=file, stderr=file, env=environment(), check=False
        )
    if ended.returncode:
        raise SystemExit(f"{words[0]} ended with {ended.returncode}; see {log}")
    return round(time.perf_counter() - start, 1)


def environment() -> Mapping[str, str]:
    """The package from this checkout, one thread."""
    return {**os.environ, "PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"}


def outcome(chosen: Recipe, run: Path, bundle: Path, trained: float, exported: float) -> dict[str, Any]:
    """What is stored of a recipe."""
    report = json.loads((run / "report.json").read_text(encoding="utf-8"))
    manifest = json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))
    (artifact,) = manifest["artifacts"]
    contract = json.loads(artifact["contract"])
    size = contract["input"]
    return {
        "arch": chosen.arch,
        "input": f"{size['width']}x{size['height']}x{size['channels']}",
        "labels": contract["labels"],
        "weights_bytes": (run / "best.safetensors").stat().st_size,
        "onnx_bytes": artifact["bytes"],
        "train_loss": report["epochs"][-1]["train_loss"],
        "parity": artifact["parity"],
        "train_seconds": trained,
        "export_seconds": exported,
    }


def line(name: str, found: Mapping[str, Any]) -> str:
    """One recipe for people."""
    parity = found["parity"]
    return (
        f"{name:14} {found['arch']:15} {found['input']:10} {len(found['labels'])} classes  "
        f"onnx {found['onnx_bytes'] / 1e6:7.1f} MB  parity {parity['verdict']} {parity['max_abs']:.1e}  "
        f"train {found['train_seconds']:6.1f} s  export {found['export_seconds']:6.1f} s"
    )


if __name__ == "__main__":
    main()
