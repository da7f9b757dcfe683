"""Every TFLite variant of one small network: made, opened, run, read back."""

import hashlib
import zipfile
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
import torch
from ai_edge_litert.interpreter import Interpreter
from flatbuffers import encode, number_types
from flatbuffers.table import Table
from torch import nn

from fer_edge.export.formats.protocol import Calibration, ModelAndContract, Request
from fer_edge.export.formats.tflite import converter as tflite
from fer_edge.export.formats.tflite.flatbuffer import TFLite, refuse_nonfinite_tensors
from fer_edge.export.formats.tflite.pieces import describe_pieces
from fer_edge.runtime.camera import to_tensor
from fer_edge.runtime.containers.embedded import read_embedded_contract
from fer_edge.runtime.contract import CameraSpec, Contract, InputSpec, Normalization, OutputSpec
from fer_edge.runtime.engines.litert_delegation import delegation
from fer_edge.runtime.errors import ExportError
from fer_edge.runtime.variants import Variant, legal_variants
from support.paths import SOURCES, TESTS
from support.processes import environment, python

SIDE = 24
LABELS = ("neutral", "happiness", "surprise")
NAMES = [variant.name for variant in legal_variants(every=True) if variant.format == "tflite"]
FARTHEST = {"fp32": 1e-5, "fp16": 5e-3, "w8": 3e-2, "dynamic": 5e-2, "int8": 1e-1, "auto": 1e-1}


class Network(nn.Module):
    """Gray 24x24 in, three logits out; padded stem, padded max-pool, hard-swish, a dense layer over 256 KiB in int8."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(1, 16, 3, 2, 1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(3, 2, 1)
        )
        self.depthwise = nn.Sequential(
            nn.Conv2d(16, 16, 3, 1, 1, groups=16), nn.BatchNorm2d(16), nn.Hardswish()
        )
        self.pointwise = nn.Sequential(nn.Conv2d(16, 32, 1), nn.BatchNorm2d(32), nn.ReLU6())
        self.hidden = nn.Sequential(nn.Linear(1152, 256), nn.ReLU())
        self.last = nn.Linear(256, 3)

    def forward(self, image):
        return self.last(self.hidden(self.pointwise(self.depthwise(self.stem(image))).flatten(1)))


def reference_contract(channels=1, normalization=None, kind="logits", labels=LABELS):
    return Contract.build(
        model="small",
        labels=labels,
        input=InputSpec("image", "tensor", SIDE, SIDE, channels, "NCHW", "float32"),
        camera=CameraSpec(),
        normalization=normalization,
        output=OutputSpec("logits", kind),
    )


def pictures(count):
    generator = torch.Generator().manual_seed(3)
    coarse = torch.rand(count, 3, 5, 5, generator=generator) * 255
    smooth = nn.functional.interpolate(coarse, size=(SIDE, SIDE), mode="bilinear")
    return smooth.round().byte().permute(0, 2, 3, 1).contiguous().numpy()


def prepare():
    """Source and calibration; the network's statistics are calibrated and its answers spread."""
    torch.manual_seed(0)
    network = Network()
    contract = reference_contract(normalization=Normalization((0.4,), (0.3,)))
    images = pictures(48)
    tensors = torch.from_numpy(np.concatenate([to_tensor(image, contract) for image in images]))
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.momentum = None
    with torch.no_grad():
        network.train()(tensors)
        network.eval()
        logits = network(tensors)
        network.last.weight.mul_(2 / logits.std(0).mean())
        network.last.bias.sub_(network(tensors).mean(0))
        probabilities = torch.softmax(network(tensors), 1).numpy()
    return ModelAndContract(network, contract), Calibration(images[:32], images[32:], probabilities[32:])


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Variant name -> (path, contract); all from one process's memo."""
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("tflite")
    source, calibration = prepare()
    memo, found = {}, {}
    for name in NAMES:
        variant = Variant.parse(name)
        path = folder / variant.filename("small")
        found[name] = path, tflite.convert(Request(variant, source, calibration, path, memo))
    return found, calibration, memo


def run(path, contract, images):
    runner = Interpreter(model_path=str(path), num_threads=1).get_signature_runner("serving_default")
    answers = np.concatenate([runner(image=to_tensor(image, contract))["probabilities"] for image in images])
    scale = contract.quantization.output
    return (
        answers
        if scale is None
        else (answers.astype(np.float32) - scale.zero_point) * np.float32(scale.scale)
    )


