"""Whole packages: what coremltools wrote, read back from bytes and computed."""

import numpy as np
import pytest
import torch

from fer_edge.runtime.containers.coreml import root_model
from fer_edge.runtime.errors import EngineError, UnknownOperator
from fer_edge.runtime.mil.evaluator import Evaluator
from fer_edge.runtime.mil.program import read_program

RANDOM = np.random.default_rng(4)
X = RANDOM.normal(size=(1, 4, 6, 6)).astype(np.float32)
WEIGHT = RANDOM.normal(size=(8, 4, 3, 3)).astype(np.float32)
TARGETS = ["iOS15", "iOS16", "iOS17", "iOS18"]


def evaluator(path, **how):
    found = Evaluator(read_program(root_model(path)), **how)
    found.check()
    return found


def answer(path, *arrays, **how):
    found = evaluator(path, **how)
    names = [name for name, _ in found.program.inputs]
    outcome = found.run(dict(zip(names, arrays, strict=True)))
    return next(iter(outcome.values.values())).numpy()


def network(mb, x):
    x = mb.conv(x=x, weight=WEIGHT, pad_type="same", strides=[2, 2])
    x = mb.relu(x=x)
    x = mb.reduce_mean(x=x, axes=[2, 3])
    return mb.softmax(x=x, axis=1)


def expected():
    x = torch.nn.functional.conv2d(
        torch.nn.functional.pad(torch.from_numpy(X), (0, 1, 0, 1)), torch.from_numpy(WEIGHT), None, 2
    )
    return torch.softmax(torch.relu(x).mean((2, 3)), 1).numpy()


@pytest.mark.parametrize("target", TARGETS)
def test_a_network_for_every_system(build, target):
    assert np.abs(answer(build(network, X.shape, target=target), X) - expected()).max() < 1e-6


@pytest.mark.parametrize("target", TARGETS)
def test_float16_is_rounded_after_each_operator_and_can_be_left_ideal(build, target):
    path = build(network, X.shape, target=target, half=True)
    rounded, ideal = answer(path, X), answer(path, X, rounding="ideal", width="float64")
    assert 1e-5 < np.abs(rounded - expected()).max() < 2e-3
    assert (rounded == rounded.astype(np.float16)).all()
    # What is left is the rounding of the weights.
    assert 0 < np.abs(ideal - expected()).max() < 1e-3


@pytest.mark.parametrize("half", [False, True])
@pytest.mark.parametrize("rounding", ["nearest", "ideal", "up", "outward"])
def test_several_inputs_at_a_time_are_computed_as_each_alone(build, half, rounding):
    """A convolution of a channel each, an odd padding and a reshape to one row: what a batch would mix up."""

    def mixed(mb, x):
        x = mb.conv(x=x, weight=WEIGHT[:4, :1], groups=4, pad_type="same", strides=[2, 2])
        x = mb.relu(x=mb.conv(x=x, weight=WEIGHT, pad_type="custom", pad=[1, 1, 1, 1]))
        return mb.softmax(x=mb.reshape(x=mb.add(x=x, y=np.float32(0.5)), shape=[1, -1]), axis=1)

    found = evaluator(build(mixed, X.shape, half=half), rounding=rounding)
    ((name, _),), (output,) = found.program.inputs, found.program.outputs
    many = np.random.default_rng(6).normal(size=(5, *X.shape)).astype(np.float32)
    alone = [found.run({name: one}).values[output].numpy() for one in many]
    together = found.run_stacked({name: many}).values[output].numpy()
    assert together.shape == (5, 1, 72)
    assert np.abs(together - alone).max() < (2e-3 if half and rounding != "ideal" else 1e-6)


def test_chance_takes_one_at_a_time(build):
    found = evaluator(build(network, X.shape, half=True), rounding="random")
    ((name, _),) = found.program.inputs
    with pytest.raises(EngineError):
        found.run_stacked({name: X[None]})


def test_float16_overflows_as_it_does_in_phones(build):
    def squared(mb, x):
        square = mb.mul(x=mb.mul(x=x, y=300.0), y=mb.mul(x=x, y=300.0))
        return mb.real_div(x=mb.real_div(x=square, y=300.0), y=300.0)

    path = build(squared, (1, 4), half=True)
    x = np.array([[0.1, 0.5, 1.0, 2.0]], np.float32)
    assert np.isinf(answer(path, x)[0, 3])
    assert np.abs(answer(path, x, rounding="ideal") - x**2).max() < 3e-3


