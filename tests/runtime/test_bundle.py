import json
import os
import shutil

import pytest

from fer_edge.runtime import BundleError, load
from fer_edge.runtime.atomic_folder import previous_path
from fer_edge.runtime.bundle import open_bundle
from fer_edge.runtime.manifest import Manifest
from support import tiny_artifacts as tiny
from support.refused_documents import HOSTILE_MANIFESTS, SPOILED_MANIFESTS, UNSAFE_PATHS


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    return tiny.write_bundle(tmp_path_factory.mktemp("bundles") / "bundle")


@pytest.fixture
def bundle(original, tmp_path):
    return shutil.copytree(original, tmp_path / "bundle")


def document(bundle):
    return json.loads((bundle / "manifest.json").read_text())


def test_a_sound_bundle(bundle):
    opened = open_bundle(bundle)
    assert opened.check_files() == []
    assert opened.find_unlisted() == []
    for artifact in opened.manifest.artifacts:
        assert opened.check_artifact(artifact).model == "tiny"
    assert len(opened.sha256) == 64


def test_manifest_survives_a_round_trip(bundle):
    manifest = open_bundle(bundle).manifest
    assert Manifest.parse(manifest.to_json()) == manifest
    assert Manifest.parse(manifest.to_json()).to_json() == manifest.to_json()
    assert json.loads(manifest.to_json()) == document(bundle)


def test_a_manifest_of_version_1_is_read_and_stays_one(bundle):
    older = tiny.version_1(document(bundle))
    found = Manifest.parse(json.dumps(older))
    assert json.loads(found.to_json()) == older
    assert {artifact.faithful for artifact in found.artifacts} == {None}
    assert Manifest.parse(json.dumps(document(bundle))).artifacts[0].faithful.layers.weakest.snr_db == 31.5


@pytest.mark.parametrize(
    ("version", "member"), [("1", "faithful"), ("2", "faithful"), ("1", "p99_abs"), ("2", "p99_abs")]
)
def test_a_member_belongs_to_its_version(bundle, version, member):
    text = document(bundle) if version == "2" else tiny.version_1(document(bundle))
    artifact = text["artifacts"][0]
    place = artifact if member == "faithful" else artifact["parity"]
    if version == "2":
        del place[member]
    else:
        place[member] = None
    with pytest.raises(BundleError, match=member):
        Manifest.parse(json.dumps(text))


def test_another_version_is_refused_by_naming_those_that_are_read(bundle):
    with pytest.raises(BundleError, match="allowed: fer-edge-manifest/1, fer-edge-manifest/2"):
        Manifest.parse(json.dumps(document(bundle) | {"schema": "fer-edge-manifest/3"}))


@pytest.mark.parametrize("name", ["tiny-fp32.tflite", "tiny-fp32.tflite.contract.json"])
def test_a_changed_byte(bundle, name):
    path = bundle / name
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes(data)
    with pytest.raises(BundleError, match="was changed"):
        load(bundle)
    assert len(open_bundle(bundle).check_files()) == 1


@pytest.mark.parametrize("name", ["tiny-fp32.tflite", "tiny-fp32.tflite.contract.json"])
def test_an_appended_byte(bundle, name):
    with (bundle / name).open("ab") as file:
        file.write(b" ")
    with pytest.raises(BundleError, match="it was changed"):
        load(bundle)


def test_a_missing_file(bundle):
    (bundle / "tiny-fp32.tflite").unlink()
    with pytest.raises(BundleError, match=r"tiny-fp32\.tflite .* cannot be opened"):
        load(bundle)


def test_what_is_not_opened_is_not_read(bundle):
    (bundle / "tiny-fp32.onnx").write_bytes(b"changed")
    assert load(bundle, variant="tflite-fp32").variant == "tflite-fp32"


def test_a_file_behind_a_link(bundle, tmp_path):
    (bundle / "tiny-fp32.tflite").rename(tmp_path / "elsewhere")
    (bundle / "tiny-fp32.tflite").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BundleError, match="link"):
        load(bundle)
    assert "link" in open_bundle(bundle).check_files()[0]


def test_a_folder_behind_a_link(bundle, tmp_path):
    (bundle / "tiny-fp32.mlpackage" / "Data").rename(tmp_path / "Data")
    (bundle / "tiny-fp32.mlpackage" / "Data").symlink_to(tmp_path / "Data")
    with pytest.raises(BundleError, match="link"):
        load(bundle, variant="coreml-fp32")


def test_a_fifo_is_refused_and_not_waited_for(bundle):
    (bundle / "tiny-fp32.tflite").unlink()
    os.mkfifo(bundle / "tiny-fp32.tflite")
    with pytest.raises(BundleError, match="no plain file"):
        load(bundle)


def test_unlisted_files(bundle):
    (bundle / "more.txt").write_text("x")
    (bundle / "empty").mkdir()
    (bundle / "folder").mkdir()
    (bundle / "folder" / "inside.txt").write_text("x")
    (bundle / "link").symlink_to("labels.txt")
    assert open_bundle(bundle).find_unlisted() == ["empty", "folder/inside.txt", "link", "more.txt"]


