"""Kotlin's words of formats and documents, from their Python description.

python android_demo/generate_words.py       writes them
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from fer_edge.runtime import contract, labels, manifest, verification
from fer_edge.runtime.containers.limits import KEY
from fer_edge.runtime.formats import FORMATS, INTERFACES, PRECISIONS

CORE = Path(__file__).parent / "core/src/main/kotlin/io/github/feredge/core/bundle"
WORDS = CORE / "Words.kt"
TEXT = """\
package io.github.feredge.core.bundle

/** Words of formats and documents. Written by `android_demo/generate_words.py` from `fer_edge.runtime`: do not edit. */
internal object Words {{
    const val CONTRACT_SCHEMA: String = {contract}

    /** That are read, by version. */
    val MANIFEST_SCHEMAS: Map<String, Int> = mapOf({manifests})
    const val CONTRACT_KEY: String = {key}

    /** Extension by format. */
    val EXTENSIONS: Map<String, String> =
        mapOf(
{extensions}
        )

    val PRECISIONS: List<String> = listOf({precisions})
    val INTERFACES: List<String> = listOf({interfaces})

    /** Why a verdict is no pass, for programs. */
    val CODES: List<String> =
        listOf(
{codes}
        )

    /** Format and precision that may have integer input and output (`-qio`). */
    val QUANTIZED_IO: Set<Pair<String, String>> = setOf({quantized})

    /** What no label may be called. */
    val RESERVED_LABELS: Set<String> = setOf({reserved})
}}
"""


def words() -> str:
    """The Kotlin file's text."""
    quantized = [(spec.name, precision) for spec in FORMATS for precision in spec.quantized_io]
    return TEXT.format(
        contract=json.dumps(contract.SCHEMA),
        manifests=", ".join(f'"{manifest.KIND}/{version}" to {version}' for version in manifest.VERSIONS),
        key=json.dumps(KEY),
        extensions="\n".join(f'            "{spec.name}" to "{spec.extension}",' for spec in FORMATS),
        precisions=_listed(PRECISIONS),
        interfaces=_listed(INTERFACES),
        codes="\n".join(f'            "{code}",' for code in verification.Code),
        quantized=", ".join(f'"{form}" to "{precision}"' for form, precision in quantized),
        reserved=_listed(sorted(labels.RESERVED)),
    )


def _listed(texts: Iterable[str]) -> str:
    return ", ".join(json.dumps(text) for text in texts)


if __name__ == "__main__":
    WORDS.write_text(words(), encoding="utf-8")
