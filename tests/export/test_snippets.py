"""The bundle's code to paste, for every variant: what a parser and a reader can check without a phone."""

import re
import shutil
import subprocess

import pytest

from fer_edge.export.contracts import contract_for
from fer_edge.export.snippets import snippets
from fer_edge.runtime.contract import (
    CameraSpec,
    Contract,
    InputSpec,
    Normalization,
    OutputSpec,
    Quantization,
    QuantizationParameters,
)
from fer_edge.runtime.manifest import Artifact, Parity
from fer_edge.runtime.variants import Variant, legal_variants

DECLARED = re.compile(r"^\s*(?:val|let|const)\s+(?:\{\s*)?\[?(\w+)", re.MULTILINE)
LABELS = ('so "so"', "$name", "back\\slash", "fröhlich")


def pasted(name):
    """The four languages of a variant, by language."""
    variant = Variant.parse(name)
    reference = Contract.build(
        model="net",
        labels=LABELS,
        input=InputSpec("image", "tensor", 48, 32, 1, "NCHW", "float32"),
        camera=CameraSpec(1, 0.0, False),
        normalization=Normalization((0.5,), (0.25,)),
        quantization=Quantization(None, None),
        output=OutputSpec("logits", "logits"),
    )
    integer = (
        {"output_quantization": QuantizationParameters(0.00390625, -128)} if variant.quantized_io else {}
    )
    if variant.quantized_io and variant.interface == "tensor":
        integer["input_quantization"] = QuantizationParameters(0.015625, 3)
    contract = contract_for(variant, reference, **integer)
    artifact = Artifact(
        variant=name,
        format=variant.format,
        precision=variant.precision,
        interface=variant.interface,
        path=variant.filename("net"),
        bytes=1,
        contract=contract.text,
        parity=Parity("not-run", "not measured", None, None, None, None, None, None),
        weight_audit=None,
        accuracy=None,
        calibration=None,
    )
    return {snippet.language: snippet for snippet in snippets(artifact, contract)}


ALL = [variant.name for variant in legal_variants(every=True)]


@pytest.mark.parametrize("name", ALL)
def test_no_name_is_declared_twice(name):
    for snippet in pasted(name).values():
        if snippet.fence:
            declared = DECLARED.findall(snippet.text)
            assert len(declared) == len(set(declared)), (snippet.language, declared)


@pytest.mark.skipif(shutil.which("node") is None, reason="Node reads the JavaScript; it is not installed")
def test_node_parses_the_javascript(tmp_path):
    for name in ("onnx-fp32", "onnx-int8-image", "tflite-fp32", "tflite-int8-image-qio"):
        script = tmp_path / f"{name}.mjs"
        script.write_text(pasted(name)["JavaScript"].text, encoding="utf-8")
        done = subprocess.run(["node", "--check", str(script)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def test_litert_answers_by_a_promise():
    text = pasted("tflite-fp32")["JavaScript"].text
    assert "await model.run(input)" in text


def test_labels_stay_inside_their_quotes():
    found = pasted("tflite-fp32")
    assert r'listOf("so \"so\"", "\$name", "back\\slash", "fröhlich")' in found["Kotlin"].text
    assert r'["so \"so\"", "$name", "back\\slash", "fröhlich"]' in found["Swift"].text


def test_integer_input_and_output_say_scale_and_zero_point():
    tensor, image = pasted("tflite-int8-qio"), pasted("tflite-int8-image-qio")
    assert "round(x / 0.015625) + (3)" in tensor["Kotlin"].text
    assert "allocateDirect(1536)" in tensor["Kotlin"].text
    assert "(scores[0][it] - (-128)) * 0.00390625" in tensor["Kotlin"].text
    assert "uint8: R, G, B of each pixel, 0 to 255" in image["Swift"].text
    assert "allocateDirect(4608)" in image["Kotlin"].text
    assert tensor["JavaScript"].fence is None
