"""The app with ONNX Runtime, as its page builds it: a bundle of .onnx files, Android's libraries from npm, the app's own test."""

import os
import shutil
import zipfile

import pytest

from support.paths import ROOT
from support.processes import python

DEMO = ROOT / "android_demo"
LARGEST_APK = 16_000_000


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
    demo, bundle = tmp_path / "android_demo", tmp_path / "bundle"
    shutil.copytree(DEMO, demo, ignore=shutil.ignore_patterns("target", ".gradle", "build"))
    words = ("--format", "onnx", "--precision", "fp32,int8", "--out", bundle)
    python("-m", "fer_edge.export.cli", *words, cwd=tmp_path, check=True)
    maven(
        "-pl", "app", "-am", "-Ponnx", "package", f"-Dfer.edge.bundle={bundle}", f"-Dfer.edge.root={ROOT}",
        "-Dtest=OnnxFlavorTest", "-Dsurefire.failIfNoSpecifiedTests=false", demo=demo,
    )  # fmt: skip
    apk = demo / "app/target/onnx/fer-edge-onnx-arm64.apk"
    assert apk.stat().st_size <= LARGEST_APK
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
