"""The committed cases, and any in the folder that FER_EDGE_GOLDEN names."""

import json
import os

import pytest

from fer_edge.runtime.golden import ERROR_WORDS, Vector, read_vectors
from support.camera_cases import cases
from support.generate_camera_vectors import vector_text
from support.paths import GOLDEN

CAMERA = GOLDEN / "camera"
MORE = os.environ.get("FER_EDGE_GOLDEN")
VECTORS = read_vectors(CAMERA) + (read_vectors(MORE) if MORE else [])
CASES = {case["name"]: case for case in cases()}


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
def test_camera_path_gives_these_bytes(vector):
    assert vector.fault() is None


def test_there_are_enough_of_each_kind():
    committed = read_vectors(CAMERA)
    assert len(committed) >= 80
    assert {vector.name for vector in committed} == set(CASES)
    assert {getattr(vector.expect, "error", None) for vector in committed} == {None, *ERROR_WORDS}
    for dtype in ("float32", "int8", "uint8"):
        assert sum(vector.target.input.dtype == dtype for vector in committed) >= 4


@pytest.mark.parametrize(
    "name",
    [
        "nv21-odd-rot90-mirror", "i420-padded", "rgba-padded-odd-bytes", "margin-float64", "wide-61-to-300",
        "tall-61-to-300", "int8-half-to-even", "uint8-rgb-nhwc", "error-short-v-nv21", "error-stride-pixels-differ",
    ],
)  # fmt: skip
def test_committed_cases_are_what_the_scalar_reference_says(name):
    assert (CAMERA / f"{name}.json").read_text() == vector_text(CASES[name])


def test_a_wrong_hash_is_noticed():
    document = json.loads((CAMERA / "nv21-even.json").read_text())
    document["expect"]["scaled_sha256"] = "0" * 64
    assert Vector.parse(json.dumps(document)).fault() == "nv21-even: scaled_sha256 differ"


def test_an_error_that_does_not_come_is_noticed():
    document = json.loads((CAMERA / "nv21-even.json").read_text())
    document["expect"] = {"error": "box"}
    assert "no error" in Vector.parse(json.dumps(document)).fault()


def test_an_error_of_another_kind_is_noticed():
    document = json.loads((CAMERA / "error-rotation-45.json").read_text())
    document["expect"] = {"error": "box"}
    assert "unexpected error" in Vector.parse(json.dumps(document)).fault()
