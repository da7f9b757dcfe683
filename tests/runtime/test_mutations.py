"""Documents with one or two members replaced, removed or added: read, or refused in one printable sentence."""

import copy
import json
import random

import pytest

from fer_edge.runtime import Contract, FerEdgeError
from fer_edge.runtime.golden import Vector
from fer_edge.runtime.manifest import Manifest
from support import tiny_artifacts as tiny
from support.contracts import DOCUMENT, sealed
from support.paths import GOLDEN

VALUES = [None, True, 0, -1, 1e308, 10**400, "", "x" * 2000, [], {}, [[]], {"a": 1}, "\ud800", 1.5, "../x"]
VECTOR = GOLDEN / "camera" / "nv21-odd.json"


def mutated(document, rng):
    place = result = copy.deepcopy(document)
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = rng.choice(keys)
        if isinstance(place[key], dict | list) and place[key] and rng.random() < 0.8:
            place = place[key]
            continue
        what = rng.random()
        if isinstance(place, dict) and what < 0.15:
            del place[key]
        elif isinstance(place, dict) and what < 0.25:
            place["another"] = 1
        else:
            place[key] = rng.choice(VALUES)
        return result


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
