"""Every recipe once with its own network at its own size: two steps on generated data, then ONNX with parity.

    python benchmarks/studies/recipes_full_size.py --work DIR [--recipes jaffe,folder]

The data are drawn faces in each data set's published layout (``tests/support/data_layouts.py``). What the commands
print stays in DIR as ``<recipe>.log``, what came out as ``<recipe>.json``; weights and bundles are removed when a recipe is through, since VGG11 and
ResNet-152 with their optimizers take gigabytes. A recipe whose result is in DIR
is not run again.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from machine import ROOT, python, time_action
from runner import Asked, Document, keep, option, study

from fer_edge.train.recipes import RECIPES, recipe
from fer_edge.train.recipes.recipe import Recipe

sys.path.insert(0, str(ROOT / "tests"))
from support import data_layouts

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


def run(asked: Asked) -> Iterator[Document]:
    """One recipe after the other; all so far after each."""
    work, found = asked.work.resolve(), {}
    for name in asked.recipes.split(","):
        found[name] = keep(work / f"{name}.json", lambda name=name: try_recipe(recipe(name), work))  # type: ignore[misc]
        print(line(name, found[name]), flush=True)
        yield {"benchmark": "recipes-full-size", "recipes": found}


def try_recipe(chosen: Recipe, work: Path) -> Document:
    """One recipe from its generated data to a checked ONNX file; what it took and what came out."""
    folder, log = work / chosen.name, work / f"{chosen.name}.log"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    log.unlink(missing_ok=True)
    data: tuple[object, ...] = ()
    if chosen.needs_data:
        data = ("--data", MAKERS[chosen.name](folder / "data"))
    out, bundle = folder / "run", folder / "bundle"
    trained = ("-m", "fer_edge.train.cli", chosen.name, *data, "--out", out, *STEPS, "--json")
    exported = ("-m", "fer_edge.export.cli", out / "best.safetensors", *PARITY, "--out", bundle, "--json")
    seconds = [
        round(time_action(time.perf_counter, partial(python, *words, log=log)), 1)
        for words in (trained, exported)
    ]
    result = outcome(chosen, out, bundle, *seconds)
    shutil.rmtree(folder)
    return result


def outcome(chosen: Recipe, run: Path, bundle: Path, trained: float, exported: float) -> Document:
    """The record of a recipe."""
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
    study(
        run,
        option("--work", None, "where data, logs and results go", type=Path, required=True),
        option("--recipes", ",".join(entry.name for entry in RECIPES)),
        show=lambda _document: (),
    )