@pytest.mark.parametrize("name", NAMES)
def test_answers_are_near_the_original(made, name):
    found, calibration, _ = made
    path, contract = found[name]
    answers = run(path, contract, calibration.held_out)
    precision = Variant.parse(name).precision
    assert np.abs(answers - calibration.reference).max() < FARTHEST[precision]
    assert calibration.reference.std(0).min() > 0.05


@pytest.mark.parametrize("name", NAMES)
def test_the_contract_inside_is_the_contract_returned(made, name):
    path, contract = made[0][name]
    assert read_embedded_contract(path) == contract.text


@pytest.mark.parametrize("name", NAMES)
def test_names_shapes_and_types_of_the_ends(made, name):
    variant = Variant.parse(name)
    interpreter = Interpreter(model_path=str(made[0][name][0]))
    assert interpreter.get_signature_list() == {
        "serving_default": {"inputs": ["image"], "outputs": ["probabilities"]}
    }
    source, result = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    image = variant.interface == "image"
    integer = {False: np.float32, True: np.uint8 if image else np.int8}[variant.quantized_io]
    assert source["shape"].tolist() == [1, SIDE, SIDE, 3 if image else 1]
    assert result["shape"].tolist() == [1, 3]
    assert (source["dtype"], result["dtype"]) == (integer, integer)


def test_quantization_in_the_contract_is_that_of_the_file(made):
    path, contract = made[0]["tflite-int8-qio"]
    interpreter = Interpreter(model_path=str(path))
    for details, stated in (
        (interpreter.get_input_details()[0], contract.quantization.input),
        (interpreter.get_output_details()[0], contract.quantization.output),
    ):
        assert details["quantization"] == (stated.scale, stated.zero_point)
    assert (contract.quantization.output.scale, contract.quantization.output.zero_point) == (1 / 256, -128)


def test_a_uint8_picture_has_no_input_quantization_and_its_output_begins_at_zero(made):
    contract = made[0]["tflite-int8-image-qio"][1]
    assert contract.quantization.input is None
    assert (contract.quantization.output.scale, contract.quantization.output.zero_point) == (1 / 256, 0)


def test_quantized_ends_of_a_picture_only_round_the_answer(made):
    found, calibration, _ = made
    floats = run(*found["tflite-int8-image"], calibration.held_out)
    integers = run(*found["tflite-int8-image-qio"], calibration.held_out)
    assert np.abs(floats - integers).max() < 4 / 256


def test_sizes_follow_the_precision(made):
    sizes = {name: path.stat().st_size for name, (path, _) in made[0].items()}
    fp32 = sizes["tflite-fp32"]
    assert sizes["tflite-fp16"] / fp32 == pytest.approx(0.5, abs=0.03)
    for precision in ("w8", "dynamic", "int8"):
        assert sizes[f"tflite-{precision}"] / fp32 == pytest.approx(0.26, abs=0.03)


@pytest.mark.parametrize("interface", ["", "-image"])
def test_dynamic_dense_layers_quantize_what_they_read_with_a_zero_point(made, interface):
    """Without, Android's own 2.16.1 on ARM leaves out the weights' scales; ``android_demo`` runs it."""
    dense = [
        operator.builtinOptions.asymmetricQuantizeInputs
        for operator in TFLite.read(made[0][f"tflite-dynamic{interface}"][0].read_bytes()).graph.operators
        if type(operator.builtinOptions).__name__ == "FullyConnectedOptionsT"
    ]
    assert dense
    assert all(dense)


@pytest.mark.parametrize("precision", ["fp32", "fp16", "w8", "dynamic", "int8"])
@pytest.mark.parametrize("interface", ["", "-image"])
def test_the_delegate_takes_everything(made, precision, interface):
    found = delegation(made[0][f"tflite-{precision}{interface}"][0])
    assert (found.partitions, found.leftover) == (1, ())


def test_leftovers_are_seen(made):
    assert delegation(made[0]["tflite-int8-qio"][0]).leftover == ("SOFTMAX",)


def test_a_file_in_one_piece_has_no_note(made):
    assert describe_pieces(made[0]["tflite-fp32"][0]) == []
    assert describe_pieces(made[0]["tflite-int8-qio"][0]) == []


