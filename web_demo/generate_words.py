"""TypeScript's words of formats and documents, from their Python description.

python web_demo/generate_words.py       writes them
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from fer_edge.runtime import contract, labels, manifest, verification
from fer_edge.runtime.containers.limits import CONTRACT_SUFFIX, KEY
from fer_edge.runtime.formats import FORMATS, INTERFACES, PRECISIONS, default_formats

WORDS = Path(__file__).parent / "core/src/words.ts"
TEXT = """\
/** Words of formats and documents. Written by `web_demo/generate_words.py` from `fer_edge.runtime`: do not edit. */

export const CONTRACT_SCHEMA = {contract};

/** Schemas of manifests that are read, by version: the first is 1. */
export const MANIFEST_SCHEMAS: readonly string[] = {manifests};
export const MANIFEST_NAME = {name};
export const CONTRACT_KEY = {key};
export const CONTRACT_SUFFIX = {suffix};

/** In the order in which they are tried where no variant is named. */
export const FORMATS = {formats} as const;

/** Extension by format. */
export const EXTENSIONS = {{
{extensions}
}} as const;

export const PRECISIONS = {precisions} as const;
export const INTERFACES = {interfaces} as const;
export const LAYOUTS = {layouts} as const;
export const DTYPES = {dtypes} as const;
export const OUTPUT_KINDS = {kinds} as const;
export const VERDICTS = {verdicts} as const;

/** Why a verdict is no pass, for programs. */
export const CODES = [
{codes}
] as const;

/** Format and precision that may have integer input and output (`-qio`). */
export const QUANTIZED_IO: readonly string[] = {quantized};

/** What no label may be called. */
export const RESERVED_LABELS: readonly string[] = {reserved};

/** Pixels of an input's width or height, labels, bytes of a manifest: the most that a document may say. */
export const LARGEST_SIDE = {side};
export const MOST_LABELS = {labels};
export const LARGEST_MANIFEST = {bytes};
"""


def words() -> str:
    """The TypeScript file's text."""
    quantized = [f"{spec.name}-{precision}" for spec in FORMATS for precision in spec.quantized_io]
    return TEXT.format(
        contract=json.dumps(contract.SCHEMA),
        manifests=_listed(f"{manifest.KIND}/{version}" for version in manifest.VERSIONS),
        name=json.dumps(manifest.MANIFEST),
        key=json.dumps(KEY),
        suffix=json.dumps(CONTRACT_SUFFIX),
        formats=_listed(default_formats()),
        extensions="\n".join(f'  {spec.name}: "{spec.extension}",' for spec in FORMATS),
        precisions=_listed(PRECISIONS),
        interfaces=_listed(INTERFACES),
        layouts=_listed(contract.LAYOUTS),
        dtypes=_listed(contract.DTYPES),
        kinds=_listed(contract.OUTPUT_KINDS),
        verdicts=_listed(verification.VERDICTS),
        codes="\n".join(f'  "{code}",' for code in verification.Code),
        quantized=_listed(quantized),
        reserved=_listed(sorted(labels.RESERVED)),
        side=contract.LARGEST_SIDE,
        labels=contract.MOST_LABELS,
        bytes=manifest.LARGEST_MANIFEST,
    )


def _listed(texts: Iterable[str]) -> str:
    return "[" + ", ".join(json.dumps(text) for text in texts) + "]"


if __name__ == "__main__":
    WORDS.write_text(words(), encoding="utf-8")
