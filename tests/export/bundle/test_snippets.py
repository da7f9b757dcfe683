"""The bundle's README: short whatever the bundle holds, and its code is code that was compiled or run."""

import base64
import functools
import http.server
import json
import os
import queue
import re
import shutil
import subprocess
import threading
from dataclasses import replace

import pytest
from PIL import Image

from fer_edge.export.bundle import snippets
from fer_edge.export.bundle.advice import choices
from fer_edge.export.bundle.card import card
from fer_edge.export.formats.contracts import derive_contract
from fer_edge.export.parity.int8_speed import NO_GAIN
from fer_edge.export.parity.tolerances import TOLERANCES
from fer_edge.runtime.contract import (
    CameraSpec,
    Contract,
    InputSpec,
    Normalization,
    OutputSpec,
    Quantization,
    QuantizationParameters,
)
from fer_edge.runtime.manifest import Artifact, Manifest, Source
from fer_edge.runtime.variants import Variant, legal_variants
from fer_edge.runtime.verification import Accuracy, Parity, ParityLimit, WeightAudit
from support.paths import ROOT
from support.processes import python

KOTLIN = ROOT / "android_demo/bundle-tests/src/test/kotlin/io/github/feredge/bundles"
CAMERA = ROOT / "src/fer_edge/export/bundle/templates/camera.mjs"
GOLDEN = ROOT / "tests/golden/camera"
ALL = [variant.name for variant in legal_variants(every=True)]
LABELS = ("a | b", "`$name`", "back\\slash", "fröhlich")
needs_node = pytest.mark.skipif(
    shutil.which("node") is None, reason="Node runs the JavaScript; it is not installed"
)


def reference(model="net"):
    return Contract.build(
        model=model,
        labels=LABELS,
        input=InputSpec("image", "tensor", 48, 32, 1, "NCHW", "float32"),
        camera=CameraSpec(1, 0.0, False),
        normalization=Normalization((0.5,), (0.25,)),
        quantization=Quantization(None, None),
        output=OutputSpec("logits", "logits"),
    )


def artifact(name, *, accuracy=None, verdict="pass", model="net"):
    variant = Variant.parse(name)
    integer = {}
    if variant.quantized_io:
        integer = {"output_quantization": QuantizationParameters(0.00390625, -128)}
        if variant.interface == "tensor":
            integer["input_quantization"] = QuantizationParameters(0.015625, 3)
    apple = variant.format == "coreml"
    limit = ParityLimit(TOLERANCES[variant.precision].max_abs, TOLERANCES[variant.precision].top1_agreement)
    ran = Parity(verdict, None, "engine 1", 256, 0.01, 0.001, 1.0, limit)
    return Artifact(
        variant=name,
        format=variant.format,
        precision=variant.precision,
        interface=variant.interface,
        path=variant.filename(model),
        bytes=1000 * (48 - 8 * ["fp32", "fp16", "dynamic", "w8", "auto", "int8"].index(variant.precision)),
        contract=derive_contract(variant, reference(model), **integer).text,
        parity=Parity("not-run", "macOS only", limit=limit) if apple else ran,
        weight_audit=WeightAudit("pass", 9, 0.0) if apple else None,
        accuracy=accuracy,
        calibration=None,
    )


def manifest(artifacts, extra=None, model="net"):
    return Manifest(model, Source("somebodys|net:tiny", "0" * 64), {}, tuple(artifacts), (), {}, extra or {})


def measured(verdict="pass"):
    return Accuracy("faces", 300, 0.91, 0.90, (0.0, 0.02), verdict)


