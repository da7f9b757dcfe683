"""Dense layers of dynamic files, on the kernels that are known to compute one of their forms wrongly."""

import numpy as np
import pytest
import torch
from torch import nn

from fer_edge.export.formats.tflite.dynamic_dense import overflows
from fer_edge.export.formats.tflite.quantization import quantize

INPUTS = 4096


@pytest.fixture(scope="module")
def layer():
    """One output whose weights are all negative and large beside their scale, as a dead unit's behind a ReLU are, and one balanced."""
    made = nn.Linear(INPUTS, 2)
    with torch.no_grad():
        made.weight[0] = -torch.linspace(0.5, 1.0, INPUTS)
        made.weight[1] = torch.linspace(-1.0, 1.0, INPUTS)
        made.bias[:] = torch.tensor([2000.0, 1.0])
    return made.eval()


@pytest.fixture(scope="module")
def float_file(layer, tmp_path_factory):
    import litert_torch

    path = tmp_path_factory.mktemp("dense") / "dense.tflite"
    litert_torch.convert(layer, (torch.zeros(1, INPUTS),)).export(str(path))
    return path.read_bytes()


def answer(model, value, *, plain):
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    kinds = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES if plain else OpResolverType.AUTO
    interpreter = Interpreter(model_content=model, experimental_op_resolver_type=kinds)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], value)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


@pytest.mark.parametrize("plain", [True, False], ids=["plain", "xnnpack"])
def test_a_layer_with_large_sums_answers_as_the_original(layer, float_file, plain):
    value = np.random.default_rng(0).uniform(0, 1, (1, INPUTS)).astype(np.float32)
    with torch.no_grad():
        wanted = layer(torch.from_numpy(value)).numpy()
    found = answer(quantize(float_file, "dynamic"), value, plain=plain)
    # Half a step of 1/127 in each weight, at random: far below 1 in 1,000 of the sum of absolute products.
    assert np.abs(found - wanted).max() <= 1e-3 * INPUTS


def test_the_file_is_as_small_as_if_nothing_had_been_left(float_file):
    assert len(quantize(float_file, "dynamic")) <= len(float_file) / 3


@pytest.mark.parametrize(
    ("row", "too_large"),
    [
        # Eight sums of 16 bits: 8 * 32,767 is 262,136, and rows reach it with 2,064 weights of 127.
        (np.full(2000, 127), False),
        (np.full(2064 + 32, 127), True),
        (np.full(2064 + 32, -128), True),
        (np.tile([127, -127], 4000), False),
        (np.tile([127, 127, *[0] * 14], 140), True),  # one of the eight alone
        (np.full(10, -128), False),
    ],
)
def test_which_rows_overflow(row, too_large):
    quiet = np.zeros_like(row)
    assert overflows(np.array([quiet, row], np.int8)) is too_large
