"""Core ML packages, read and evaluated without the library that wrote them."""

import json
import stat
import uuid

import numpy as np
import pytest
import torch

from fer_edge.runtime.camera import to_tensor
from fer_edge.runtime.containers.embedded import read_embedded_contract
from fer_edge.runtime.errors import ExportError
from fer_edge.runtime.variants import legal_variants

NAMES = [variant.name for variant in legal_variants(every=True) if variant.format == "coreml"]
FARTHEST = {"fp32": 1e-5, "fp16": 1e-2, "w8": 3e-2, "int8": 6e-2}
TENSOR = [name for name in NAMES if not name.endswith("image")]
IMAGE = [name for name in NAMES if name.endswith("image")]
FLOAT16, FLOAT32, INT8 = 10, 11, 21
"""MIL's numbers for the types of a program's values."""
ARRAY_FLOAT32 = 65568
"""Core ML's number for a MultiArray of float32."""


def answer(program, name, picture, contract):
    if name.endswith("image"):
        return program.run(np.ascontiguousarray(picture.transpose(2, 0, 1)[None], np.float32))
    return program.run(to_tensor(picture, contract))


@pytest.mark.parametrize("name", NAMES)
def test_the_program_computes_what_pytorch_does(name, make, pictures, reference, mil):
    path, contract = make(name)
    program = mil.Program(path)
    found = [answer(program, name, picture, contract)["probabilities"].numpy()[0] for picture in pictures]
    assert np.abs(np.stack(found) - reference).max() <= FARTHEST[name.split("-")[1]]


@pytest.mark.parametrize("name", TENSOR)
def test_the_tensor_interface_is_float32_in_every_precision(name, make, mil):
    description = mil.load(make(name)[0]).description
    (entry,), (result,) = description.input, description.output
    assert (entry.name, result.name) == ("image", "probabilities")
    assert list(entry.type.multiArrayType.shape) == [1, 1, 24, 24]
    assert list(result.type.multiArrayType.shape) == [1, 4]
    assert entry.type.multiArrayType.dataType == result.type.multiArrayType.dataType == ARRAY_FLOAT32


@pytest.mark.parametrize("name", IMAGE)
def test_the_image_interface_is_a_classifier_of_rgb_pictures(name, make, mil):
    path, contract = make(name)
    model = mil.load(path)
    (entry,), outputs = model.description.input, {item.name: item.type for item in model.description.output}
    assert entry.type.WhichOneof("Type") == "imageType"
    assert (entry.type.imageType.width, entry.type.imageType.height, entry.type.imageType.colorSpace) == (
        24,
        24,
        20,
    )
    assert {key: item.WhichOneof("Type") for key, item in outputs.items()} == {
        "classLabel": "stringType",
        "probabilities": "dictionaryType",
    }
    assert model.description.predictedFeatureName == "classLabel"
    assert model.description.predictedProbabilitiesName == "probabilities"
    classify = mil.Program(path).operations[-1]
    assert classify.type == "classify"
    (classes,) = classify.inputs["classes"].arguments
    labels = [
        item.immediateValue.tensor.strings.values[0] for item in classes.value.immediateValue.list.values
    ]
    assert tuple(labels) == contract.labels
    assert contract.output.kind == "dictionary"


@pytest.mark.parametrize("name", NAMES)
def test_iphones_from_ios_16_on_with_int8_17_and_the_contract_inside(name, make, mil):
    path, contract = make(name)
    model = mil.load(path)
    assert model.specificationVersion == (8 if "int8" in name else 7)
    properties = dict(model.description.metadata.userDefined)
    assert properties["fer_edge_contract"] == contract.text
    assert not [key for key in properties if "date" in key]
    assert read_embedded_contract(path) == contract.text


@pytest.mark.parametrize("name", IMAGE)
def test_gray_is_exact_in_every_precision(name, make, mil):
    path, _ = make(name)
    program = mil.Program(path)
    floor = next(item for item in program.operations if item.type == "floor").outputs[0]
    assert floor.type.tensorType.dataType == FLOAT32
    for picture in np.random.default_rng(0).integers(0, 256, (50, 24, 24, 3)):
        found = program.run(picture.transpose(2, 0, 1)[None].astype(np.float32))[floor.name].numpy()
        wanted = (19595 * picture[..., 0] + 38470 * picture[..., 1] + 7471 * picture[..., 2] + 32768) >> 16
        assert np.array_equal(found[0, 0], wanted)


@pytest.mark.parametrize("name", ["coreml-fp16", "coreml-fp16-image"])
def test_fp16_computes_in_float16_from_the_first_convolution_on(name, make, mil):
    operations = mil.Program(make(name)[0]).operations
    types = {
        item.outputs[0].type.tensorType.dataType
        for item in operations
        if item.type in ("conv", "linear", "softmax")
    }
    assert types == {FLOAT16}


def test_w8_keeps_float32_arithmetic_and_one_scale_a_channel(make, mil):
    program = mil.Program(make("coreml-w8")[0])
    compressed = [item for item in program.operations if item.type == "constexpr_affine_dequantize"]
    assert len(compressed) == 7
    for item in compressed:
        assert item.outputs[0].type.tensorType.dataType == FLOAT32
        values = {key: program.value(value) for key, value in item.attributes.items()}
        assert values["scale"].numel() == values["quantized_data"].shape[int(values["axis"])]


