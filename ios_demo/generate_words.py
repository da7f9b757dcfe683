"""Swift's words of formats and documents, from their Python description.

python ios_demo/generate_words.py       writes them
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from fer_edge.runtime import contract, labels, manifest, verification
from fer_edge.runtime.containers.limits import CONTRACT_SUFFIX, KEY
from fer_edge.runtime.formats import FORMATS, PRECISIONS

CORE = Path(__file__).parent / "Sources/FerEdgeCore"
WORDS = CORE / "Bundle/Words.swift"
TEXT = """\
/// Words of formats and documents. Written by `ios_demo/generate_words.py` from `fer_edge.runtime`: do not edit.
enum Words {{
    static let contractSchema = {contract}

    /// That are read, by version: the first is 1.
    static let manifestSchemas = {manifests}
    static let manifestName = {name}
    static let contractKey = {key}
    static let contractSuffix = {suffix}

    static let formats = {formats}

    /// Extension by format.
    static let extensions = [
{extensions}
    ]

    static let precisions = {precisions}

    /// Why a verdict is no pass, for programs.
    static let codes = [
{codes}
    ]

    /// Format and precision that may have integer input and output (`-qio`).
    static let quantizedIO = {quantized}

    /// What no label may be called.
    static let reservedLabels = {reserved}

    /// Pixels of an input's width or height, labels, bytes of a manifest: the most that a document may say.
    static let largestSide = {side}
    static let mostLabels = {labels}
    static let largestManifest = {bytes}
}}
"""


def words() -> str:
    """The Swift file's text."""
    return TEXT.format(
        contract=json.dumps(contract.SCHEMA),
        manifests=_listed(f"{manifest.KIND}/{version}" for version in manifest.VERSIONS),
        name=json.dumps(manifest.MANIFEST),
        key=json.dumps(KEY),
        suffix=json.dumps(CONTRACT_SUFFIX),
        formats=_listed(spec.name for spec in FORMATS),
        extensions="\n".join(f'        "{spec.name}": "{spec.extension}",' for spec in FORMATS),
        precisions=_listed(PRECISIONS),
        codes="\n".join(f'        "{code}",' for code in verification.Code),
        quantized=_listed(f"{spec.name}-{precision}" for spec in FORMATS for precision in spec.quantized_io),
        reserved=_listed(sorted(labels.RESERVED)),
        side=contract.LARGEST_SIDE,
        labels=contract.MOST_LABELS,
        bytes=manifest.LARGEST_MANIFEST,
    )


def _listed(texts: Iterable[str]) -> str:
    return f"[{', '.join(json.dumps(text) for text in texts)}]"


if __name__ == "__main__":
    WORDS.write_text(words(), encoding="utf-8")
