"""Faults of the mutation study: each changes what it says and nothing else, by a reading of its own; a sample of them is caught."""

import json
import sys
import zipfile

import numpy as np
import onnx
import pytest
from ai_edge_litert import schema_py_generated as schema
from onnx import numpy_helper

from fer_edge.runtime.containers.digest import check_digest
from fer_edge.runtime.containers.embedded import read_embedded_contract
from support.paths import ROOT

sys.path.append(str(ROOT / "benchmarks" / "studies"))

from mutation import contracts, conversion
from mutation.edit import open_edit
from mutation.judging import judge
from mutation.plan import all_changes

FILES = ("tflite-fp32", "tflite-w8", "tflite-int8", "onnx-fp32", "onnx-fp16", "onnx-w8", "onnx-int8", "torchscript-fp32",
         "coreml-fp32", "coreml-fp16", "coreml-w8", "executorch-fp32", "executorch-int8")  # fmt: skip


def tflite_constants(path):
    """Flat values by tensor name, and scales, by the schema's own accessors."""
    data = path.read_bytes()
    model = schema.Model.GetRootAs(data, 0)
    graph, found = model.Subgraphs(0), {}
    kinds = {0: np.float32, 1: np.float16, 2: np.int32, 9: np.int8}
    for index in range(graph.TensorsLength()):
        tensor = graph.Tensors(index)
        buffer, name = model.Buffers(tensor.Buffer()), tensor.Name().decode()
        if buffer.Offset() > 1:
            found[name] = np.frombuffer(data[buffer.Offset() :][: buffer.Size()], kinds[tensor.Type()])
        elif buffer.DataLength() and tensor.Type() in kinds:
            found[name] = np.frombuffer(buffer.DataAsNumpy().tobytes(), kinds[tensor.Type()])
        if tensor.Quantization() is not None and tensor.Quantization().ScaleLength():
            found[f"{name} scale"] = tensor.Quantization().ScaleAsNumpy().copy()
            found[f"{name} zero point"] = tensor.Quantization().ZeroPointAsNumpy().copy()
    return found


def onnx_constants(path):
    return {item.name: numpy_helper.to_array(item).reshape(-1) for item in onnx.load(path).graph.initializer}


def torchscript_constants(path):
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.endswith(".storage")]
        return {name: np.frombuffer(archive.read(name), np.float32) for name in names}


def coreml_constants(path):
    """By fer-edge's own evaluator's reader, which shares nothing with coremltools."""
    from fer_edge.runtime.mil.program import read_program

    found = {}
    for operation in read_program(path / "Data" / "com.apple.CoreML" / "model.mlmodel").operations:
        for key, values in operation.arguments.items():
            for value in values:
                if isinstance(getattr(value, "content", None), np.ndarray):
                    found[f"{operation.name} {key}"] = value.content.reshape(-1)
    return found


def executorch_constants(path):
    """By the reader that judges them; the edit writes bytes by their places."""
    from fer_edge.export.formats.executorch.graph_reader import read_graph

    found = {}
    for tensor in read_graph(path).tensors.values():
        if tensor.constant is not None:
            found[tensor.name] = tensor.constant.reshape(-1)
        if tensor.quantization is not None:
            found[f"{tensor.name} scale"] = tensor.quantization.scale
            found[f"{tensor.name} zero point"] = tensor.quantization.zero_point
    return found


READERS = {
    "executorch": executorch_constants,
    "tflite": tflite_constants,
    "onnx": onnx_constants,
    "torchscript": torchscript_constants,
    "coreml": coreml_constants,
}


def differences(variant, before, after, *, biases=True):
    """Constants that differ; without biases of integer products, which are rounded anew where a scale changed its place."""
    read = READERS[variant.split("-")[0]]
    old, new = read(before), read(after)
    assert old.keys() == new.keys()
    if not biases:
        integers = {name for name, values in old.items() if values.dtype == np.int32}
        old = {name: old[name] for name in old if name.removesuffix(" scale") not in integers}
    return {name: (old[name], new[name]) for name in old if not np.array_equal(old[name], new[name])}


def only(found):
    assert len(found) == 1
    return next(iter(found.values()))


def is_one_zero(found):
    old, new = only(found)
    places = np.flatnonzero(old != new)
    return (
        len(places) == 1
        and new[places[0]] == 0
        and abs(float(old[places[0]])) == np.abs(old.astype(float)).max()
    )


def is_cut_off(found):
    old, new = only(found)
    kept = int(0.75 * old.size)
    return np.array_equal(old[:kept], new[:kept]) and not new[kept:].any()


def is_scaled(found):
    scales = {
        name: pair
        for name, pair in found.items()
        if pair[0].dtype == np.float32 or pair[0].dtype == np.float16
    }
    return any(np.allclose(new, 1.01 * old, rtol=2e-3) for old, new in scales.values())


