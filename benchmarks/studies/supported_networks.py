"""The support table: some forty networks, every format and precision that ``fer-export`` writes, and what each file came to.

    nice python benchmarks/studies/supported_networks.py --cache .supported --only timm:levit_128s

Each network is trained for some seconds on drawn faces (but for those that come trained), exported as ``fer-export --calibration
synthetic`` does it, in a process of its own, and its row stays in ``--cache``: a study that was stopped goes on from there. The table is
written to ``src/fer_edge/export/supported/table.json``; ``python docs/figures/generate.py`` makes the page of it.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections.abc import Iterable, Iterator
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from machine import SOURCES, load
from mutation.children import in_child
from runner import Asked, Document, option, store, study
from supported.exporting import PICTURES, examine
from supported.networks import NETWORKS

TABLE = SOURCES / "fer_edge" / "export" / "supported" / "table.json"
SECONDS = 3600.0
EVERY_COREML = "matches the MIL specification"
"""Said of every Core ML file away from macOS: the page says it once."""
TOOLS = (
    "torch", "torchvision", "timm", "onnx", "onnxscript", "onnxruntime", "litert-torch", "ai-edge-quantizer", "ai-edge-litert",
    "coremltools", "executorch",
)  # fmt: skip
PRELOADED = (
    "torch", "torchvision", "timm", "executorch.exir", "torchao", "litert_torch", "ai_edge_quantizer", "onnx", "onnxscript", "onnxruntime", "coremltools",
)  # fmt: skip


def run(asked: Asked) -> Iterator[Document]:
    """Networks that were not examined yet, then all that were."""
    until = time.time() + 60 * asked.minutes
    wanted = [network for network in NETWORKS if not asked.only or network.arch in asked.only.split(",")]
    for network in wanted:
        place = asked.cache.resolve() / network.arch.replace(":", "-") / "row.json"
        if asked.only_score or time.time() > until or (place.exists() and not asked.again):
            continue
        _preload()
        place.parent.mkdir(parents=True, exist_ok=True)
        begin = time.time()
        found = in_child(
            partial(examine, network, asked.seconds, place.parent), SECONDS, place.with_name("log")
        )
        store(place, found | {"arch": network.arch, "took": round(time.time() - begin), "load": load()})
        print("\n".join(_lines(json.loads(place.read_text()))), file=sys.stderr, flush=True)
    yield collect(asked.cache)


def _preload() -> None:
    """What all forks share; ExecuTorch's exporter before coremltools, which imports half of it."""
    for name in PRELOADED:
        importlib.import_module(name)


def collect(cache: Path) -> Document:
    """The table of all rows in the cache, in the order of ``NETWORKS``; what crashed before it was opened is none."""
    places = (cache / network.arch.replace(":", "-") / "row.json" for network in NETWORKS)
    rows = [json.loads(place.read_text()) for place in places if place.is_file()]
    return {
        "schema": "fer-edge-support/1",
        "tools": {name: version(name) for name in TOOLS},
        "pictures": PICTURES,
        "networks": [
            row | {"variants": {name: judge(cell) for name, cell in row["variants"].items()}}
            if "variants" in row
            else row
            for row in rows
            if "key" in row
        ],
    }


def judge(cell: dict[str, Any]) -> dict[str, Any]:
    """A file's cell with its word: one with anything to be known of it is no longer simply verified."""
    notes = [text for text in cell.get("notes", ()) if not text.startswith(EVERY_COREML)]
    kept = {key: value for key, value in cell.items() if key != "notes"} | ({"notes": notes} if notes else {})
    if kept["status"] == "verified" and (notes or kept.get("partitions", 1) != 1 or kept.get("outside")):
        kept["status"] = "note"
    return kept


def show(document: Document) -> Iterable[str]:
    """Lines for people."""
    for row in document["networks"]:
        yield from _lines(row)


def _lines(row: dict[str, Any]) -> Iterator[str]:
    if "variants" not in row:
        yield f"{row['arch']}: {row.get('refused') or row.get('crash')}"
        return
    yield f"{row['arch']} {row.get('accuracy', '')} ({row['took']} s)"
    for name, found in row["variants"].items():
        pieces = "".join(
            f" {found[key]}"
            for key in ("of_fp32_time", "partitions", "outside", "reason", "notes")
            if key in found
        )
        yield f"   {name:18} {found['status']:9}{pieces[:400]}"


if __name__ == "__main__":
    study(
        run,
        option("--cache", Path(".supported"), "where finished work lies"),
        option("--only", "", "networks by --arch, comma-separated"),
        option("--seconds", 6.0, "processor time of a training"),
        option("--minutes", 1e9, "begin no further network after so many"),
        option("--again", False, "examine anew"),
        option("--only-score", False, "examine nothing, collect what is there"),
        show=show,
        result=TABLE,
    )