def rows_of(text):
    """Each table's rows as cells; a bar after a backslash is text."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines]


def test_all_variants_are_described_in_less_than_270_lines():
    text = card(manifest([artifact(name, accuracy=measured()) for name in ALL]), reference())
    assert text.count("\n") < 270
    for name in ALL:
        assert f"`{Variant.parse(name).filename('net')}`" in text
    assert text.index("## Ship this file") < text.index("## Kotlin") < text.index("## Every file")


def test_a_bar_in_a_name_or_label_does_not_break_a_row():
    text = card(manifest([artifact("onnx-fp32"), artifact("tflite-int8")]), reference())
    assert {len(row) for row in rows_of(text)} == {2, 5, 9}
    (labels,) = [row for row in rows_of(text) if row[0].strip() == "labels, in order"]
    assert labels[1].strip() == r"a \| b, \`$name\`, back\\slash, fröhlich"


def test_every_fence_is_closed_and_each_language_comes_once():
    text = card(manifest([artifact(name) for name in ALL]), reference())
    assert re.findall(r"^```(\w*)$", text, re.MULTILINE) == [
        word for fence in ("kotlin", "swift", "javascript", "python") for word in (fence, "")
    ]


def test_limits_are_shown_with_what_was_measured():
    names = ["tflite-fp32", "tflite-int8"]
    usual = card(manifest([artifact(name, accuracy=measured()) for name in names]), reference())
    assert "| 0.01 (0.0001) | 1 (1) | - | 0.9000 (0.9100) | 0.0000 to 0.0200 (0.002) |" in usual
    assert "| 0.01 (0.25) | 1 (0.97) | - | 0.9000 (0.9100) | 0.0000 to 0.0200 (0.015) |" in usual
    mine = {"limits": {"max_accuracy_drop": 0.03}}
    assert "(0.03)" in card(manifest([artifact("tflite-int8", accuracy=measured())], mine), reference())


@pytest.mark.parametrize(
    ("entries", "wanted"),
    [
        ([("tflite-fp32", "pass"), ("tflite-fp16", "pass"), ("tflite-int8", "pass")], "tflite-int8"),
        ([("tflite-fp32", None), ("tflite-fp16", None), ("tflite-int8", None)], "tflite-fp16"),
        ([("tflite-fp32", "pass"), ("tflite-fp16", "pass"), ("tflite-int8", "fail")], "tflite-fp16"),
        ([("onnx-fp32", None), ("onnx-fp16", None), ("onnx-w8", None)], "onnx-fp32"),
        ([("onnx-int8", "pass"), ("onnx-int8-image", "pass")], "onnx-int8"),
        ([("coreml-w8", None), ("coreml-fp16", None)], "coreml-fp16"),
        ([("tflite-int8-image-qio", None)], "tflite-int8-image-qio"),
    ],
)
def test_the_file_to_ship_follows_from_what_was_measured(entries, wanted):
    made = [artifact(name, accuracy=verdict and measured(verdict)) for name, verdict in entries]
    (choice,) = choices(manifest(made))
    assert choice.artifact.variant == wanted


def test_a_kind_is_the_only_one_where_there_is_no_other():
    (choice,) = choices(manifest([artifact("tflite-w8"), artifact("tflite-int8")]))
    assert "only kind" not in choice.why
    (alone,) = choices(manifest([artifact("tflite-w8"), artifact("tflite-w8-image")]))
    assert alone.why == "the only kind in this bundle"


@pytest.mark.parametrize(
    ("worst", "said"), [(0.13, "0.2"), (0.1, "0.1"), (1.0133e-06, "2e-06"), (9.6e-05, "0.0001"), (0.0, "0")]
)
def test_at_most_is_never_less_than_what_was_measured(worst, said):
    one = artifact("onnx-w8")
    one = replace(one, parity=replace(one.parity, max_abs=worst))
    assert f"differs by {said} at most |" in card(manifest([one]), reference())


def test_what_was_no_faster_is_not_the_file_to_ship():
    made = [artifact(name, accuracy=measured()) for name in ("onnx-fp32", "onnx-int8")]
    slow = {"notes": {"onnx-int8": [f"int8 {NO_GAIN} (engine 1, one thread): ship fp32 or fp16 unless ..."]}}
    (choice,) = choices(manifest(made, slow))
    assert choice.artifact.variant == "onnx-fp32"
    assert "int8, though smaller, was no faster" in choice.why
    assert choices(manifest(made[1:], slow))[0].artifact.variant == "onnx-int8"


def test_what_a_check_refused_is_not_to_be_shipped():
    assert choices(manifest([artifact("onnx-fp32", verdict="fail")])) == []
    assert "None: no file" in card(manifest([artifact("onnx-fp32", verdict="fail")]), reference())


@pytest.mark.parametrize("name", sorted(snippets.snippets_of("kotlin")))
def test_the_kotlin_is_what_maven_compiles_and_runs(name):
    """But for its package line."""
    compiled = (KOTLIN / snippets.snippets_of("kotlin")[name].template.removesuffix(".j2")).read_text()
    assert snippets.snippet("kotlin", artifact(f"{name}-fp32")) == compiled.partition("\n\n")[2].strip()


def test_the_swift_is_what_make_swift_compiles():
    compiled = ROOT / "ios_demo/Tests/FerEdgeCoreMLTests/Emotions.swift"
    assert snippets.snippet("swift", artifact("coreml-fp16")) == compiled.read_text().strip()


def test_only_names_are_filled_in():
    assert snippets.snippet("kotlin", artifact("tflite-int8")) == snippets.snippet(
        "kotlin", artifact("tflite-fp32")
    ).replace("tflite-fp32", "tflite-int8")
    model = "it's $name and `so`"
    assert snippets.snippet("swift", artifact("coreml-fp16")) == snippets.snippet(
        "swift", artifact("coreml-w8", model=model)
    ).replace("coreml-w8", "coreml-fp16")
    assert json.dumps(f"bundle/{model}-fp32.onnx") in snippets.snippet(
        "javascript", artifact("onnx-fp32", model=model)
    )


def test_the_python_runs_as_it_stands(foreign_bundle, tmp_path):
    (tmp_path / "bundle").symlink_to(foreign_bundle)
    Image.linear_gradient("L").convert("RGB").save(tmp_path / "photo.jpg")
    script = snippets.snippet("python", artifact("torchscript-fp32"))
    done = python("-W", "ignore", "-c", script, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.match(r"(happiness|sadness|neutral) \{'", done.stdout)


def upright_rgba(case):
    if case["frame"]["kind"] != "rgba" or case["rotation"] != 0 or "tensor_sha256" not in case["expect"]:
        return False
    return case["target"]["dtype"] == "float32"


def packed(frame):
    """The pixels as a canvas gives them: no bytes between rows."""
    rows, stride, tight = base64.b64decode(frame["data"]), frame["row_stride"], 4 * frame["width"]
    kept = b"".join(rows[y * stride : y * stride + tight] for y in range(frame["height"]))
    return {**frame, "data": base64.b64encode(kept).decode()}


COMPARE = """
import { prepare } from "./camera.mjs";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
for (const [name, contract, frame, box] of JSON.parse(readFileSync(0, "utf8"))) {
  const tensor = prepare(contract, Buffer.from(frame.data, "base64"), frame.width, frame.height, box);
  console.log(name, createHash("sha256").update(Buffer.from(tensor.buffer)).digest("hex"));
}
"""


def contract_of(case):
    target = case["target"]
    norm = None if target["mean"] is None else {"mean": target["mean"], "std": target["std"]}
    camera = {"crop_margin": case["crop_margin"], "mirror": case["mirror"]}
    return {"input": target, "camera": camera, "normalization": norm}


@needs_node
def test_the_camera_path_in_javascript_gives_the_golden_bytes(tmp_path):
    cases = [json.loads(path.read_text()) for path in sorted(GOLDEN.glob("*.json"))]
    cases = [case for case in cases if upright_rgba(case)]
    assert len(cases) >= 10
    assert {case["target"]["layout"] for case in cases} == {"NCHW", "NHWC"}
    assert any(case["mirror"] for case in cases)
    (tmp_path / "camera.mjs").write_text(CAMERA.read_text())
    (tmp_path / "compare.mjs").write_text(COMPARE)
    given = [[case["name"], contract_of(case), packed(case["frame"]), case["box"]] for case in cases]
    done = subprocess.run(
        ["node", "compare.mjs"],
        cwd=tmp_path,
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = dict(line.rsplit(" ", 1) for line in done.stdout.splitlines())
    assert found == {case["name"]: case["expect"]["tensor_sha256"] for case in cases}


@needs_node
@pytest.mark.parametrize("name", ["onnx-fp32", "tflite-fp32"])
def test_node_parses_the_javascript(name, tmp_path):
    script = tmp_path / "emotions.mjs"
    script.write_text(snippets.snippet("javascript", artifact(name)), encoding="utf-8")
    done = subprocess.run(["node", "--check", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


ANSWER = """
import { readFileSync } from "node:fs";
globalThis.fetch = async (path) => new Response(readFileSync(path));
const { emotions } = await import("./emotions.mjs");
const given = JSON.parse(readFileSync(0, "utf8"));
const frame = given.frame;
console.log(JSON.stringify(await emotions(Buffer.from(frame.data, "base64"), frame.width, frame.height, given.box)));
"""


@needs_node
@pytest.mark.slow
@pytest.mark.skipif(
    "FER_EDGE_NODE_MODULES" not in os.environ,
    reason="FER_EDGE_NODE_MODULES names no node_modules folder with onnxruntime-web in it",
)
def test_the_javascript_answers_as_the_original(builtin_bundle, tmp_path):
    (tmp_path / "node_modules").symlink_to(os.environ["FER_EDGE_NODE_MODULES"])
    (tmp_path / "bundle").symlink_to(builtin_bundle)
    (tmp_path / "emotions.mjs").write_text(
        snippets.snippet("javascript", artifact("onnx-fp32", model="fer-mini"))
    )
    (tmp_path / "answer.mjs").write_text(ANSWER)
    case = json.loads((builtin_bundle / "golden/rgba-face-rot0.json").read_text())
    given = {"frame": packed(case["frame"]), "box": case["box"]}
    done = subprocess.run(
        ["node", "answer.mjs"],
        cwd=tmp_path,
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert list(found.values()) == pytest.approx(case["probabilities"], abs=1e-4)


PAGE = """<!doctype html><meta charset="utf-8">
<script type="importmap">{"imports": {
  "@litertjs/core": "./node_modules/@litertjs/core/dist/index.js",
  "@litertjs/wasm-utils": "./node_modules/@litertjs/wasm-utils/dist/index.js"}}</script>