def test_a_file_in_several_pieces_is_told_with_what_cuts_it(tmp_path):
    torch.manual_seed(0)
    layers = (
        nn.ReflectionPad2d(1),
        nn.Conv2d(1, 4, 3, 2),
        nn.ReLU(),
        nn.ReflectionPad2d(1),
        nn.Conv2d(4, 4, 3, 2),
    )
    network = nn.Sequential(*layers, nn.ReLU(), nn.Flatten(), nn.Linear(144, 3)).eval()
    source = ModelAndContract(network, reference_contract(normalization=Normalization((0.4,), (0.3,))))
    path = tmp_path / "small.tflite"
    tflite.convert(Request(Variant("tflite", "fp32"), source, None, path))
    found = delegation(path)
    assert found.partitions > 1
    told = f"XNNPACK cuts it into {found.partitions} pieces: TFLite's own kernels run MIRROR_PAD x2; fer-bench tells what to change"
    assert describe_pieces(path) == [told]


def operator_names(path):
    from ai_edge_litert.schema_py_generated import BuiltinOperator

    words = {number: word for word, number in vars(BuiltinOperator).items() if not word.startswith("_")}
    file = TFLite.read(path.read_bytes())
    codes = [words[code.builtinCode] for code in file.model.operatorCodes]
    return [codes[operator.opcodeIndex] for operator in file.graph.operators]


def test_int8_has_neither_hard_swish_nor_padded_pools(made):
    assert "HARD_SWISH" in operator_names(made[0]["tflite-fp32"][0])
    for name in NAMES:
        assert "PADV2" not in operator_names(made[0][name][0])
        if "int8" in name:
            assert "HARD_SWISH" not in operator_names(made[0][name][0])


def test_gray_and_normalization_stay_float_in_int8(made):
    names = operator_names(made[0]["tflite-int8-image"][0])
    before = names[: names.index("QUANTIZE")]
    assert "FLOOR" in before
    assert {"CONV_2D", "PAD"}.isdisjoint(before)
    assert names.count("QUANTIZE") == 1


def test_the_rule_nearest_to_the_original_was_kept(made):
    for interface in ("tensor", "image"):
        calibrated = made[2][f"tflite calibrated {interface}"]
        assert set(calibrated.distances) >= {"extremes", "halfway"}
        assert calibrated.distances[calibrated.rule] == min(calibrated.distances.values())


def test_ranges_follow_their_rules(made):
    """The ends of the input's range, computed from the calibration images by the rules as they are written down."""
    from fer_edge.export.formats.tflite.calibration import _measure

    _, calibration, memo = made
    contract = made[0]["tflite-fp32"][1]
    tensors = [to_tensor(image, contract) for image in calibration.scaled]
    found = _measure(memo["tflite int8 tensor"], tensors)
    highest = [float(tensor.max()) for tensor in tensors]
    average = highest[0]
    for value in highest[1:]:
        average = 0.95 * average + 0.05 * value
    name = next(name for name in found["average"] if "serving_default_image" in name)
    assert float(found["extremes"][name]["max"].max()) == pytest.approx(max(highest), rel=1e-6)
    assert float(found["average"][name]["max"].max()) == pytest.approx(average, rel=1e-5)
    assert float(found["halfway"][name]["max"].max()) == pytest.approx((average + max(highest)) / 2, rel=1e-5)


def test_conversion_says_nothing(made, tmp_path, capfd):
    source, calibration = prepare()
    tflite.convert(Request(Variant.parse("tflite-int8"), source, calibration, tmp_path / "a.tflite", {}))
    assert capfd.readouterr() == ("", "")


def test_large_buffers_stay_behind_the_flatbuffer_and_data_is_aligned(made):
    data = made[0]["tflite-int8"][0].read_bytes()
    file = TFLite.read(data)
    assert file.outside
    again = file.write()
    assert TFLite.read(again).outside == file.outside
    from ai_edge_litert.schema_py_generated import Model

    model = Model.GetRootAs(again, 0)
    for index in range(model.BuffersLength()):
        buffer = model.Buffers(index)
        if buffer.Offset() > 1:
            assert buffer.Offset() % 16 == 0
            assert buffer.DataLength() == 0
        elif buffer.DataLength():
            assert buffer._tab.Vector(buffer._tab.Offset(4)) % 16 == 0


