"""ExecuTorch: answers near PyTorch's in both precisions, the same bytes again, and what cannot be written is said."""

import importlib.util

import numpy as np
import pytest
import torch

from fer_edge.export.formats.executorch.float_view import view
from fer_edge.export.formats.executorch.graph_reader import read_graph
from fer_edge.runtime.camera import to_tensor
from fer_edge.runtime.containers.embedded import read_embedded_contract
from fer_edge.runtime.errors import ExportError
from fer_edge.runtime.model import load

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("executorch") is None, reason="needs executorch (extra [export-executorch])"
)


@pytest.mark.parametrize(
    ("variant", "worst", "mean"), [("executorch-fp32", 1e-5, 1e-6), ("executorch-int8", 0.15, 0.025)]
)
def test_answers_as_pytorch(make, pictures, reference, variant, worst, mean):
    path, contract = make(variant)
    assert read_embedded_contract(path) == contract.text
    model = load(path)
    found = np.stack([model.run(to_tensor(picture, contract)) for picture in pictures])
    assert np.abs(found - reference).max() < worst
    assert np.abs(found - reference).mean() < mean


@pytest.mark.parametrize("variant", ["executorch-fp32", "executorch-int8"])
def test_the_same_inputs_give_the_same_bytes(make, convert, source, calibration, variant):
    assert convert(variant, source, calibration).read_bytes() == make(variant)[0].read_bytes()


def test_refuses_weights_that_are_not_finite(convert, fresh_source):
    fresh_source.module.stem[0].weight.data[2, 0, 1, 1] = np.inf
    with pytest.raises(ExportError, match=r"stem\.0\.weight' holds inf at index \[2, 0, 1, 1\]"):
        convert("executorch-fp32", fresh_source)


def test_a_normalization_without_parameters_is_folded_in_both_precisions(convert, fresh_source, calibration):
    bare = torch.nn.BatchNorm2d(16, affine=False).eval()
    bare.running_mean.normal_()
    bare.running_var.uniform_(0.5, 2)
    fresh_source.module.stem[1] = bare
    found = []
    for variant in ("executorch-fp32", "executorch-int8"):
        steps = view(read_graph(convert(variant, fresh_source, calibration))).steps
        found.append([step.operator for step in steps if "Conv" in step.operator])
    assert found[0] == found[1]
    assert fresh_source.module.stem[1].weight is None  # the caller's own network is left as it was


def test_a_factor_that_lies_outside_the_delegate_is_read_by_the_scale_inside(
    convert, fresh_source, calibration
):
    factors = torch.linspace(-0.7, 1.9, 16).reshape(16, 1, 1)

    class Scaled(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.factors = torch.nn.Parameter(factors, requires_grad=False)

        def forward(self, x):
            return x * self.factors

    fresh_source.module.stem[1] = Scaled().eval()
    graph = read_graph(convert("executorch-int8", fresh_source, calibration))
    constants = [tensor for tensor in graph.tensors.values() if tensor.constant is not None]
    (held,) = [tensor for tensor in constants if (tensor.dtype, tensor.shape) == ("int8", (16, 1, 1))]
    scale, zero = held.quantization.scale, held.quantization.zero_point
    values = (held.constant.astype(np.float32) - zero) * scale
    assert np.abs(np.sort(values.ravel()) - factors.numpy().ravel()).max() <= scale / 2 * 1.001
