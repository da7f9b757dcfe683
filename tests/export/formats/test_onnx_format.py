"""Every ONNX variant of one small network: made, opened, run, read back."""

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, numpy_helper

from fer_edge.export.formats.onnx import int8
from fer_edge.export.formats.onnx.weights import quantize_channels
from fer_edge.runtime.camera import to_tensor
from fer_edge.runtime.containers.embedded import read_embedded_contract
from fer_edge.runtime.errors import ExportError
from fer_edge.runtime.variants import legal_variants

NAMES = [variant.name for variant in legal_variants(every=True) if variant.format == "onnx"]
FARTHEST = {"fp32": 1e-5, "fp16": 5e-3, "w8": 3e-2, "dynamic": 5e-2, "int8": 1e-1, "auto": 1e-1}


def session_of(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def answers(path, contract, pictures):
    session = session_of(path)
    return np.concatenate([session.run(None, {"image": to_tensor(item, contract)})[0] for item in pictures])


def types_of(model):
    return {tensor.name: tensor.data_type for tensor in model.graph.initializer}


def producers(model):
    return {name: node for node in model.graph.node for name in node.output}


@pytest.mark.parametrize("name", NAMES)
def test_answers_as_pytorch(name, make, pictures, reference):
    path, contract = make(name)
    found = answers(path, contract, pictures)
    assert reference.std(axis=0).max() > 0.1  # the network reacts to its input
    assert found.dtype == np.float32
    assert np.abs(found - reference).max() <= FARTHEST[name.split("-")[1]]


@pytest.mark.parametrize("name", NAMES)
def test_names_shapes_types_and_versions(name, make):
    path, _ = make(name)
    session = session_of(path)
    (entry,), (result,) = session.get_inputs(), session.get_outputs()
    assert (entry.name, entry.type) == ("image", "tensor(float)")
    assert entry.shape == ([1, 24, 24, 3] if name.endswith("image") else [1, 1, 24, 24])
    assert (result.name, result.type, result.shape) == ("probabilities", "tensor(float)", [1, 4])
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    assert {item.domain: item.version for item in model.opset_import}[""] == 18
    assert model.ir_version == 8


@pytest.mark.parametrize("name", NAMES)
def test_holds_the_contract_and_nothing_of_the_machine(name, make):
    path, contract = make(name)
    properties = {item.key: item.value for item in onnx.load(path).metadata_props}
    assert properties.pop("fer_edge_sha256").startswith("fer-edge-sha256:")
    assert properties == {"fer_edge_contract": contract.text}
    assert read_embedded_contract(path) == contract.text
    data = path.read_bytes()
    for trace in (b"site-packages", b"stack_trace", b'File "', b"forward(self"):
        assert trace not in data
    assert [item.name for item in path.parent.glob(f"{path.name}*")] == [path.name]  # no external data


def test_onnxruntime_opens_every_variant_without_a_warning(make, capfd):
    for name in NAMES:
        session_of(make(name)[0])
    assert "W:onnxruntime" not in capfd.readouterr().err


def weight_bytes(path):
    return sum(len(tensor.raw_data) for tensor in onnx.load(path).graph.initializer)


def test_weights_take_half_and_a_quarter(convert, source):
    # Biases stay float32: of this network 6,192 weights and 88 + 16 + 8 + ... biases, so not quite a half.
    full = weight_bytes(convert("onnx-fp32", source))
    assert weight_bytes(convert("onnx-fp16", source)) < 0.6 * full
    assert weight_bytes(convert("onnx-w8", source)) < 0.45 * full


def test_w8_weights_lie_within_half_a_step(make):
    float32 = {
        item.name: numpy_helper.to_array(item) for item in onnx.load(make("onnx-fp32")[0]).graph.initializer
    }
    stored = {
        item.name: numpy_helper.to_array(item) for item in onnx.load(make("onnx-w8")[0]).graph.initializer
    }
    names = [name.removesuffix(".int8") for name in stored if name.endswith(".int8")]
    assert len(names) == 7  # six convolutions and one linear layer
    for name in names:
        steps, scale = stored[f"{name}.int8"], stored[f"{name}.scale"]
        assert steps.dtype == np.int8
        assert scale.size == steps.shape[0]  # one for each output channel
        assert (np.abs(steps * scale.astype(np.float64) - float32[name]) <= scale * 0.5000001).all()


@given(st.integers(0, 2**32 - 1), st.floats(1e-30, 1e30), st.integers(0, 3))
def test_channel_quantization_is_nearest(seed, magnitude, axis):
    values = np.random.default_rng(seed).normal(0, magnitude, (3, 4, 2, 5)).astype(np.float32)
    steps, scale = quantize_channels(values, axis)
    assert np.abs(steps.astype(int)).max() == 127
    assert (np.abs(steps * scale.astype(np.float64) - values) <= scale * 0.50001).all()


def test_a_channel_of_zeros_keeps_a_scale():
    steps, scale = quantize_channels(np.zeros((2, 3), np.float32), 0)
    assert not steps.any()
    assert (scale > 0).all()


def test_dynamic_quantizes_matrix_products_only(make):
    model = onnx.load(make("onnx-dynamic")[0])
    kinds = [node.op_type for node in model.graph.node]
    assert kinds.count("MatMulInteger") == 1
    assert "ConvInteger" not in kinds
    types = types_of(model)
    assert sum(kind == TensorProto.INT8 for kind in types.values()) >= 7


def test_int8_quantizes_all_but_the_first_short_sum(make):
    model = onnx.load(make("onnx-int8")[0])
    made = producers(model)
    convolutions = [node for node in model.graph.node if node.op_type == "Conv"]
    quantized = [made[node.input[1]].op_type == "DequantizeLinear" if node.input[1] in made else False
                 for node in convolutions]  # fmt: skip
    assert quantized == [False] + [True] * 5
    types = types_of(model)
    for node in model.graph.node:
        if node.op_type == "QuantizeLinear":
            assert types[node.input[2]] == TensorProto.UINT8
    for node in convolutions[1:]:
        assert types[made[node.input[1]].input[0]] == TensorProto.INT8
        assert types[made[node.input[2]].input[0]] == TensorProto.INT32
    kinds = {node.op_type for node in model.graph.node}
    assert not kinds & {"HardSwish", "HardSigmoid", "ReduceMean"}
    softmax = next(node for node in model.graph.node if node.op_type == "Softmax")
    assert made[softmax.input[0]].op_type == "Gemm"  # the logits are not rounded


def test_a_long_first_sum_is_quantized(convert, fresh_source, calibration):
    # 7x7 over three channels: 147 products for each value.
    fresh_source.module.stem[0] = torch.nn.Conv2d(1, 16, 9, 2, 4, bias=False)  # 81
    model = onnx.load(convert("onnx-int8", fresh_source, calibration))
    first = next(node for node in model.graph.node if node.op_type == "Conv")
    assert producers(model)[first.input[1]].op_type == "DequantizeLinear"


@pytest.mark.parametrize("name", [name for name in NAMES if name.endswith("-image")])
def test_gray_stays_float32(name, make):
    model = onnx.load(make(name)[0])
    made, types = producers(model), types_of(model)
    pending = [next(node for node in model.graph.node if node.op_type == "Floor")]
    seen = []
    while pending:
        node = pending.pop()
        seen.append(node.op_type)
        assert all(
            types.get(item, TensorProto.FLOAT) in (TensorProto.FLOAT, TensorProto.INT64)
            for item in node.input
        )
        pending += [made[item] for item in node.input if item in made]
    assert not {"QuantizeLinear", "DequantizeLinear", "Cast"} & set(seen)


def test_every_gray_level_is_exact(make):
    path, _ = make("onnx-fp32-image")
    model = onnx.load(path)
    floor = next(node for node in model.graph.node if node.op_type == "Floor")
    model.graph.output.append(onnx.helper.make_tensor_value_info(floor.output[0], TensorProto.FLOAT, None))
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    colors = np.random.default_rng(0).integers(0, 256, (200, 24, 24, 3))
    for picture in colors:
        gray = session.run([floor.output[0]], {"image": picture[None].astype(np.float32)})[0]
        wanted = (19595 * picture[..., 0] + 38470 * picture[..., 1] + 7471 * picture[..., 2] + 32768) >> 16
        assert np.array_equal(gray[0, 0], wanted)


def test_three_channels_in_both_interfaces(convert, color_source, pictures):
    for name in ("onnx-fp32", "onnx-fp32-image"):
        session = session_of(convert(name, color_source))
        picture = pictures[0]
        tensor = to_tensor(picture, color_source.contract)
        given_tensor = picture[None].astype(np.float32) if name.endswith("image") else tensor
        wanted = torch.softmax(color_source.module(torch.from_numpy(tensor)), 1).detach().numpy()
        assert np.abs(session.run(None, {"image": given_tensor})[0] - wanted).max() < 1e-5


def test_rules_of_calibration_by_hand():
    ranges = {"a": (np.float32([-1, -3]), np.float32([2, 6]))}
    assert int8.minmax(ranges) == {"a": (-3, 6)}
    assert int8.average(ranges) == {"a": (-2, 4)}
    assert int8.halfway(ranges) == {"a": (-2.5, 5)}


@pytest.mark.parametrize("rule", ["minmax", "halfway"])
def test_keeps_the_rule_nearest_to_pytorch(rule, monkeypatch, make, convert, source, calibration):
    def distance(path):
        found = answers(path, source_contract, calibration.held_out)
        return np.abs(found - calibration.reference).mean()

    path, source_contract = make("onnx-int8")
    kept = distance(path)
    monkeypatch.setattr(int8, "RULES", dict.fromkeys(int8.RULES, int8.RULES[rule]))
    assert kept <= distance(convert("onnx-int8", source, calibration)) + 1e-9


def test_int8_needs_images(convert, source):
    with pytest.raises(ExportError, match="calibration"):
        convert("onnx-int8", source)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_refuses_what_is_not_finite_by_name_and_index(value, convert, fresh_source):
    fresh_source.module.last.weight.data[2, 5] = value
    with pytest.raises(ExportError, match=r"last\.weight.*\[2, 5\]"):
        convert("onnx-fp32", fresh_source)


def test_refuses_an_infinite_fold(convert, fresh_source):
    fresh_source.module.stem[1].running_var.data[3] = -1.0  # the root of a negative number
    with pytest.raises(ExportError, match=r"stem.*\[3"):
        convert("onnx-fp32", fresh_source)


def test_refuses_weights_beyond_float16(convert, fresh_source):
    fresh_source.module.last.weight.data[1, 1] = 70000.0
    with pytest.raises(ExportError, match=r"last\.weight as float16.*\[1, 1\]"):
        convert("onnx-fp16", fresh_source)


class Unconvertible(torch.nn.Module):
    def forward(self, image):
        return torch.linalg.lu_factor(image[0, 0, :4, :4])[0][:1].contiguous()


def test_names_what_the_exporter_refuses(convert, fresh_source):
    fresh_source.module.stem[2] = torch.nn.Identity()
    object.__setattr__(fresh_source, "module", Unconvertible().eval())
    with pytest.raises(ExportError, match=r"lu|linalg"):
        convert("onnx-fp32", fresh_source)
