"""The core in a real browser: every golden vector, and each engine against the probabilities of the PyTorch original."""

import json

import pytest

from fer_edge.export.parity.tolerances import TOLERANCES
from fer_edge.runtime.golden import read_vectors
from support import node
from support.paths import DEMO_BUNDLE, GOLDEN


def in_browser(core, **asked):
    asked["chromium"] = node.require_chromium()
    told = {
        name: [str(one) for one in value] if isinstance(value, list) else str(value)
        for name, value in asked.items()
    }
    return json.loads(node.run(["node", "checks/browser.mjs", json.dumps(told)], cwd=core))


@pytest.fixture(scope="module")
def found(core, builtin_bundle):
    return in_browser(core, bundle=builtin_bundle, vectors=[GOLDEN / "camera"])


def test_every_vector_gives_its_bytes(found):
    assert found["faults"] == []
    assert found["vectors"] == len(read_vectors(GOLDEN / "camera"))


def differing(rows):
    """Variants whose answers are further from the original's than their precision may be, or have another first label."""
    return [
        row
        for row in rows
        if row["refused"] is None
        and (
            row["maxAbs"] > TOLERANCES[row["variant"].split("-")[1]].max_abs
            or row["sameFirst"] < row["cases"]
        )
    ]


def test_both_engines_answer_as_the_original(found):
    assert {(row["engine"], row["variant"]) for row in found["engines"]} == {
        ("litert", "tflite-fp32"), ("onnxruntime", "onnx-fp32"),
    }  # fmt: skip
    assert all(row["refused"] is None for row in found["engines"])
    assert differing(found["engines"]) == []


def test_int8_answers_as_the_original(core, builtin_bundle):
    """The ready bundle holds the same model."""
    rows = in_browser(core, bundle=DEMO_BUNDLE, golden=builtin_bundle)["engines"]
    assert [row["variant"] for row in rows] == ["tflite-fp32", "tflite-int8"]
    assert differing(rows) == []
