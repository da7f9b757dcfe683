"""The Swift core: its own tests, and the same answers as Python's runtime, byte for byte, for whatever comes."""

import json
import re

from support import tiny_artifacts as tiny
from support.paths import GOLDEN
from support.python_answers import documents, hashes_of, is_refused
from support.random_vectors import random_vectors


def test_its_own_tests(made):
    """All golden vectors, those of FER_EDGE_GOLDEN too; no block of memory is taken for a frame."""
    count = len(list((GOLDEN / "camera").glob("*.json")))
    (vectors,) = re.findall(r"(\d+) golden vectors, every byte of every stage equal", made)
    assert int(vectors) >= count
    assert re.findall(r'"allocations_in_1000_frames": (\d+)', made) == ["0"] * 4


def test_random_frames_give_python_s_bytes(ask):
    cases = random_vectors(3000, seed=15)
    answers = ask(("run", json.dumps(case).encode()) for case in cases)
    wanted = [hashes_of(case) for case in cases]
    differing = [
        case["name"] for case, one, other in zip(cases, answers, wanted, strict=True) if one != other
    ]
    assert differing == []
    assert 100 < wanted.count("error") < 1500


def test_documents_are_taken_and_refused_as_in_python(ask, tmp_path):
    cases = documents(tiny.write_bundle(tmp_path / "bundle"), "documents of Swift")
    answers = ask(cases)
    differing = [
        (kind, data[:2000], answer)
        for (kind, data), answer in zip(cases, answers, strict=True)
        if (answer is not None) != is_refused(kind, data)
    ]
    assert differing == []
    sentences = [answer for answer in answers if answer is not None]
    assert len(sentences) > 1000
    assert all(
        sentence.isascii() and sentence.isprintable() and len(sentence) < 2500 for sentence in sentences
    )