def test_shapes_and_types_that_operators_do_not_give(build):
    path = build(network, X.shape)
    model = root_model(path)
    whole = model.read_bytes()
    program = read_program(model)
    relu = next(item for item in program.operations if item.type == "relu")
    assert str(relu.outputs[0][1]) == "fp32 [1, 8, 3, 3]"
    from coremltools.proto.Model_pb2 import Model

    def altered(change):
        message = Model()
        message.ParseFromString(whole)
        block = next(iter(message.mlProgram.functions["main"].block_specializations.values()))
        change({item.outputs[0].name: item for item in block.operations}[relu.name], block)
        model.write_bytes(message.SerializeToString())
        return evaluator(path)

    def tensor(item):
        return item.outputs[0].type.tensorType

    def smaller(item, _):
        tensor(item).dimensions[3].constant.size = 2

    def half(item, _):
        tensor(item).dataType = 10

    def renamed(item, _):
        item.type = "relu_squared"

    def more(item, _):
        item.inputs["slope"].CopyFrom(item.inputs["x"])

    def lacking(item, _):
        del item.inputs["x"]

    def unread(item, block):
        block.outputs[0] = "nothing"

    with pytest.raises(
        EngineError, match=r"declared as fp32 \[1, 8, 3, 2\]; its operator gives \[1, 8, 3, 3\]"
    ):
        altered(smaller)
    with pytest.raises(EngineError, match="declared as fp16; its operator gives fp32"):
        altered(half)
    with pytest.raises(UnknownOperator, match="relu_squared"):
        altered(renamed)
    with pytest.raises(UnknownOperator, match="slope"):
        altered(more)
    with pytest.raises(EngineError, match="lacks its parameter x"):
        altered(lacking)
    with pytest.raises(EngineError, match="computed by no operation"):
        altered(unread)


def test_a_tensor_that_would_fill_the_memory_is_refused_before_it_is_made(build):
    """Four numbers become 2^40: what is declared is looked at first, then what operators would give."""
    path = build(lambda mb, x: mb.tile(x=x, reps=[2, 3]), (2, 2))
    from coremltools.proto.Model_pb2 import Model

    message = Model()
    message.ParseFromString(root_model(path).read_bytes())
    text = message.SerializeToString()
    for item in next(iter(message.mlProgram.functions["main"].block_specializations.values())).operations:
        value = item.attributes["val"].immediateValue.tensor.ints.values if item.type == "const" else []
        if list(value) == [2, 3]:
            value[:] = [1 << 20, 1 << 20]
    assert message.SerializeToString() != text
    root_model(path).write_bytes(message.SerializeToString())
    with pytest.raises(EngineError, match=r"its operator gives \[2097152, 2097152\]"):
        evaluator(path)


KINDS = {
    "int8": ("iOS16", "linear"), "uint4 palette": ("iOS16", "palette"), "sparse": ("iOS16", "prune"),
    "int4 blocks": ("iOS18", "blocks"), "grouped palette": ("iOS18", "groups"), "sparse palette": ("iOS18", "both"),
    "sparse int8": ("iOS18", "sparse int8"),
}  # fmt: skip


def compressed(ct, model, kind):
    from coremltools.optimize import coreml as co

    linear = co.OpLinearQuantizerConfig(mode="linear_symmetric", weight_threshold=0)
    prune = co.OpMagnitudePrunerConfig(target_sparsity=0.6, weight_threshold=0)
    palette = co.OpPalettizerConfig(nbits=4, mode="uniform", weight_threshold=0)
    blocks = co.OpLinearQuantizerConfig(
        mode="linear", dtype="int4", granularity="per_block", block_size=2, weight_threshold=0
    )
    groups = co.OpPalettizerConfig(
        nbits=3, granularity="per_grouped_channel", group_size=4, mode="uniform", weight_threshold=0
    )
    steps = {
        "linear": [(co.linear_quantize_weights, linear)], "palette": [(co.palettize_weights, palette)],
        "prune": [(co.prune_weights, prune)], "blocks": [(co.linear_quantize_weights, blocks)],
        "groups": [(co.palettize_weights, groups)],
        "both": [(co.prune_weights, prune), (co.palettize_weights, palette)],
        "sparse int8": [(co.prune_weights, prune), (co.linear_quantize_weights, linear)],
    }[kind]  # fmt: skip
    for number, (function, config) in enumerate(steps):
        more = {"joint_compression": True} if number else {}
        model = function(model, co.OptimizationConfig(global_config=config), **more)
    return model


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("what", KINDS)
@pytest.mark.parametrize("half", [False, True])
def test_compressed_weights_are_what_coremltools_makes_of_them(ct, build, what, half, tmp_path):
    """coremltools' own decompression of the same package is the judge."""
    from coremltools.optimize import coreml as co

    target, kind = KINDS[what]
    plain = ct.models.MLModel(str(build(network, X.shape, target=target, half=half)), skip_model_load=True)
    small = compressed(ct, plain, kind)
    small.save(str(tmp_path / "small.mlpackage"))
    program = read_program(root_model(tmp_path / "small.mlpackage"))
    assert any(item.type.startswith("constexpr_") for item in program.operations)
    whole = co.decompress_weights(small)
    whole.save(str(tmp_path / "whole.mlpackage"))
    found, wanted = (answer(tmp_path / f"{name}.mlpackage", X) for name in ("small", "whole"))
    assert np.abs(found - wanted).max() < (2e-3 if half else 1e-6)
