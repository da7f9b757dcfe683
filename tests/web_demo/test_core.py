"""The TypeScript core: its own tests, and the same answers as Python's runtime, byte for byte, for whatever comes."""

import base64
import random

import pytest

from fer_edge.predict.tracking import FaceTracker
from support import node
from support import tiny_artifacts as tiny
from support.paths import ROOT
from support.python_answers import documents, hashes_of, is_refused
from support.random_vectors import random_vectors

HERE = ROOT / "tests/web_demo"


def test_its_own_tests_and_types(core):
    """All golden vectors, those of FER_EDGE_GOLDEN too."""
    node.run(["npm", "run", "check"], cwd=core)
    node.run(["npm", "test"], cwd=core)


def test_random_frames_give_python_s_bytes(core):
    cases = random_vectors(3000, seed=12)
    answers = node.ask(HERE / "run_vectors.mjs", cases)
    wanted = [hashes_of(case) for case in cases]
    found = ["error" if "error" in answer else answer for answer in answers]
    differing = [case["name"] for case, one, other in zip(cases, found, wanted, strict=True) if one != other]
    assert differing == []
    assert 100 < wanted.count("error") < 1500


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return tiny.write_bundle(tmp_path_factory.mktemp("bundles") / "bundle")


def test_documents_are_taken_and_refused_as_in_python(core, bundle):
    cases = documents(bundle, "documents")
    lines = [{"kind": kind, "data": base64.b64encode(data).decode()} for kind, data in cases]
    answers = node.ask(HERE / "read_documents.mjs", lines)
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


def random_clips(count):
    """Boxes of a few faces that wander, tremble, leave and come back, by the times of their frames."""
    rng = random.Random("clips")
    for _ in range(count):
        faces = [
            [rng.uniform(0, 600), rng.uniform(0, 400), rng.uniform(40, 160)] for _ in range(rng.randint(1, 5))
        ]
        nanos, frames = 0, []
        for _ in range(40):
            nanos += rng.choice(
                (33_333_333, 33_333_333, 200_000_000, 1_000_000_000, 1_000_000_001, -50_000_000)
            )
            boxes = []
            for face in faces:
                face[0] += rng.uniform(-0.4, 0.4) * face[2]
                face[1] += rng.choice((0, 0, rng.uniform(-0.4, 0.4) * face[2]))
                if rng.random() < 0.8:
                    left, top = (round(face[0]), round(face[1])) if rng.random() < 0.5 else face[:2]
                    boxes.append([left, top, left + face[2], top + face[2]])
            rng.shuffle(boxes)
            frames.append([boxes, nanos])
        yield frames


def test_faces_keep_their_numbers_as_in_python(core):
    clips = list(random_clips(200))
    wanted = []
    for frames in clips:
        tracker = FaceTracker()
        wanted.append([tracker.follow([tuple(box) for box in boxes], nanos) for boxes, nanos in frames])
    assert node.ask(HERE / "follow_faces.mjs", clips) == wanted
    assert max(number for numbers in wanted[0] for number in numbers) > 5
