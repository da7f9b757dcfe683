"""The JVM reactor from Python: all of its tests, both APKs, and an app around somebody else's model. One file, so that one process has the tree."""

import gzip
import json
import os
import shutil
import zipfile

import numpy as np
import pytest
from PIL import Image

from support import drawn_face, photographed_face
from support.paths import DEMO_BUNDLE, ROOT
from support.processes import python

DEMO = ROOT / "android_demo"
LARGEST_APK = 3_000_000
LARGEST_ONNX_APK = 16_000_000


@pytest.mark.slow
@pytest.mark.timeout(1800)  # with a cold Maven cache it downloads 1 GB first
def test_the_reactor_verifies_and_the_apk_is_small(maven):
    maven("verify")
    apk = DEMO / "app/target/fer-edge-arm64.apk"
    assert apk.stat().st_size <= LARGEST_APK
    with zipfile.ZipFile(apk) as packed:
        models = [entry for entry in packed.infolist() if entry.filename.endswith(".tflite")]
    assert {entry.compress_type for entry in models} == {zipfile.ZIP_STORED}
    badging = (DEMO / "app/target/badging-arm64.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in badging if line.startswith("uses-permission")] == [
        "uses-permission: name='android.permission.CAMERA'"
    ]
    assert "targetSdkVersion:'36'" in badging
    # No camera at the back, no autofocus: whatever the permission implies is said not to be needed.
    assert not [
        line for line in badging if line.strip().startswith(("uses-feature:", "uses-implied-feature:"))
    ]
    assert "application: label='fer-edge' icon='res/mipmap-anydpi-v26/icon.xml'" in badging
    assert "locales: '--_--' 'de'" in badging
    mapping = (DEMO / "app/target/fer-edge-mapping.txt").read_text(encoding="utf-8")
    assert "io.github.feredge.app.live.LiveWorker -> " in mapping


@pytest.fixture
def npm():
    """Fetches ONNX Runtime for Android."""
    if not shutil.which("npm"):
        sentence = "ONNX Runtime for Android comes by npm (Debian: npm)"
        if os.environ.get("CI"):
            pytest.fail(sentence)
        pytest.skip(sentence)


@pytest.mark.slow
@pytest.mark.timeout(1800)  # with cold caches it downloads 1 GB first
def test_the_onnx_flavor_holds_onnx_runtime_and_nothing_else(tmp_path, npm, maven):
    bundle = tmp_path / "bundle"
    words = ("--format", "onnx", "--precision", "fp32,int8", "--out", bundle)
    python("-m", "fer_edge.export.cli", *words, cwd=tmp_path, check=True)
    maven(
        "-pl", "app", "-am", "-Ponnx", "package", f"-Dfer.edge.bundle={bundle}",
        "-Dtest=OnnxFlavorTest", "-Dsurefire.failIfNoSpecifiedTests=false",
    )  # fmt: skip
    apk = DEMO / "app/target/onnx/fer-edge-onnx-arm64.apk"
    assert apk.stat().st_size <= LARGEST_ONNX_APK
    with zipfile.ZipFile(apk) as packed:
        entries = {entry.filename: entry.compress_type for entry in packed.infolist()}
    assert [name for name in entries if name.endswith((".so", ".dll", ".dylib"))] == [
        "lib/arm64-v8a/libonnxruntime.so",
        "lib/arm64-v8a/libonnxruntime4j_jni.so",
    ]
    models = {name: kind for name, kind in entries.items() if name.endswith((".onnx", ".tflite"))}
    assert models == {
        "assets/bundle/fer-mini-fp32.onnx": zipfile.ZIP_STORED,
        "assets/bundle/fer-mini-int8.onnx": zipfile.ZIP_STORED,
    }


def test_the_drawn_face_is_still_drawn_so():
    parts, box = drawn_face.planes()
    stored = gzip.decompress((drawn_face.FOLDER / "face.i420.gz").read_bytes())
    assert stored == b"".join(parts)
    picture = np.asarray(Image.open(drawn_face.FOLDER / "face.png"))
    np.testing.assert_array_equal(picture, drawn_face.picture(parts))
    faces = json.loads((drawn_face.FOLDER / "faces.json").read_text())
    assert faces["images"][0]["faces"][0]["bbox"] == [str(value) for value in box]


