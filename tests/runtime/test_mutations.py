"""Documents with one or two members replaced, removed or added: read, or refused in one printable sentence."""

import json
import random

import pytest

from fer_edge.runtime import Contract, FerEdgeError
from fer_edge.runtime.golden import Vector
from fer_edge.runtime.manifest import Manifest
from support import tiny_artifacts as tiny
from support.contracts import DOCUMENT, sealed
from support.paths import GOLDEN
from support.refused_documents import mutated

VECTOR = GOLDEN / "camera" / "nv21-odd.json"


def read_vector(text):
    Vector.parse(text).fault()


def read_contract(text):
    # Sealed again, so that the hash is not what refuses it.
    Contract.parse(sealed(json.loads(text)))


@pytest.fixture(scope="module")
def documents(tmp_path_factory):
    bundle = tiny.write_bundle(tmp_path_factory.mktemp("bundles") / "bundle")
    return {
        "manifest": (json.loads((bundle / "manifest.json").read_text()), Manifest.parse),
        "vector": (json.loads(VECTOR.read_text()), read_vector),
        "contract": (DOCUMENT, read_contract),
    }


@pytest.mark.parametrize("name", ["manifest", "vector", "contract"])
def test_mutated_documents(documents, name):
    document, read = documents[name]
    rng = random.Random(name)
    refused = []
    for _ in range(600):
        changed = mutated(document, rng)
        try:
            read(json.dumps(changed))
        except FerEdgeError as error:
            refused.append(str(error))
    assert len(refused) > 300
    assert all(sentence.isprintable() and len(sentence) < 2500 for sentence in refused)