# The standard metadata, read with the field numbers of metadata_schema.fbs.


def table_at(data, position):
    return Table(data, position)


def child(table, field):
    return Table(table.Bytes, table.Indirect(table.Pos + table.Offset(4 + 2 * field)))


def element(table, field, number):
    start = table.Vector(table.Offset(4 + 2 * field)) + 4 * number
    return Table(table.Bytes, table.Indirect(start))


def text(table, field):
    return table.String(table.Pos + table.Offset(4 + 2 * field)).decode()


def floats(table, field):
    offset = table.Offset(4 + 2 * field)
    start, count = table.Vector(offset), table.VectorLen(offset)
    return [table.Get(number_types.Float32Flags, start + 4 * n) for n in range(count)]


def byte(table, field):
    return table.Get(number_types.Uint8Flags, table.Pos + table.Offset(4 + 2 * field))


def metadata(path):
    file = TFLite.read(path.read_bytes())
    entry = next(item for item in file.model.metadata if item.name == b"TFLITE_METADATA")
    data = bytearray(np.asarray(file.model.buffers[entry.buffer].data, np.uint8).tobytes())
    assert data[4:8] == b"M001"
    return Table(data, encode.Get(number_types.UOffsetTFlags.packer_type, data, 0))


@pytest.mark.parametrize(
    ("name", "mean", "std", "color"),
    [("tflite-fp32", 0.4 * 255, 0.3 * 255, 2), ("tflite-int8-image", 0.0, 1.0, 1)],
)
def test_standard_metadata(made, name, mean, std, color):
    root = metadata(made[0][name][0])
    assert (text(root, 0), text(root, 7)) == ("small", "1.0.0")
    subgraph = element(root, 3, 0)
    source, result = element(subgraph, 2, 0), element(subgraph, 3, 0)
    unit = element(source, 4, 0)
    assert byte(unit, 0) == 1
    assert floats(child(unit, 1), 0) == pytest.approx([mean], rel=1e-6)
    assert floats(child(unit, 1), 1) == pytest.approx([std], rel=1e-6)
    content = child(source, 3)
    assert (byte(content, 0), byte(child(content, 1), 0)) == (2, color)
    labels = element(result, 6, 0)
    assert (text(labels, 0), byte(labels, 2)) == ("labels.txt", 2)


@pytest.mark.parametrize("name", NAMES)
def test_labels_are_packed_behind_the_file_without_a_date(made, name):
    with zipfile.ZipFile(made[0][name][0]) as archive:
        assert archive.read("labels.txt") == b"neutral\nhappiness\nsurprise\n"
        assert [entry.date_time for entry in archive.infolist()] == [(1980, 1, 1, 0, 0, 0)]


# Exactness of gray, refusals, repeatability.


class Identity(nn.Module):
    """Gives its input back, so that what stands before a network can be seen."""

    def forward(self, image):
        return image.flatten(1) + 0.0


@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_gray_in_the_graph_is_exact(tmp_path, precision):
    contract = reference_contract(kind="probabilities")
    path = tmp_path / "gray.tflite"
    variant = Variant("tflite", precision, "image")
    tflite.convert(Request(variant, ModelAndContract(Identity().eval(), contract), None, path, {}))
    runner = Interpreter(model_path=str(path)).get_signature_runner("serving_default")
    rng = np.random.default_rng(5)
    for _ in range(50):
        picture = rng.integers(0, 256, (1, SIDE, SIDE, 3))
        expected = (picture @ np.array([19595, 38470, 7471]) + 32768) >> 16
        found = runner(image=picture.astype(np.float32))["probabilities"]
        assert np.array_equal(found.reshape(SIDE, SIDE), expected[0])


def test_nan_in_a_constant_is_refused_with_name_and_index(made):
    file = TFLite.read(made[0]["tflite-fp32"][0].read_bytes())
    tensors = file.graph.tensors
    tensor = next(t for t in tensors if file.values(t) is not None and list(t.shape) == [3, 256])
    values = file.values(tensor).copy()
    values[256 + 7] = np.nan
    file.outside.pop(tensor.buffer, None)
    file.model.buffers[tensor.buffer].data = np.frombuffer(values.tobytes(), np.uint8)
    with pytest.raises(ExportError, match=r"Linear_last.*nan at index \[1, 7\]"):
        refuse_nonfinite_tensors(file)