@pytest.mark.parametrize("name", ["coreml-int8", "coreml-int8-image"])
def test_int8_stores_what_products_pools_and_sums_read(name, make, mil):
    """Each is quantized and dequantized on one grid, in float16; the answers' logits stay in float."""
    program = mil.Program(make(name)[0])
    makers = {output.name: item for item in program.operations for output in item.outputs}
    read = [
        item.inputs[key].arguments[0].name
        for item in program.operations
        if item.type in ("conv", "linear", "max_pool", "avg_pool", "add")
        for key in (("x", "y") if item.type == "add" else ("x",))
        if all(
            makers[item.inputs[name].arguments[0].name].type != "const"
            for name in ("x", "y")
            if name in item.inputs
        )
    ]
    inner = [makers[name] for name in read if makers[name].type == "dequantize"]
    assert len(read) - len(inner) == (0 if name == "coreml-int8" else len(read) - len(inner))
    assert len({item.outputs[0].name for item in inner}) >= 8
    for item in inner:
        stored = makers[item.inputs["input"].arguments[0].name]
        assert stored.type == "quantize"
        assert stored.outputs[0].type.tensorType.dataType == INT8
        assert item.outputs[0].type.tensorType.dataType == FLOAT16
        for key in ("scale", "zero_point"):
            one, two = (
                program.value(makers[found.inputs[key].arguments[0].name].attributes["val"])
                for found in (stored, item)
            )
            assert one.dtype == two.dtype
            assert one == two
    softmax = next(item for item in program.operations if item.type == "softmax")
    assert makers[softmax.inputs["x"].arguments[0].name].type == "linear"


def test_ranges_are_those_of_the_calibration_images(make, mil, source, calibration):
    """The input's grid by hand: the mean of each image's extremes, or the extremes of all."""
    program = mil.Program(make("coreml-int8")[0])
    makers = {output.name: item for item in program.operations for output in item.outputs}
    first = next(item for item in program.operations if item.type == "quantize")
    scale, zero = (
        float(program.value(makers[first.inputs[key].arguments[0].name].attributes["val"]))
        for key in ("scale", "zero_point")
    )
    tensors = np.stack([to_tensor(picture, source.contract) for picture in calibration.scaled])
    lows, highs = tensors.min(axis=(1, 2, 3, 4)), tensors.max(axis=(1, 2, 3, 4))
    wanted = {(highs.mean() - lows.mean()) / 255: lows.mean(), (highs.max() - lows.min()) / 255: lows.min()}
    nearest = min(wanted, key=lambda step: abs(step - scale))
    assert scale == pytest.approx(nearest, rel=1e-3)
    assert zero == round(-128 - float(wanted[nearest]) / nearest)


def test_int8_without_images_is_a_sentence(convert, fresh_source):
    with pytest.raises(ExportError, match="coreml-int8 needs calibration images; none came"):
        convert("coreml-int8", fresh_source)


def test_weights_next_to_nothing_stay_in_float(convert, fresh_source, calibration, mil):
    """float16 has no scale for them; the others are int8 all the same."""
    with torch.no_grad():
        fresh_source.module.project[0].weight[3] *= 1e-7
        fresh_source.module.project[1].bias += 0.2
    program = mil.Program(convert("coreml-int8", fresh_source, calibration))
    compressed = [item for item in program.operations if item.type == "constexpr_affine_dequantize"]
    assert len(compressed) == 6
    for item in compressed:
        assert program.value(item.attributes["scale"]).min() > 0


@pytest.mark.parametrize("name", NAMES)
def test_package_files_ids_and_modes(name, make):
    path, _ = make(name)
    files = sorted(item.relative_to(path).as_posix() for item in path.rglob("*") if item.is_file())
    assert files == [
        "Data/com.apple.CoreML/model.mlmodel", "Data/com.apple.CoreML/weights/weight.bin", "Manifest.json",
    ]  # fmt: skip
    for item in (path, *path.rglob("*")):
        assert stat.S_IMODE(item.stat().st_mode) == (0o755 if item.is_dir() else 0o644)
    text = (path / "Manifest.json").read_text()
    document = json.loads(text)
    assert text == json.dumps(document, indent=4, sort_keys=True) + "\n"
    assert document["rootModelIdentifier"] in document["itemInfoEntries"]
    assert all(uuid.UUID(key).version == 5 for key in document["itemInfoEntries"])
    assert {item["path"] for item in document["itemInfoEntries"].values()} == {
        "com.apple.CoreML/model.mlmodel", "com.apple.CoreML/weights",
    }  # fmt: skip


def test_three_channels_keep_their_normalization_apart(convert, color_source, pictures, mil):
    program = mil.Program(convert("coreml-w8-image", color_source))
    assert "batch_norm" not in [item.type for item in program.operations]
    found = answer(program, "image", pictures[0], None)["probabilities"].numpy()
    program = mil.Program(convert("coreml-fp32", color_source))
    wanted = answer(program, "tensor", pictures[0], color_source.contract)["probabilities"].numpy()
    assert np.abs(found - wanted).max() < 3e-2


def test_refuses_an_infinite_fold(convert, fresh_source):
    fresh_source.module.stem[1].running_var.data[3] = -1.0
    with pytest.raises(ExportError, match=r"nan at index \[3"):
        convert("coreml-fp32", fresh_source)
