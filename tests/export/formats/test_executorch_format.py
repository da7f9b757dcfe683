"""ExecuTorch: answers near PyTorch's in both precisions, the same bytes again, and what cannot be written is said."""

import importlib.util

import numpy as np
import pytest

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
