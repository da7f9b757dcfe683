"""What tools/ApkReport.java refuses, on APKs of a few bytes, each wrong in one point."""

import shutil
import struct
import subprocess
import zipfile

import pytest

from support.paths import ROOT

REPORT = ROOT / "android_demo/app/tools/ApkReport.java"
LIBRARIES = ("lib/arm64-v8a/libonnxruntime.so", "lib/arm64-v8a/libonnxruntime4j_jni.so")
BADGING = """
package: name='io.github.feredge.app' versionCode='1'
sdkVersion:'26'
targetSdkVersion:'36'
uses-permission: name='android.permission.CAMERA'
  uses-feature-not-required: name='android.hardware.camera'
  uses-feature-not-required: name='android.hardware.camera.any'
  uses-feature-not-required: name='android.hardware.camera.autofocus'
  uses-feature-not-required: name='android.hardware.camera.front'
application: label='fer-edge' icon='res/mipmap-anydpi-v26/icon.xml'
locales: '--_--' 'de'
"""


def _dex(*classes, mentioned=()):
    """The tables of a dex file that defines classes and mentions other words."""
    words = [*classes, *mentioned]
    strings, types = 112, 112 + 4 * len(words)
    defined = types + 4 * len(words)
    data = defined + 32 * len(classes)
    texts = [bytes([len(word)]) + word.encode() + b"\0" for word in words]
    starts = [data + sum(map(len, texts[:index])) for index in range(len(words))]
    header = bytearray(112)
    struct.pack_into("<II", header, 56, len(words), strings)
    struct.pack_into("<II", header, 64, len(words), types)
    struct.pack_into("<II", header, 96, len(classes), defined)
    indices = range(len(words))
    tables = struct.pack(f"<{2 * len(words)}I", *starts, *indices)
    rows = b"".join(struct.pack("<I28x", index) for index in range(len(classes)))
    return bytes(header) + tables + rows + b"".join(texts)


def _elf(page):
    """An ELF64 header and one segment that is loaded, aligned to ``page``."""
    header = bytearray(64)
    struct.pack_into("<Q", header, 32, 64)
    struct.pack_into("<HH", header, 54, 56, 1)
    return bytes(header) + struct.pack("<I44xQ", 1, page)


def _entries():
    entries = {"AndroidManifest.xml": b"", "assets/bundle/net.onnx": b"model", "resources.arsc": b"table"}
    entries["classes.dex"] = _dex(
        "Lai/onnxruntime/OrtSession;", mentioned=["Lorg/tensorflow/lite/Interpreter;"]
    )
    return entries | {library: _elf(1 << 14) for library in LIBRARIES}


@pytest.fixture
def judge(tmp_path):
    """Packs an APK with changed entries, judges it, and gives the exit code and what is said of faults."""
    if not shutil.which("java"):
        pytest.skip("ApkReport.java needs a JDK 17 (Debian: openjdk-17-jdk-headless)")

    def judge(changes=(), badging=BADGING, compressed=(), engine="onnx"):
        apk, said = tmp_path / "app.apk", tmp_path / "badging.txt"
        said.write_text(badging)
        with zipfile.ZipFile(apk, "w") as packed:
            for name, content in (_entries() | dict(changes)).items():
                kind = zipfile.ZIP_DEFLATED if name in compressed else zipfile.ZIP_STORED
                packed.writestr(name, content, kind)
        command = ["java", "-XX:TieredStopAtLevel=1", REPORT, apk, said, engine]
        found = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        return found.returncode, found.stderr.splitlines()

    return judge


def test_an_apk_that_is_well_passes(judge):
    assert judge() == (0, [])


def _one_fault(verdict, sentence):
    code, faults = verdict
    assert code == 1
    assert faults == [sentence]


def test_the_internet_is_refused(judge):
    line = "uses-permission: name='android.permission.INTERNET'"
    _one_fault(judge(badging=BADGING + line), f"{line}: allowed is the camera only")


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        (
            "classes2.dex",
            _dex("Lai/onnxruntime/telemetry/HttpClient;"),
            "ai/onnxruntime/telemetry",
        ),
        (
            "AndroidManifest.xml",
            "ai.onnxruntime.TelemetryInitializer".encode("utf-16-le"),
            "TelemetryInitializer",
        ),
        (
            "classes3.dex",
            _dex("La;", mentioned=["https://mobile.events.data.microsoft.com"]),
            "events.data.microsoft.com",
        ),
    ],
)
def test_telemetry_is_refused(judge, name, content, word):
    _one_fault(judge({name: content}), f'{name} holds "{word}"; allowed is no telemetry')


def test_small_pages_are_refused_where_large_ones_can_be_had(judge):
    library = LIBRARIES[0]
    _one_fault(judge({library: _elf(4096)}), f"{library} has pages of 4 KB; allowed are 16 KB and more")


def test_a_compressed_model_is_refused(judge):
    model = "assets/bundle/net.onnx"
    _one_fault(
        judge(compressed=[model]), f"{model} is compressed; it must be stored to be mapped into memory"
    )


@pytest.mark.parametrize(
    ("name", "content", "part"),
    [
        ("classes2.dex", _dex("Lorg/tensorflow/lite/Interpreter;"), "Lorg/tensorflow/lite/"),
        ("lib/x86_64/libtensorflowlite_jni.so", _elf(1 << 14), "libtensorflowlite_jni.so"),
    ],
)
def test_the_other_engine_is_refused(judge, name, content, part):
    _one_fault(judge({name: content}), f"{part} is in this APK, whose engine is onnx")


def test_an_apk_of_the_other_engine_is_refused(judge):
    code, faults = judge(engine="tflite")
    assert code == 1
    assert "there is no .tflite model in this APK" in faults
    assert "libtensorflowlite_jni.so is not in this APK, whose engine is tflite" in faults
