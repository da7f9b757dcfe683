"""The original's own answers, when the original is somebody's broken module."""

import numpy as np
import pytest
from torch import nn

from fer_edge.export.pictures.parity_inputs import name_golden
from fer_edge.export.reference_model.inference import count_multiply_accumulates, describe_nonfinite, outputs
from fer_edge.runtime.contract import CameraSpec, Contract, InputSpec, OutputSpec
from fer_edge.runtime.errors import ExportError


class Broken(nn.Module):
    """Does one known multiplication, then what no module has."""

    def __init__(self):
        super().__init__()
        self.head = nn.Linear(16, 2)

    def forward(self, x):
        return self.head(x.flatten(1)).no_such_method()


CONTRACT = Contract.build(
    model="m",
    labels=("a", "b"),
    input=InputSpec("image", "tensor", 4, 4, 1, "NCHW", "float32"),
    camera=CameraSpec(),
    output=OutputSpec("logits", "logits"),
)


def test_any_exception_of_the_module_becomes_a_sentence():
    pictures = np.zeros((1, 4, 4, 3), np.uint8)
    with pytest.raises(ExportError, match=r"refuses an input of shape \(1, 1, 4, 4\): AttributeError"):
        outputs(Broken(), CONTRACT, pictures)


def test_counting_does_not_stop_where_the_module_does():
    # 16 inputs to 2 outputs.
    assert count_multiply_accumulates(Broken(), CONTRACT) == 32


def test_what_is_not_finite_among_golden_vectors_is_called_so():
    answers = np.full((5, 2), 0.5, np.float32)
    answers[2, 0] = np.nan
    found = describe_nonfinite(answers, ("a", "b"), name_golden)
    assert found.endswith("(a) is nan on golden vector 3 of 5")