<script type="module">
async function answer() {
  const { emotions } = await import("./emotions.mjs");
  const { frame, box } = await (await fetch("case.json")).json();
  const bytes = Uint8Array.from(atob(frame.data), (letter) => letter.charCodeAt(0));
  return emotions(bytes, frame.width, frame.height, box);
}
const found = await answer().catch((error) => ({ error: String(error) }));
await fetch("answer", { method: "POST", body: JSON.stringify(found) });
</script>"""


@pytest.mark.slow
@pytest.mark.skipif(
    "FER_EDGE_NODE_MODULES" not in os.environ or shutil.which("chromium") is None,
    reason="needs Chromium, and FER_EDGE_NODE_MODULES: a node_modules folder with @litertjs/core in it",
)
def test_the_javascript_for_tflite_answers_as_the_original_in_a_browser(builtin_bundle, tmp_path):
    (tmp_path / "node_modules").symlink_to(os.environ["FER_EDGE_NODE_MODULES"])
    (tmp_path / "wasm").symlink_to("node_modules/@litertjs/core/wasm")
    (tmp_path / "bundle").symlink_to(builtin_bundle)
    (tmp_path / "emotions.mjs").write_text(
        snippets.snippet("javascript", artifact("tflite-fp32", model="fer-mini"))
    )
    (tmp_path / "index.html").write_text(PAGE)
    case = json.loads((builtin_bundle / "golden/rgba-face-rot0.json").read_text())
    (tmp_path / "case.json").write_text(json.dumps({"frame": packed(case["frame"]), "box": case["box"]}))
    found = ask_in_browser(tmp_path)
    assert list(found.values()) == pytest.approx(case["probabilities"], abs=1e-4)


def ask_in_browser(folder):
    """What the page of a folder posts to ``answer``; it is waited for, however slow the machine."""
    answers = queue.Queue()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def do_POST(self):
            answers.put(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            """Say nothing."""

    handler = functools.partial(Handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/index.html"
        options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}"]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        with subprocess.Popen(["chromium", *options, address], **quiet) as browser:
            try:
                return json.loads(answers.get(timeout=240))
            finally:
                browser.terminate()
                server.shutdown()


def test_the_ready_bundle_shows_this_card():
    ready = ROOT / "android_demo/bundle"
    contract = Contract.parse((ready / "reference.safetensors.contract.json").read_bytes())
    written = Manifest.parse((ready / "manifest.json").read_text())
    assert (ready / "README.md").read_text() == card(written, contract)
