"""A trace that is not the original is refused before anything is made of it."""

import numpy as np
import pytest
import torch
from torch import nn

from fer_edge.export.capture.tracing import trace
from fer_edge.export.formats.coreml import converter as coreml
from fer_edge.export.formats.protocol import ModelAndContract, Request
from fer_edge.export.reference_model.inference import Reference
from fer_edge.runtime.camera import to_tensor
from fer_edge.runtime.contract import CameraSpec, Contract, InputSpec, Normalization, OutputSpec
from fer_edge.runtime.errors import ExportError
from fer_edge.runtime.variants import Variant

CONTRACT = Contract.build(
    model="small", labels=("a", "b", "c"), input=InputSpec("image", "tensor", 16, 16, 3, "NCHW", "float32"),
    camera=CameraSpec(), normalization=Normalization((0.5,) * 3, (0.5,) * 3), output=OutputSpec("logits", "logits"),
)  # fmt: skip


class Deciding(nn.Module):
    """Turns the sign where the brightest value is above a limit, in Python or in the graph."""

    def __init__(self, limit, *, in_graph=False):
        super().__init__()
        self.a, self.fc = nn.Conv2d(3, 8, 3, 2, 1), nn.Linear(8, 3)
        self.limit, self.in_graph = limit, in_graph

    def forward(self, x):
        if self.in_graph:
            x = torch.where(x.mean() > self.limit, -x, x)
        elif x.mean() > self.limit:
            x = -x
        return self.fc(torch.relu(self.a(x)).mean((2, 3)))


def convert(module, path, name="coreml-fp32", reference=None):
    torch.manual_seed(0)
    source = ModelAndContract(module.eval().requires_grad_(False), CONTRACT)
    coreml.convert(Request(Variant.parse(name), source, None, path, {}, reference))


@pytest.mark.parametrize("name", ["coreml-fp32", "coreml-fp16", "coreml-w8-image"])
def test_core_ml_refuses_a_network_that_decides_by_values(name, tmp_path):
    with pytest.raises(
        ExportError, match=r"the traced network is not the original: .* on input \d.*torch\.where"
    ):
        convert(Deciding(0.0), tmp_path / "a.mlpackage", name)
    assert not (tmp_path / "a.mlpackage").exists()


def test_the_same_decision_in_the_graph_is_taken(tmp_path):
    convert(Deciding(0.0, in_graph=True), tmp_path / "a.mlpackage")
    assert (tmp_path / "a.mlpackage").is_dir()


def test_parity_inputs_are_what_it_is_judged_by(tmp_path):
    module = Deciding(0.4)
    pictures = np.zeros((3, 16, 16, 3), np.uint8)
    pictures[2] = 190
    with torch.no_grad():
        answers = [
            torch.softmax(module(torch.from_numpy(to_tensor(p, CONTRACT))), 1).numpy() for p in pictures
        ]
    reference = Reference(pictures, np.concatenate(answers))
    with pytest.raises(ExportError, match="on input 2"):
        convert(module, tmp_path / "a.mlpackage", reference=lambda: reference)


def test_attention_is_traced_as_ordinary_operators():
    layer = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 1).eval()
    before = torch.backends.mha.get_fastpath_enabled()
    graph = str(trace(layer, torch.rand(1, 5, 8)).inlined_graph)
    assert "_transformer_encoder_layer_fwd" not in graph
    assert "aten::softmax" in graph or "scaled_dot_product_attention" in graph
    assert torch.backends.mha.get_fastpath_enabled() is before
