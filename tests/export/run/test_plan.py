"""The variants that an export makes: the rules of the command line, word by word."""

import pytest

from fer_edge.export.formats import FORMATS
from fer_edge.export.run.plan import VariantRequest, choose, illegal, settle
from fer_edge.runtime.errors import ExportError, MissingExtra, VariantError
from fer_edge.runtime.formats import FORMATS as SPECS
from fer_edge.runtime.formats import format_spec


def names(**typed):
    return [variant.name for variant in choose(VariantRequest(**typed))]


def test_format_alone_means_fp32():
    assert names(formats=("tflite", "onnx")) == ["onnx-fp32", "tflite-fp32"]


def test_precision_alone_means_every_format_where_it_is_legal():
    assert names(precisions=("int8",)) == ["onnx-int8", "tflite-int8", "coreml-int8", "executorch-int8"]
    assert names(precisions=("fp16",)) == ["onnx-fp16", "tflite-fp16", "coreml-fp16"]


def test_neither_means_every_legal_pair_of_the_tensor_interface():
    found = names()
    assert len(found) == 1 + 5 + 5 + 4 + 2
    assert not any("image" in name or "qio" in name for name in found)


def test_all_variants_is_both_interfaces_and_integer_ends():
    found = names(all_variants=True)
    assert len(found) == 1 + 10 + 12 + 8 + 2
    assert {"tflite-int8-image-qio", "coreml-w8-image", "onnx-dynamic-image"} <= set(found)


def test_image_interface_leaves_out_formats_without_it_unless_they_are_named():
    assert not any(name.startswith("torchscript") for name in names(interfaces=("image",)))
    with pytest.raises(VariantError, match="torchscript has no image interface"):
        names(formats=("torchscript",), interfaces=("image",))


def test_quantized_io_is_the_int8_tflite():
    assert names(formats=("tflite",), precisions=("fp32", "int8"), quantized_io=True) == [
        "tflite-fp32",
        "tflite-int8-qio",
    ]
    with pytest.raises(VariantError, match="tflite int8 only"):
        names(formats=("onnx",), precisions=("int8",), quantized_io=True)


LEGAL = "Legal precisions of torchscript: fp32"


def test_an_illegal_pair_alone_says_what_is_legal():
    for typed in ({}, {"all_variants": True}):
        with pytest.raises(VariantError, match=LEGAL):
            names(formats=("torchscript",), precisions=("int8",), **typed)
    with pytest.raises(
        VariantError, match=rf"torchscript has no w8.*{LEGAL}; torchscript has no int8.*{LEGAL}"
    ):
        names(formats=("torchscript",), precisions=("w8", "int8"))


@pytest.mark.parametrize("all_variants", [False, True])
def test_of_lists_the_legal_pairs_are_made_and_the_others_named(all_variants):
    asked = VariantRequest(("torchscript", "tflite"), ("fp32", "int8"), all_variants=all_variants)
    found = choose(asked)
    assert {(variant.format, variant.precision) for variant in found} == {
        ("torchscript", "fp32"),
        ("tflite", "fp32"),
        ("tflite", "int8"),
    }
    plan = settle(found, asked, calibrated=True)
    assert len(plan.illegal) == 1
    assert plan.illegal[0].startswith("torchscript has no int8")
    assert LEGAL in plan.illegal[0]


def test_formats_without_the_image_interface_are_named_too():
    asked = VariantRequest(("torchscript", "onnx"), interfaces=("tensor", "image"))
    assert [variant.name for variant in choose(asked)] == [
        "torchscript-fp32",
        "onnx-fp32",
        "onnx-fp32-image",
    ]
    assert illegal(asked) == ("torchscript has no image interface; use the tensor interface",)


@pytest.mark.parametrize(
    "asked", [VariantRequest(), VariantRequest(precisions=("int8",)), VariantRequest(all_variants=True)]
)
def test_nothing_is_named_that_nobody_asked_for(asked):
    assert illegal(asked) == ()


def test_without_calibration_images_int8_is_skipped_or_refused(monkeypatch):
    monkeypatch.setattr("fer_edge.export.formats.entry.FormatEntry.missing", lambda _: ())
    plan = settle(choose(VariantRequest()), VariantRequest(), calibrated=False)
    assert {entry.variant.name for entry in plan.skipped} == {
        "onnx-int8", "tflite-int8", "coreml-int8", "executorch-int8",
    }  # fmt: skip
    assert all("--calibration" in entry.reason for entry in plan.skipped)
    by_name = VariantRequest(precisions=("int8",))
    with pytest.raises(ExportError, match="--calibration"):
        settle(choose(by_name), by_name, calibrated=False)


def test_a_missing_library_skips_its_format_or_refuses_it_by_name(monkeypatch):
    monkeypatch.setattr(
        "fer_edge.export.formats.entry.FormatEntry.missing",
        lambda entry: ("no_such",) * (entry.name == "onnx"),
    )
    plan = settle(choose(VariantRequest()), VariantRequest(), calibrated=True)
    assert {entry.variant.format for entry in plan.skipped} == {"onnx"}
    assert "pip install -e '.[export-" in plan.skipped[0].reason
    by_name = VariantRequest(formats=("onnx",))
    with pytest.raises(MissingExtra):
        settle(choose(by_name), by_name, calibrated=True)


def test_formats_and_variants_name_the_same_formats():
    assert [entry.name for entry in FORMATS] == [spec.name for spec in SPECS]


@pytest.mark.parametrize("entry", FORMATS, ids=lambda entry: entry.name)
def test_converters_make_every_precision_of_their_format_in_its_order(entry):
    assert tuple(entry.load().WEIGHTS) == format_spec(entry.name).precisions
