"""The JSON Schema files of this folder, made from the records that read and write the documents.

python docs/schema/generate.py          writes them
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fer_edge.bench.advice import document as advice
from fer_edge.bench.results import records
from fer_edge.predict.evaluation import figures
from fer_edge.runtime import contract, dump, golden, manifest
from fer_edge.runtime.schema import Document

FOLDER = Path(__file__).parent
DOCUMENTS: dict[str, Document[Any]] = {
    "fer-edge-advice-1": advice.DOCUMENT,
    "fer-edge-bench-1": records.DOCUMENT,
    "fer-edge-contract-1": contract.DOCUMENT,
    "fer-edge-dump-1": dump.DOCUMENT,
    "fer-edge-evaluation-1": figures.DOCUMENT,
    "fer-edge-manifest-1": manifest.DOCUMENTS.of("fer-edge-manifest/1"),
    "fer-edge-manifest-2": manifest.DOCUMENTS.of("fer-edge-manifest/2"),
    "golden-vector": golden.DOCUMENT,
}
"""By file name. A new document is a line here."""


def schema_texts() -> dict[str, str]:
    """The text of each file, by its name."""
    return {
        f"{name}.json": json.dumps(document.json_schema(f"urn:fer-edge:{name}"), indent=1) + "\n"
        for name, document in DOCUMENTS.items()
    }


if __name__ == "__main__":
    for name, text in schema_texts().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
