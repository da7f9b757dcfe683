"""The support table: networks that people use, every format and precision that ``fer-export`` writes, and what each file came to.

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
from supported.networks import NETWORKS, Network

TABLE = SOURCES / "fer_edge" / "export" / "supported" / "table.json"
SECONDS = 3600.0
EVERY_COREML = "matches the MIL specification"
"""Said of every Core ML file away from macOS: the page says it once."""
TOOLS = (
    "torch", "torchvision", "timm", "onnx", "onnxscript", "onnxruntime", "litert-torch", "ai-edge-quantizer", "ai-edge-litert",
    "coremltools", "executorch",
)  # fmt: skip
PRELOADED = (
    "torch", "torchvision", "timm", "litert_torch", "ai_edge_quantizer", "onnx", "onnxscript", "onnxruntime", "coremltools",
)  # fmt: skip


def run(asked: Asked) -> Iterator[Document]:
    """Networks that were not examined yet, then all that were."""
    until = time.time() + 60 * asked.minutes
    formats = tuple(asked.formats.split(","))
    for network in NETWORKS:
        place = _place(asked.cache, network)
        if (
            asked.only_score
            or time.time() > until
            or (asked.only and network.arch not in asked.only.split(","))
        ):
            continue
        if asked.again or not all(f"{form}-fp32" in _read(place).get("variants", {}) for form in formats):
            _preload()
            _examine(network, formats, place)
            print("\n".join(_lines(_read(place))), file=sys.stderr, flush=True)
    yield collect(asked.cache)


def _place(cache: Path, network: Network) -> Path:
    return cache.resolve() / network.arch.replace(":", "-") / "row.json"


def _read(place: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(place.read_text()) if place.is_file() else {}
    return found


def _examine(network: Network, formats: tuple[str, ...], place: Path) -> None:
    """Put what these formats came to into the network's row, in place of what they were and beside the others."""
    place.parent.mkdir(parents=True, exist_ok=True)
    begin = time.time()
    found = in_child(partial(examine, network, formats, place.parent), SECONDS, place.with_name("log"))
    cells = _read(place).get("variants", {})
    before = {name: cell for name, cell in cells.items() if name.partition("-")[0] not in formats}
    if "variants" in found:
        found["variants"] = before | found["variants"]
    store(place, found | {"arch": network.arch, "took": round(time.time() - begin), "load": load()})


def _preload() -> None:
    """What all forks share."""
    for name in PRELOADED:
        importlib.import_module(name)


def collect(cache: Path) -> Document:
    """The table of all rows in the cache, in the order of ``NETWORKS``; what crashed before it was opened is none."""
    rows = [_read(_place(cache, network)) for network in NETWORKS]
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
        option("--formats", "torchscript,onnx,tflite,coreml,executorch", "comma-separated"),
        option("--minutes", 1e9, "begin no further network after so many"),
        option("--again", False, "examine anew"),
        option("--only-score", False, "examine nothing, collect what is there"),
        show=show,
        result=TABLE,
    )