def test_the_photographed_face_is_still_that_of_scikit_image():
    stored = np.asarray(Image.open(photographed_face.FOLDER / "face.jpg"), dtype=np.int16)
    photograph = np.asarray(photographed_face.photograph(), dtype=np.int16)
    assert np.abs(stored - photograph).mean() < 4  # it is a JPEG


@pytest.mark.slow
@pytest.mark.parametrize("face", [drawn_face, photographed_face], ids=["drawn", "photographed"])
def test_fer_predict_still_answers_so(face):
    stored = json.loads((face.FOLDER / "expected.json").read_text())
    found = json.loads(face.predicted())
    assert found.keys() == stored.keys()
    before, now = (document["images"][0]["faces"][0]["probabilities"] for document in (stored, found))
    assert list(before) == list(now)
    # Processors round differently in the last digits.
    np.testing.assert_allclose(list(now.values()), list(before.values()), atol=1e-5)


@pytest.mark.slow
def test_the_ready_bundle_is_what_an_export_writes(tmp_path):
    words = ("--format", "tflite", "--precision", "fp32,int8", "--out", tmp_path / "bundle")
    python("-m", "fer_edge.export.cli", *words, cwd=tmp_path, check=True)
    ready, again = DEMO_BUNDLE, tmp_path / "bundle"
    names = {path.relative_to(ready).as_posix() for path in ready.rglob("*") if path.is_file()}
    assert names == {path.relative_to(again).as_posix() for path in again.rglob("*") if path.is_file()}
    # Measured figures and calibrated scales may differ between processors; all else may not.
    measured = {"manifest.json", "README.md"} | {name for name in names if "int8" in name}
    for name in sorted(names - measured):
        assert (ready / name).read_bytes() == (again / name).read_bytes(), name


@pytest.mark.slow
@pytest.mark.timeout(1800)  # with a cold Maven cache it downloads 1 GB first
def test_a_foreign_model_needs_no_change_of_the_app(tmp_path, maven):
    """Another size, three channels, five labels: exported into a copy of the app, which is then built and started."""
    demo = tmp_path / "android_demo"
    shutil.copytree(DEMO, demo, ignore=shutil.ignore_patterns("target", ".gradle", "build"))
    shutil.rmtree(demo / "bundle")
    (tmp_path / "foreign.py").write_text(FOREIGN)
    python("-c", SAVE, cwd=tmp_path, check=True)
    python(
        "-m", "fer_edge.export.cli", "foreign.pth", "--arch", "foreign:net", "--labels",
        "calm,glad,cross,glum,startled", "--input", "56x48x3", "--mean", "0.4,0.5,0.6", "--std", "0.2,0.25,0.3",
        "--name", "foreign", "--android", demo / "app", "--out", tmp_path / "bundle", cwd=tmp_path, check=True,
    )  # fmt: skip
    expected = tmp_path / "expected.json"
    expected.write_text(drawn_face.predicted(tmp_path / "bundle"))
    maven(
        "-pl", "app", "-am", "package", f"-Dfer.edge.root={ROOT}", f"-Dfer.edge.expected={expected}",
        "-Dtest=MainActivityTest", "-Dsurefire.failIfNoSpecifiedTests=false", demo=demo,
    )  # fmt: skip
    with zipfile.ZipFile(demo / "app/target/fer-edge-arm64.apk") as packed:
        assert "assets/bundle/foreign-fp32.tflite" in packed.namelist()


FOREIGN = """
from torch import nn

def net(num_classes):
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2, padding=1), nn.ReLU(), nn.Conv2d(8, 16, 3, stride=2, padding=1), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, num_classes),
    )
"""
SAVE = """
import torch, foreign
torch.manual_seed(1)
net = foreign.net(5)
for parameter in net.parameters():
    parameter.data.mul_(2)
torch.save(net.state_dict(), "foreign.pth")
"""