def is_negated(found):
    old, new = only(found)
    return np.array_equal(new, -old)


def is_rearranged(found):
    return len(found) > 0 and all(np.array_equal(np.sort(old), np.sort(new)) for old, new in found.values())


EXPECTED = {
    "weight_zeroed": is_one_zero,
    "weights_truncated": is_cut_off,
    "weight_scaled": is_scaled,
    "bias_sign": is_negated,
    "channels_permuted": is_rearranged,
    "kernel_transposed": is_rearranged,
    "dense_transposed": is_rearranged,
    "labels_permuted": is_rearranged,
}


@pytest.fixture
def plant(make, tmp_path):
    """``plant("tflite-int8", "bias_sign")``: the right file and one with the fault in the ``place``-th place."""

    def planted(variant, kind, place=0):
        right, contract = make(variant)
        edit = open_edit(right)
        changes = all_changes(edit)[kind]
        if not changes:
            return None
        changes[place % len(changes)].apply()
        wrong = tmp_path / f"{kind}-{right.name}"
        edit.save(wrong, contract)
        return right, wrong, contract

    return planted


@pytest.mark.parametrize("variant", FILES)
def test_an_edit_without_a_change_leaves_every_byte(variant, make, tmp_path):
    right, contract = make(variant)
    again = tmp_path / right.name
    open_edit(right).save(again, contract)
    files = [right] if right.is_file() else [path for path in right.rglob("*") if path.is_file()]
    assert all(path.read_bytes() == (again / path.relative_to(right)).read_bytes() for path in files)


@pytest.mark.parametrize("variant", FILES)
def test_faults_of_weights_change_what_they_say(variant, plant):
    seen = 0
    for kind, holds in EXPECTED.items():
        made = plant(variant, kind)
        if made is None:
            continue
        right, wrong, contract = made
        assert holds(differences(variant, right, wrong, biases=kind == "bias_sign")), kind
        assert check_digest(wrong)
        assert read_embedded_contract(wrong) == contract.text
        seen += 1
    assert seen >= 5


def test_a_moved_scale_takes_the_bias_along(plant):
    """A quantizer rounds biases by the input's scale times the weight's; a wrong scale does not leave a wrong bias behind."""
    right, wrong, _ = plant("tflite-int8", "scale_off")
    found = differences("tflite-int8", right, wrong)
    scales = [name for name in found if name.endswith("scale")]
    assert 1 <= len(scales) <= 2
    for name, (old, new) in found.items():
        if name.endswith("scale"):
            assert np.allclose(new / old, 1.1, rtol=1e-3)
        else:  # the bias in fewer steps of the wider scale
            assert np.abs(new * 1.1 - old).max() <= 1.1


@pytest.mark.parametrize("variant", ["tflite-int8", "onnx-int8", "executorch-int8"])
def test_a_zero_point_moves_by_one(variant, plant):
    right, wrong, _ = plant(variant, "zero_point_off")
    old, new = only(differences(variant, right, wrong))
    assert abs(int(new[0]) - int(old[0])) == 1


@pytest.mark.parametrize("variant", ["tflite-fp32", "onnx-fp32", "coreml-fp32", "executorch-fp32"])
def test_faults_of_operators_leave_the_weights(variant, plant):
    seen = 0
    for kind in ("activation_missing", "activation_other", "branches_swapped"):
        made = plant(variant, kind)
        if made is not None:
            right, wrong, _ = made
            assert not differences(variant, right, wrong)
            seen += 1
    assert seen


def test_a_contract_is_changed_where_it_says_and_made_anew(make):
    _, contract = make("onnx-fp32")
    for kind, member in (
        ("contract_labels", "labels"),
        ("contract_mean", "normalization"),
        ("contract_std", "normalization"),
    ):
        changed = contracts.change_contract(contract, kind)
        assert type(contract).parse(changed.text) == changed
        members = ("model", "labels", "input", "camera", "normalization", "quantization", "output")
        assert [name for name in members if getattr(changed, name) != getattr(contract, name)] == [member]


def test_faults_of_conversion_change_one_part_of_a_copy(source):
    import torch

    before = {name: value.clone() for name, value in source.module.state_dict().items()}
    found = conversion.list_changes(source.module)
    assert {"bn_eps", "bn_scale"} <= found.keys()
    for places in found.values():
        faulty = conversion.make_faulty(source.module, places[0])
        assert not faulty.training
    assert all(torch.equal(value, before[name]) for name, value in source.module.state_dict().items())
    faulty = conversion.make_faulty(source.module, found["bn_scale"][0])
    assert torch.equal(
        faulty.get_submodule(found["bn_scale"][0].module).weight,
        torch.ones_like(before[f"{found['bn_scale'][0].module}.weight"]),
    )


