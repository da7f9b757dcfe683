"""What Python's runtime answers, for comparing another language's core with it."""

import json
import random

from fer_edge.runtime import Contract, FerEdgeError, FrameError
from fer_edge.runtime.golden import Vector
from fer_edge.runtime.manifest import Manifest
from support import tiny_artifacts as tiny
from support.contracts import DOCUMENT, sealed
from support.paths import GOLDEN
from support.refused_documents import (
    HOSTILE_CONTRACTS,
    HOSTILE_MANIFESTS,
    REFUSED_CONTRACTS,
    SPOILED_MANIFESTS,
    UNSAFE_PATHS,
    mutated,
)

READERS = {"contract": Contract.parse, "manifest": Manifest.parse, "vector": Vector.parse}


def hashes_of(case):
    """A vector's hashes, or ``error``."""
    try:
        hashes = Vector.parse(json.dumps(case)).run().hashes()
    except FrameError:
        return "error"
    return {"upright": hashes.upright_sha256, "scaled": hashes.scaled_sha256, "tensor": hashes.tensor_sha256}


def documents(bundle, seed):
    """Kind and bytes of documents, sound and refused ones."""
    return [
        (kind, data if isinstance(data, bytes) else data.encode("utf-8", "surrogatepass"))
        for kind, data in _texts(bundle, seed)
    ]


def _texts(bundle, seed):
    """Every document that a test of Python's readers refuses, some that are sound, and changed ones of each kind."""
    manifest = json.loads((bundle / "manifest.json").read_text())
    vector = json.loads((GOLDEN / "camera/nv21-odd.json").read_text())
    yield "contract", sealed(DOCUMENT)
    yield "manifest", json.dumps(manifest)
    yield "manifest", json.dumps(tiny.version_1(manifest))
    yield "vector", json.dumps(vector)
    yield from (("contract", sealed(document)) for document, _ in REFUSED_CONTRACTS.values())
    yield from (("contract", text) for text in HOSTILE_CONTRACTS.values() if not isinstance(text, int))
    yield from (("manifest", data) for data in HOSTILE_MANIFESTS.values())
    for spoil in SPOILED_MANIFESTS.values():
        changed = json.loads(json.dumps(manifest))
        spoil(changed)
        yield "manifest", json.dumps(changed)
    for path in UNSAFE_PATHS:
        yield (
            "manifest",
            json.dumps({**manifest, "files": {**manifest["files"], path: {"sha256": "0" * 64, "bytes": 1}}}),
        )
    rng = random.Random(seed)
    for _ in range(700):
        yield "contract", sealed(mutated(DOCUMENT, rng))
        yield "manifest", json.dumps(mutated(manifest, rng))
        yield "vector", json.dumps(mutated(vector, rng))


def is_refused(kind, data):
    """Whether a reader refuses a document."""
    try:
        READERS[kind](data)
    except FerEdgeError:
        return True
    return False