def test_an_unlisted_file_in_a_package(bundle):
    (bundle / "tiny-fp32.mlpackage" / "Data" / "more.bin").write_bytes(b"x")
    with pytest.raises(BundleError, match=r"more\.bin"):
        load(bundle, variant="coreml-fp32")


def test_contracts_that_differ(bundle):
    """The manifest and the file beside say another thing than the artifact; all hashes are right."""
    other = tiny.contract_text(labels=["surprise", "happiness", "neutral"], **tiny.TFLITE)
    (bundle / "tiny-fp32.tflite.contract.json").write_text(other)
    manifest = document(bundle)
    manifest["files"] = tiny.file_entries(bundle)
    manifest["artifacts"][1]["contract"] = other
    tiny.write_manifest(bundle, manifest)
    with pytest.raises(BundleError, match="contract inside"):
        load(bundle)
    manifest["artifacts"][1]["contract"] = tiny.contract_text(**tiny.TFLITE)
    tiny.write_manifest(bundle, manifest)
    with pytest.raises(BundleError, match="differs from the contract"):
        load(bundle)


def test_default_needs_a_pass(bundle):
    manifest = document(bundle)
    manifest["artifacts"][1]["parity"] |= {"verdict": "fail"}
    tiny.write_manifest(bundle, manifest)
    assert load(bundle).variant == "onnx-fp32"
    for artifact in manifest["artifacts"]:
        artifact["parity"] |= {"verdict": "not-run", "reason": "no engine"}
    tiny.write_manifest(bundle, manifest)
    with pytest.raises(BundleError, match=r"name one of its variants .*: onnx-fp32, tflite-fp32"):
        load(bundle)
    assert load(bundle, variant="tflite-fp32").variant == "tflite-fp32"


def test_wrong_size_of_an_artifact(bundle):
    manifest = document(bundle)
    manifest["artifacts"][1]["bytes"] += 1
    tiny.write_manifest(bundle, manifest)
    with pytest.raises(BundleError, match=r"its entry in manifest\.json says"):
        load(bundle)


def test_no_manifest(bundle):
    (bundle / "manifest.json").unlink()
    with pytest.raises(BundleError, match=r"has no manifest\.json"):
        load(bundle)


def test_manifest_is_a_link(bundle, tmp_path):
    (bundle / "manifest.json").rename(tmp_path / "manifest.json")
    (bundle / "manifest.json").symlink_to(tmp_path / "manifest.json")
    with pytest.raises(BundleError, match="link"):
        open_bundle(bundle)


def test_manifest_is_a_folder(bundle):
    (bundle / "manifest.json").unlink()
    (bundle / "manifest.json").mkdir()
    with pytest.raises(BundleError, match="no plain file"):
        open_bundle(bundle)


def test_a_run_killed_between_two_renames_is_recovered(bundle):
    bundle.rename(previous_path(bundle))
    assert load(bundle).variant == "tflite-fp32"


@pytest.mark.parametrize("name", UNSAFE_PATHS)
def test_unsafe_paths_in_files(bundle, name):
    manifest = document(bundle)
    manifest["files"][name] = {"sha256": "0" * 64, "bytes": 1}
    tiny.write_manifest(bundle, manifest)
    with pytest.raises(BundleError, match=r"manifest\.json"):
        load(bundle)


@pytest.mark.parametrize("name", ["/tmp/x.tflite", "../x.tflite", "x.tflite", "tiny-fp32.onnx", 3, None])
def test_unsafe_paths_of_artifacts(bundle, name):
    manifest = document(bundle)
    manifest["artifacts"][1]["path"] = name
    tiny.write_manifest(bundle, manifest)
    with pytest.raises(BundleError, match=r"artifacts\[1\]\.path"):
        load(bundle)


@pytest.mark.parametrize("case", SPOILED_MANIFESTS, ids=lambda case: case.replace(" ", "-"))
def test_spoiled_manifests(bundle, case):
    manifest = document(bundle)
    SPOILED_MANIFESTS[case](manifest)
    tiny.write_manifest(bundle, manifest)
    with pytest.raises(BundleError, match=r"manifest\.json"):
        load(bundle)


@pytest.mark.parametrize("case", HOSTILE_MANIFESTS, ids=lambda case: case.replace(" ", "-"))
def test_hostile_manifests(bundle, case):
    (bundle / "manifest.json").write_bytes(HOSTILE_MANIFESTS[case])
    with pytest.raises(BundleError, match=r"manifest\.json") as caught:
        load(bundle)
    assert len(str(caught.value)) < 600


def test_links_are_refused_where_other_faults_are_listed(bundle, tmp_path):
    (bundle / "labels.txt").unlink()
    opened = open_bundle(bundle)
    opened.refuse_links()
    (bundle / "labels.txt").symlink_to(tmp_path / "nowhere")
    with pytest.raises(BundleError, match=r"labels\.txt .* link"):
        opened.refuse_links()
