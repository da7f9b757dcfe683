"""fer-verify on bundles that somebody has touched."""

import hashlib
import json
import shutil
import sys

import pytest


@pytest.fixture
def bundle(foreign_bundle, tmp_path):
    """A copy that may be changed."""
    return shutil.copytree(foreign_bundle, tmp_path / "bundle")


def manifest(bundle):
    return json.loads((bundle / "manifest.json").read_text())


def rewrite(bundle, document):
    (bundle / "manifest.json").write_text(json.dumps(document))


def relist(bundle, name):
    """Make the manifest agree with a changed file, as a forger would."""
    document, data = manifest(bundle), (bundle / name).read_bytes()
    document["files"][name] = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    rewrite(bundle, document)


def test_a_sound_bundle_passes_without_importing_what_it_names(bundle, verify):
    code, document, _ = verify(bundle, "--json")
    assert code == 0
    checks = {check["name"]: check["verdict"] for check in document["checks"]}
    assert checks == {"files": "pass", "contracts": "pass", "golden": "pass", "reference": "not-run"}
    (artifact,) = document["artifacts"]
    assert artifact["verdict"] == "pass"
    assert artifact["golden"]["verdict"] == "pass"
    assert artifact["parity"] is None
    assert "repeat --arch somebodys_net:tiny" in artifact["reason"]


def test_repeating_the_architecture_measures_parity_again(bundle, verify):
    code, document, _ = verify(bundle, "--json", "--arch", "somebodys_net:tiny")
    assert code == 0
    assert document["artifacts"][0]["parity"]["verdict"] == "pass"
    assert document["artifacts"][0]["parity"]["inputs"] == 16
    code, _, texts = verify(bundle, "--arch", "other_net:tiny")
    assert code == 2
    assert "repeat --arch somebodys_net:tiny" in texts.err


