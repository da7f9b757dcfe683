"""The JVM reactor from Python: all of its tests, both APKs, and an app around somebody else's model. One file, so that one process has the tree."""

import gzip
import json
import zipfile
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from support import drawn_face, photographed_face
from support.paths import DEMO_BUNDLE
from support.processes import python

# One run of Maven serves them all; with a cold cache it downloads 1 GB first.
BUILDS = pytest.mark.timeout(3600)
LARGEST_APK = 3_000_000
LARGEST_ONNX_APK = 16_000_000


@pytest.mark.slow
@BUILDS
def test_the_reactor_verifies_and_the_apk_is_small(built):
    target = built.demo / "app/target"
    apk = target / "fer-edge-arm64.apk"
    assert apk.stat().st_size <= LARGEST_APK
    with zipfile.ZipFile(apk) as packed:
        models = [entry for entry in packed.infolist() if entry.filename.endswith(".tflite")]
    assert {entry.compress_type for entry in models} == {zipfile.ZIP_STORED}
    badging = (target / "badging-arm64.txt").read_text(encoding="utf-8").splitlines()
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
    mapping = (target / "fer-edge-mapping.txt").read_text(encoding="utf-8")
    assert "io.github.feredge.app.live.LiveWorker -> " in mapping


@pytest.mark.slow
@BUILDS
def test_the_onnx_flavor_holds_onnx_runtime_and_nothing_else(onnx_app):
    apk = onnx_app / "target/onnx/fer-edge-onnx-arm64.apk"
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
@BUILDS
def test_a_foreign_model_needs_no_change_of_the_app(built):
    """Another size, three channels, five labels: exported into a copy of the app, which was built and started."""
    with zipfile.ZipFile(built.foreign / "target/fer-edge-arm64.apk") as packed:
        assert "assets/bundle/foreign-fp32.tflite" in packed.namelist()
    (report,) = (built.foreign / "target/surefire-reports").glob("TEST-*.MainActivityTest.xml")
    suite = ElementTree.parse(report).getroot()
    assert int(suite.get("tests")) > 0
    assert suite.get("skipped") == "0"
