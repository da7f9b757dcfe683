"""Core ML packages, read and evaluated without the library that wrote them."""

import json
import stat
import uuid

import numpy as np
import pytest

from fer_edge.runtime.camera import to_tensor
from fer_edge.runtime.containers.embedded import read_embedded_contract
from fer_edge.runtime.errors import ExportError
from fer_edge.runtime.variants import legal_variants

NAMES = [variant.name for variant in legal_variants(every=True) if variant.format == "coreml"]
FARTHEST = {"fp32": 1e-5, "fp16": 1e-2, "w8": 3e-2}
FLOAT16, FLOAT32 = 10, 11
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


@pytest.mark.parametrize("name", NAMES[:3])
def test_the_tensor_interface_is_float32_in_every_precision(name, make, mil):
    description = mil.load(make(name)[0]).description
    (entry,), (result,) = description.input, description.output
    assert (entry.name, result.name) == ("image", "probabilities")
    assert list(entry.type.multiArrayType.shape) == [1, 1, 24, 24]
    assert list(result.type.multiArrayType.shape) == [1, 4]
    assert entry.type.multiArrayType.dataType == result.type.multiArrayType.dataType == ARRAY_FLOAT32


@pytest.mark.parametrize("name", NAMES[3:])
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
def test_iphones_from_ios_16_on_and_the_contract_inside(name, make, mil):
    path, contract = make(name)
    model = mil.load(path)
    assert model.specificationVersion == 7
    properties = dict(model.description.metadata.userDefined)
    assert properties["fer_edge_contract"] == contract.text
    assert not [key for key in properties if "date" in key]
    assert read_embedded_contract(path) == contract.text


@pytest.mark.parametrize("name", NAMES[3:])
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