@pytest.mark.parametrize("name", ["tiny-fp32.pt", "labels.txt", "reference.safetensors", "README.md"])
def test_a_changed_byte_is_exit_3_and_names_the_file(name, bundle, verify):
    data = bytearray((bundle / name).read_bytes())
    data[len(data) // 2] ^= 1
    (bundle / name).write_bytes(data)
    code, document, texts = verify(bundle, "--json")
    assert code == 3
    assert name in texts.err
    assert document["exit_code"] == 3


def test_unlisted_and_missing_files_are_exit_3(bundle, verify):
    (bundle / "golden" / "note.txt").write_text("hello")
    (bundle / "golden" / "link").symlink_to("note.txt")
    (bundle / "README.md").unlink()
    code, _, texts = verify(bundle)
    assert code == 3
    for name in ("golden/note.txt", "golden/link", "README.md"):
        assert name in texts.err


@pytest.mark.parametrize("name", ["labels.txt", "golden"])
def test_a_listed_path_that_is_a_link_is_unsafe_and_exit_1(name, bundle, verify):
    (bundle / name).rename(bundle.parent / "elsewhere")
    (bundle / name).symlink_to(bundle.parent / "elsewhere")
    code, document, texts = verify(bundle, "--json")
    assert code == 1
    assert "is a link or lies behind one" in texts.err
    assert document["error"]["exit_code"] == 1


@pytest.mark.parametrize(
    "change",
    [
        {"schema": "fer-edge-manifest/3"},
        {"surprise": 1},
        {"files": {"../outside": {"sha256": "0" * 64, "bytes": 1}}},
        {"files": {"/etc/passwd": {"sha256": "0" * 64, "bytes": 1}}},
    ],
)
def test_a_manifest_that_cannot_be_trusted_is_exit_1(change, bundle, verify):
    rewrite(bundle, manifest(bundle) | change)
    code, document, texts = verify(bundle, "--json")
    assert code == 1
    assert document["error"]["exit_code"] == 1
    assert "Traceback" not in texts.err


@pytest.mark.parametrize("what", ["missing", "not JSON", "no folder"])
def test_no_readable_manifest_is_exit_1(what, bundle, verify):
    if what == "missing":
        (bundle / "manifest.json").unlink()
    elif what == "not JSON":
        (bundle / "manifest.json").write_text("{")
    else:
        bundle = bundle / "nowhere"
    assert verify(bundle)[0] == 1


def test_a_forged_contract_is_found_although_its_hash_is_listed(bundle, verify):
    document = manifest(bundle)
    text = document["artifacts"][0]["contract"].replace('"mirror":false', '"mirror":true')
    document["artifacts"][0]["contract"] = text
    rewrite(bundle, document)
    (bundle / "tiny-fp32.pt.contract.json").write_text(text)
    relist(bundle, "tiny-fp32.pt.contract.json")
    code, _, texts = verify(bundle)
    assert code == 3
    assert "torchscript-fp32" in texts.err


def test_forged_golden_answers_are_found(bundle, verify):
    name = next(name for name in manifest(bundle)["files"] if name.startswith("golden/"))
    case = json.loads((bundle / name).read_text())
    case["probabilities"] = case["probabilities"][::-1]
    (bundle / name).write_text(json.dumps(case))
    relist(bundle, name)
    code, _, texts = verify(bundle, "--arch", "somebodys_net:tiny")
    assert code == 3
    assert case["name"] in texts.err


def test_an_artifact_that_is_no_archive_is_a_sentence(bundle, verify):
    (bundle / "tiny-fp32.pt").write_bytes(b"not a zip")
    relist(bundle, "tiny-fp32.pt")
    document = manifest(bundle)
    document["artifacts"][0]["bytes"] = 9
    rewrite(bundle, document)
    code, _, texts = verify(bundle)
    assert code == 3
    assert "tiny-fp32.pt" in texts.err
    assert "Traceback" not in texts.err


@pytest.mark.slow
def test_the_builtin_bundle_is_proved_with_its_reference_weights(builtin_bundle, verify):
    code, document, _ = verify(builtin_bundle, "--json")
    assert code == 0
    verdicts = {entry["variant"]: entry["parity"]["verdict"] for entry in document["artifacts"]}
    assert verdicts == dict.fromkeys(("torchscript-fp32", "onnx-fp32", "tflite-fp32", "coreml-fp32"), "pass")


def test_a_missing_library_is_not_the_bundles_fault(bundle, verify, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)  # what Python itself takes for "not installed"
    code, _, said = verify(bundle, "--arch", "somebodys_net:tiny", "--json")
    assert code == 1
    assert "torch is not installed: pip install -e '.[export-base]' in the checkout" in said.err


ACCURACY = {
    "source": "faces", "samples": 300, "reference": 0.91, "artifact": 0.9, "drop_interval": [0.0, 0.02], "verdict": "pass",
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"parity": {"engine": "quantumlite 9.1"}}, "engine 'quantumlite 9.1'; torchscript is run by torch"),
        ({"parity": {"max_abs": 9e-5}}, "largest difference is 9e-05; measured now"),
        ({"parity": {"top1_agreement": 0.5}}, "own figures are beyond its limits"),
        ({"parity": {"max_abs": 0.3}}, "own figures are beyond its limits"),
        (
            {"parity": {"limit": {"max_abs": 0.9, "top1_agreement": 0.1}}},
            "0.9 and agreement 0.1 were allowed",
        ),
        (
            {"accuracy": {**ACCURACY, "artifact": 0.9999}},
            "accuracy of 0.9999 (artifact) is impossible with 300",
        ),
        ({"accuracy": {**ACCURACY, "samples": 0}}, "impossible with 0 pictures"),
        ({"accuracy": {**ACCURACY, "artifact": 0.99}}, "outside its own interval"),
        ({"accuracy": {**ACCURACY, "artifact": 0.5, "drop_interval": [0.4, 0.42]}}, "recorded as pass, but"),
    ],
)
def test_what_the_manifest_invents_is_found(change, said, bundle, verify):
    document = manifest(bundle)
    entry = document["artifacts"][0]
    for key, value in change.items():
        entry[key] = {**entry[key], **value} if key == "parity" else value
    rewrite(bundle, document)
    code, found, texts = verify(bundle, "--json", "--arch", "somebodys_net:tiny")
    assert code == 3
    assert said in texts.err
    assert found["artifacts"][0]["verdict"] == "fail"


def test_what_nobody_looked_at_is_named(bundle, verify):
    document = manifest(bundle)
    document["artifacts"][0]["accuracy"] = ACCURACY
    document["extra"]["limits"] = {"max_accuracy_drop": 0.1}
    rewrite(bundle, document)
    code, found, _ = verify(bundle, "--json")
    assert code == 0
    said = " ".join(found["not_checked"])
    for words in (
        "parity as recorded of torchscript-fp32",
        "accuracy of torchscript-fp32: its pictures",
        "max_accuracy_drop 0.1",
        "checkpoint_sha256",
    ):
        assert words in said
    assert "Not checked: accuracy of torchscript-fp32" in verify(bundle)[2].out
    again = verify(bundle, "--json", "--arch", "somebodys_net:tiny")[1]
    assert not any(text.startswith("parity") for text in again["not_checked"])