def test_a_stride_that_begins_one_pixel_later():
    """Worked out by hand: of 0..15 in rows of four, stride 2 takes 0 2 / 8 10; one later 5 7 / 13 15."""
    import torch
    from torch import nn

    network = nn.Sequential(nn.Conv2d(1, 1, 1, 2, bias=False))
    network[0].weight.data.fill_(1)
    picture = torch.arange(16.0).reshape(1, 1, 4, 4)
    change = conversion.list_changes(network)["stride_phase"][0]
    assert network(picture).flatten().tolist() == [0, 2, 8, 10]
    assert conversion.make_faulty(network, change)(picture).flatten().tolist() == [5, 7, 13, 15]


# A sample of the study, caught by what users get. Each of these moves an answer by far more than the right file does.
CAUGHT = {
    "tflite-fp32": ("bias_sign", "channels_permuted", "weights_truncated", "weight_scaled", "weight_zeroed", "activation_missing",
                    "branches_swapped", "dense_transposed", "labels_permuted"),
    "tflite-w8": ("weight_scaled", "weight_zeroed", "activation_other"),
    "tflite-int8": ("channels_permuted", "dense_transposed", "labels_permuted", "bias_sign", "weight_scaled", "weight_zeroed",
                    "per_channel_axis", "activation_missing", "padding_side"),
    "onnx-fp32": ("bias_sign", "channels_permuted", "weights_truncated", "weight_scaled", "weight_zeroed", "activation_missing",
                  "branches_swapped", "padding_side", "labels_permuted"),
    "onnx-w8": ("channels_permuted", "weight_scaled", "weight_zeroed", "activation_other"),
    "onnx-int8": ("bias_sign", "weight_scaled", "weight_zeroed", "scale_off", "zero_point_off", "per_channel_axis", "padding_side"),
    "torchscript-fp32": ("bias_sign", "channels_permuted", "weights_truncated", "weight_scaled", "weight_zeroed", "kernel_transposed",
                         "labels_permuted"),
    "coreml-fp32": ("bias_sign", "channels_permuted", "weights_truncated", "weight_scaled", "weight_zeroed", "activation_missing",
                    "padding_side", "labels_permuted"),
}  # fmt: skip


@pytest.fixture(scope="session")
def workers(source, pictures, reference, calibration, make, tmp_path_factory):
    """The children of fer-verify for this network, one a format, in this process."""
    from fer_edge.export.pictures.arrays import CALIBRATION_FILE, put_array
    from fer_edge.export.reference_data.build import PARITY_SOURCE
    from fer_edge.export.worker.child import Worker
    from fer_edge.export.worker.job import MODEL, REDRAWN, VERIFY, Job, Task
    from fer_edge.export.worker.unchanged import GuardedModel

    folder = tmp_path_factory.mktemp("verified")
    put_array(folder / "parity.npy", pictures)
    put_array(folder / "parity-reference.npy", reference)
    put_array(folder / CALIBRATION_FILE, calibration.scaled)
    (folder / PARITY_SOURCE).write_text("pictures of this test")
    (folder / REDRAWN).write_text(json.dumps(["tflite-int8", "onnx-int8"]))
    (folder / MODEL).touch()  # there is an original; it is given below
    found = {}
    for form in ("tflite", "onnx", "torchscript", "coreml"):
        (folder / form / "tmp").mkdir(parents=True)
        task = Task(VERIFY, f"{form}-fp32", str(make(f"{form}-fp32")[0]))
        found[form] = Worker(Job(form, (task,), folder / form, folder))
        found[form]._guarded = GuardedModel(source)
    return found


@pytest.mark.parametrize(
    ("variant", "kind"), [(variant, kind) for variant, kinds in CAUGHT.items() for kind in kinds]
)
def test_a_planted_fault_is_caught(variant, kind, plant, workers, source):
    _, wrong, contract = plant(variant, kind)
    found = judge(workers[variant.split("-")[0]], wrong, variant, contract, source.contract)
    assert found["caught"], found


@pytest.mark.parametrize("variant", CAUGHT)
def test_the_right_file_is_not(variant, make, tmp_path, workers, source):
    right, contract = make(variant)
    again = tmp_path / right.name
    open_edit(right).save(again, contract)
    found = judge(workers[variant.split("-")[0]], again, variant, contract, source.contract)
    assert not found["caught"], found


@pytest.mark.parametrize("kind", contracts.KINDS)
def test_a_wrong_contract_is_caught(kind, make, tmp_path, workers, source):
    right, contract = make("tflite-fp32")
    changed = contracts.change_contract(contract, kind)
    wrong = tmp_path / right.name
    open_edit(right).save(wrong, changed)
    assert judge(workers["tflite"], wrong, "tflite-fp32", changed, source.contract)["by"] == ["contract"]
