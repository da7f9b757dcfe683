"""Cost of hostile and very large picture files: memory and time above idle, each file in a fresh process.

    python benchmarks/studies/hostile_pictures.py

The files are those of ``tests/support/hostile_files.py``. A child imports what ``fer-predict`` imports, decodes a small
picture, and then reads the file; above idle is the highest resident memory from then on, less what it was before, and
the processor's time until the answer, which other programs on the machine do not lengthen. Goals: 250 MB and 250 ms for every refused file, 400 MB for the largest accepted one.
A file that ends otherwise misses its goal.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from machine import ROOT, python
from runner import Asked, Document, option, study

sys.path.insert(0, str(ROOT / "tests"))

REFUSED_MB, REFUSED_SECONDS, ACCEPTED_MB = 250, 0.25, 400

CHILD = """
import io, json, pathlib, sys, time
from PIL import Image
from fer_edge.faces.pictures import read_reduced
from fer_edge.runtime.errors import PictureError

def peak():
    text = pathlib.Path("/proc/self/status").read_text()
    return int(text.split("VmHWM:")[1].split()[0]) * 1024

for kind in ("JPEG", "PNG"):
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), (9, 99, 200)).save(buffer, kind)
    read_reduced(buffer.getvalue())
pathlib.Path("/proc/self/clear_refs").write_text("5")
before, start = peak(), time.process_time()
try:
    decoded = read_reduced(sys.argv[1])
    frame, size = decoded.frame, decoded.size
    words = f"{size[0]}x{size[1]} as {frame.width}x{frame.height}"
    refused = False
except PictureError as error:
    words, refused = str(error).replace(sys.argv[1], "FILE"), True
seconds = time.process_time() - start
print(json.dumps({"refused": refused, "mb": (peak() - before) / 1e6, "seconds": seconds, "words": words}))
"""


def run(asked: Asked) -> Document:
    """One row a file."""
    asked.dry |= bool(asked.only)
    with tempfile.TemporaryDirectory() as folder:
        rows = [measure(*entry) for entry in files(Path(folder), asked.only)]
    return {
        "goals": {"refused_mb": REFUSED_MB, "refused_seconds": REFUSED_SECONDS, "accepted_mb": ACCEPTED_MB},
        "worst": worst(rows),
        "rows": rows,
    }


def files(folder: Path, only: str) -> Iterator[tuple[str, Path, bool]]:
    """Each file as it is needed, whether it must be refused; the one before is gone."""
    from support.hostile_files import ACCEPTED, REFUSED, write_sparse

    for made, refused in ((REFUSED, True), (ACCEPTED, False)):
        for name, (suffix, build) in made.items():
            if only in name:
                path = folder / f"file.{suffix}"
                path.write_bytes(build())
                yield name, path, refused
                path.unlink()
    if only in "sparse":
        yield "half a gigabyte of nothing", write_sparse(folder / "sparse.webp"), True


def measure(name: str, path: Path, refused: bool) -> dict[str, Any]:
    """One row: what became of the file, and whether that is what is wanted."""
    row: dict[str, Any] = {
        "name": name,
        "bytes": path.stat().st_size,
        "wanted": "refused" if refused else "accepted",
    }
    row |= json.loads(python("-c", CHILD, path))
    affordable = (
        row["mb"] <= REFUSED_MB and row["seconds"] <= REFUSED_SECONDS if refused else row["mb"] <= ACCEPTED_MB
    )
    row["met"] = affordable and row["refused"] is refused
    row["mb"], row["seconds"] = round(row["mb"], 1), round(row["seconds"], 3)
    mark = "" if row["met"] else "   MISSED"
    print(
        f"{name:45} {row['bytes']:>10} B {row['mb']:7.1f} MB {row['seconds']:7.3f} s  {row['words'][:70]}{mark}"
    )
    return row


def worst(rows: list[dict[str, Any]]) -> dict[str, float]:
    """The figures that the goals are about."""
    refused = [row for row in rows if row["wanted"] == "refused"]
    accepted = [row for row in rows if row["wanted"] == "accepted"]
    return {
        "refused_mb": max((row["mb"] for row in refused), default=0.0),
        "refused_seconds": max((row["seconds"] for row in refused), default=0.0),
        "accepted_mb": max((row["mb"] for row in accepted), default=0.0),
    }


if __name__ == "__main__":
    study(
        run, option("--only", "", "files whose name holds this; nothing is stored"), show=lambda _document: ()
    )