@pytest.mark.parametrize(
    ("operator", "value", "refused"),
    [
        ("MAXIMUM", -np.inf, False),
        ("MAXIMUM", np.inf, True),
        ("MAXIMUM", np.nan, True),
        ("ADD", -np.inf, True),
    ],
)
def test_only_the_least_of_a_maximum_may_be_infinite(operator, value, refused):
    """MobileViT on small pictures: a softmax over one place begins with the maximum of its input and -inf."""
    from ai_edge_litert import schema_py_generated as schema

    def tensor(name, buffer):
        made = schema.TensorT()
        made.name, made.buffer, made.shape, made.type = name, buffer, [1], schema.TensorType.FLOAT32
        return made

    model, graph, code, step = schema.ModelT(), schema.SubGraphT(), schema.OperatorCodeT(), schema.OperatorT()
    model.buffers = [schema.BufferT(), schema.BufferT()]
    model.buffers[0].data, model.buffers[1].data = None, np.frombuffer(np.float32(value).tobytes(), np.uint8)
    code.builtinCode = getattr(schema.BuiltinOperator, operator)
    step.inputs, step.outputs = [0, 1], [2]
    graph.tensors, graph.operators = [tensor("x", 0), tensor("least", 1), tensor("y", 0)], [step]
    model.operatorCodes, model.subgraphs = [code], [graph]
    with pytest.raises(ExportError, match="'least' holds") if refused else nullcontext():
        refuse_nonfinite_tensors(TFLite(model, {}))


def test_a_scale_that_is_not_finite_is_refused(made):
    file = TFLite.read(made[0]["tflite-int8"][0].read_bytes())
    tensor = next(
        t for t in file.graph.tensors if t.quantization is not None and t.quantization.scale is not None
    )
    tensor.quantization.scale = np.array([np.inf], np.float32)
    with pytest.raises(ExportError, match="scale of"):
        refuse_nonfinite_tensors(file)


def test_weights_that_become_nan_when_folded_are_refused(tmp_path):
    network = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 22 * 22, 3)
    )
    with torch.no_grad():
        network[1].running_var[2] = -1.0
    source = ModelAndContract(network.eval(), reference_contract())
    with pytest.raises(ExportError, match="at index"):
        tflite.convert(Request(Variant.parse("tflite-fp32"), source, None, tmp_path / "a.tflite", {}))


def test_a_network_in_training_mode_is_refused(tmp_path):
    source = ModelAndContract(Network().train(), reference_contract())
    with pytest.raises(ExportError, match=r"training mode"):
        tflite.convert(Request(Variant.parse("tflite-fp32"), source, None, tmp_path / "a.tflite", {}))


def test_int8_without_images_is_refused(tmp_path):
    source, _ = prepare()
    with pytest.raises(ExportError, match="calibration images"):
        tflite.convert(Request(Variant.parse("tflite-int8"), source, None, tmp_path / "a.tflite", {}))


REPEAT = """
import importlib.util, sys
from pathlib import Path
spec = importlib.util.spec_from_file_location("made_again", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
module.torch.set_num_threads(int(sys.argv[3]))
source, calibration = module.prepare()
memo = {}
for name in ("tflite-fp16", "tflite-int8-qio"):
    path = Path(sys.argv[2]) / f"{name}.tflite"
    module.tflite.convert(module.Request(module.Variant.parse(name), source, calibration, path, memo))
"""


def again(folder, seed, zone):
    folder.mkdir(parents=True)
    env = environment(PYTHONPATH=f"{SOURCES}:{TESTS}", PYTHONHASHSEED=seed, TZ=zone)
    python("-c", REPEAT, Path(__file__).resolve(), ".", "1", cwd=folder, env=env, check=True, timeout=300)

    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.glob("*.tflite"))
    }


@pytest.mark.slow
def test_the_same_bytes_in_another_process_folder_zone_and_hash_seed(tmp_path):
    first = again(tmp_path / "a", "1", "UTC")
    second = again(tmp_path / "deeper" / "über", "4242", "Asia/Tokyo")
    assert first == second
    assert len(first) == 2
