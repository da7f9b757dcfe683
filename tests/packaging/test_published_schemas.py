"""docs/schema: the files are what the records say, and another reader of JSON Schema takes our documents by them."""

import json
import runpy

import pytest

from fer_edge.bench.results.records import Artifact, Block, Record, Result
from support.paths import GOLDEN, ROOT

FOLDER = ROOT / "docs" / "schema"
CAMERA = GOLDEN / "camera"


def checker(name):
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((FOLDER / f"{name}.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_the_files_are_what_the_records_say():
    """If not: python docs/schema/generate.py"""
    wanted = runpy.run_path(str(FOLDER / "generate.py"))["schema_texts"]()
    assert {path.name: path.read_text() for path in FOLDER.glob("*.json")} == wanted


def test_a_bundles_documents_are_valid(builtin_bundle):
    manifest = json.loads((builtin_bundle / "manifest.json").read_text())
    checker("fer-edge-manifest-2").validate(manifest)
    for artifact in manifest["artifacts"]:
        checker("fer-edge-contract-1").validate(json.loads(artifact["contract"]))
    for path in (builtin_bundle / "golden").glob("*.json"):
        checker("golden-vector").validate(json.loads(path.read_text()))


@pytest.mark.parametrize("path", sorted(CAMERA.glob("*.json")), ids=lambda path: path.stem)
def test_committed_vectors_are_valid(path):
    checker("golden-vector").validate(json.loads(path.read_text()))


@pytest.fixture
def contract(builtin_bundle):
    path = sorted(builtin_bundle.glob("*.contract.json"))[0]
    return json.loads(path.read_text())


SPOILED = {
    "unknown key": lambda document: document.update(more=1),
    "missing key": lambda document: document.pop("camera"),
    "schema of the future": lambda document: document.update(schema="fer-edge-contract/2"),
    "label twice": lambda document: document.update(labels=["a", "a"]),
    "two channels": lambda document: document["input"].update(channels=2),
    "width of a giant": lambda document: document["input"].update(width=8193),
    "std zero": lambda document: document["normalization"].update(std=[0]),
    "margin negative": lambda document: document["camera"].update(crop_margin=-0.1),
    "hash in capitals": lambda document: document.update(sha256="A" * 64),
}


@pytest.mark.parametrize("name", SPOILED, ids=lambda name: name.replace(" ", "-"))
def test_spoiled_contracts_are_not_valid(contract, name):
    SPOILED[name](contract)
    assert not checker("fer-edge-contract-1").is_valid(contract)


@pytest.fixture
def result():
    record = Record("tflite-int8", "litert 2", 1, "inference", (0.001, 0.002), blocks=(Block(0, 0, 2, 0.5),))
    artifact = Artifact("tflite-int8", "litert 2", 1, "m.tflite", "f" * 64, 12, "pass", 0.9)
    return Result({"cpu": "c"}, (record,), artifacts=(artifact,), complete=False).document()


def test_results_are_valid_with_every_member_and_with_the_apps_alone(result):
    checker("fer-edge-bench-1").validate(result)
    for member in ("target", "mode", "artifacts", "complete"):
        del result[member]
    del result["records"][0]["blocks"]
    checker("fer-edge-bench-1").validate(result)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda record: record.update(samples=[]),
        lambda record: record.update(samples=[-1.0]),
        lambda record: record.update(stage="inferense"),
        lambda record: record.update(blocks=[[0, 0, 2]]),
        lambda record: record.pop("trusted"),
    ],
    ids=["empty", "negative", "stage", "short-block", "missing"],
)
def test_spoiled_results_are_not_valid(result, spoil):
    spoil(result["records"][0])
    assert not checker("fer-edge-bench-1").is_valid(result)
