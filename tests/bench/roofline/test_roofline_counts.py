"""MACs and bytes, against published counts, torch's own counter and sums made by hand."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
import torch
import torchvision
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from fer_edge.bench.roofline import coreml_graph, onnx_graph, tflite_graph, torchscript_graph
from fer_edge.bench.roofline.counts import Counts, count
from fer_edge.bench.roofline.graph import Graph, GraphError, GraphTensor, Operator, Role, count_macs
from fer_edge.runtime.bundle import open_bundle
from fer_edge.runtime.contract import Contract, InputSpec, OutputSpec
from fer_edge.train.models import build
from support.paths import DEMO_BUNDLE

READERS = {
    "tflite": tflite_graph.read,
    "onnx": onnx_graph.read,
    "torchscript": torchscript_graph.read,
    "coreml": coreml_graph.read,
}


def contract(channels: int, side: int) -> Contract:
    given = InputSpec("image", "tensor", side, side, channels, "NCHW", "float32")
    return Contract.build(model="net", labels=("a", "b"), input=given, output=OutputSpec("logits", "logits"))


def counts_of(bundle: Path, variant: str) -> Counts:
    artifact = open_bundle(bundle).artifact(variant)
    return count(READERS[artifact.format](bundle / artifact.path, Contract.parse(artifact.contract)))


def written(module: nn.Module, folder: Path, channels: int, side: int) -> dict[str, Path]:
    """The module as TorchScript and as ONNX."""
    given = torch.zeros(1, channels, side, side)
    found = {"torchscript": folder / "net.pt", "onnx": folder / "net.onnx"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # both exporters are deprecated; what they write is what counts
        torch.jit.trace(module.eval(), given).save(str(found["torchscript"]))
        torch.onnx.export(module, (given,), str(found["onnx"]), input_names=["image"], dynamo=False)
    return found


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v2", "efficientnet_b0", "mobilenet_v3_small"])
def test_macs_are_the_published_ones(name: str, tmp_path: Path) -> None:
    # torchvision publishes the billions of multiply-adds at 224x224 with three digits.
    published = torchvision.models.get_model_weights(name).DEFAULT.meta["_ops"]
    module = torchvision.models.get_model(name)
    for kind, path in written(module, tmp_path, 3, 224).items():
        found = count(READERS[kind](path, contract(3, 224)))
        assert round(found.macs / 1e9, 3) == published
        # What is stored and read is every parameter once, BatchNorm folded into the convolutions or not.
        parameters = sum(4 * value.numel() for value in module.parameters())
        assert 0.98 * parameters < found.weight_bytes < 1.02 * parameters
        assert found.uncounted == ()


def test_every_format_of_fer_mini_counts_what_torch_counts(builtin_bundle: Path) -> None:
    module = build("fer_mini", num_classes=8).eval()
    with FlopCounterMode(display=False) as flops, torch.no_grad():
        module(torch.zeros(1, 1, 64, 64))
    found = {kind: counts_of(builtin_bundle, f"{kind}-fp32") for kind in READERS}
    assert {kind: counts.macs for kind, counts in found.items()} == dict.fromkeys(
        READERS, flops.get_total_flops() // 2
    )
    assert len({counts.activation_bytes for counts in found.values()}) == 1
    sizes = [counts.weight_bytes for counts in found.values()]
    assert max(sizes) - min(sizes) < 0.001 * max(sizes)


def test_int8_moves_a_quarter() -> None:
    whole, narrow = (counts_of(DEMO_BUNDLE, f"tflite-{precision}") for precision in ("fp32", "int8"))
    assert narrow.macs == whole.macs == narrow.int8_macs
    assert whole.int8_macs == 0
    # Biases stay 32 bits wide, and the last layers' floats are few.
    assert 0.25 * whole.weight_bytes < narrow.weight_bytes < 0.27 * whole.weight_bytes
    assert 0.249 * whole.activation_bytes < narrow.activation_bytes < 0.255 * whole.activation_bytes


class Small(nn.Module):
    """One of each: convolution, grouped, transposed, residual, pooling, dense."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 4, 3, padding=1, bias=False)
        self.grouped = nn.Conv2d(4, 4, 3, padding=1, groups=2, bias=False)
        self.up = nn.ConvTranspose2d(4, 3, 2, stride=2, bias=False)
        self.dense = nn.Linear(3, 5, bias=False)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        first = torch.relu(self.first(image))
        up = self.up(first + self.grouped(first))
        return self.dense(up.amax((2, 3)))


@pytest.mark.parametrize("kind", ["torchscript", "onnx"])
def test_a_network_counted_by_hand(kind: str, tmp_path: Path) -> None:
    found = count(READERS[kind](written(Small(), tmp_path, 3, 8)[kind], contract(3, 8)))
    # first 8*8*4 outputs x 3*3*3; grouped 8*8*4 x 2*3*3; up 8*8*4 inputs x 3*2*2; dense 5 x 3
    assert found.macs == 6912 + 4608 + 3072 + 15
    # 4*3*9 + 4*2*9 + 4*3*4 + 5*3 floats
    assert found.weight_bytes == 4 * (108 + 72 + 48 + 15)
    # first reads 192, writes 256; grouped 256 and 256; the sum reads 2*256, writes 256; up reads 256, writes 768;
    # the maximum reads 768, writes 3; dense reads 3, writes 5
    moved = 192 + 256 + 256 + 256 + 512 + 256 + 256 + 768 + 768 + 3 + 3 + 5
    assert found.activation_bytes == 4 * moved


def test_weights_unpacked_by_the_graph_count_as_stored() -> None:
    """int8 weights x scale, then a product with a float activation: 8 bits are read, and nothing is int8 arithmetic."""
    tensors = {
        "w": GraphTensor((6, 4), 8, stored=True),
        "s": GraphTensor((), 32, stored=True),
        "cast": GraphTensor((6, 4), 32),
        "unpacked": GraphTensor((6, 4), 32),
        "x": GraphTensor((1, 4), 32),
        "y": GraphTensor((1, 6), 32),
    }
    operators = (
        Operator("Cast", Role.CONVERT, ("w",), ("cast",)),
        Operator("Mul", Role.POINTWISE, ("cast", "s"), ("unpacked",)),
        Operator("MatMul", Role.PRODUCT, ("x", "unpacked"), ("y",), 24),
    )
    assert count(Graph(tensors, operators)) == Counts(24, 0, 24 + 4, 16 + 24)


def test_between_quantize_and_dequantize_bytes_move() -> None:
    tensors = {
        "x": GraphTensor((10,), 32),
        "q": GraphTensor((10,), 8),
        "d": GraphTensor((10,), 32),
        "w": GraphTensor((3, 10), 8, stored=True),
        "wide": GraphTensor((3, 10), 32),
        "y": GraphTensor((3,), 32),
    }
    operators = (
        Operator("QuantizeLinear", Role.CONVERT, ("x",), ("q",)),
        Operator("DequantizeLinear", Role.CONVERT, ("q",), ("d",)),
        Operator("DequantizeLinear", Role.CONVERT, ("w",), ("wide",)),
        Operator("Gemm", Role.PRODUCT, ("d", "wide"), ("y",), 30),
    )
    assert count(Graph(tensors, operators)) == Counts(30, 30, 30, 10 + 12)


def test_what_is_not_counted_is_named() -> None:
    graph = Graph(
        {"x": GraphTensor((1,), 32), "y": GraphTensor((1,), 32)},
        (Operator("LSTM", Role.OPAQUE, ("x",), ("y",)),),
    )
    assert count(graph).uncounted == ("LSTM",)


def test_products() -> None:
    assert count_macs(Role.PRODUCT, (2, 5, 7), (7, 3), (2, 5, 3)) == 2 * 5 * 7 * 3
    assert count_macs(Role.PRODUCT, (2, 7, 5), (7, 3), (2, 5, 3)) == 2 * 5 * 7 * 3  # the left side transposed
    assert count_macs(Role.PRODUCT, (7,), (7, 3), (3,)) == 21
    assert count_macs(Role.TRANSPOSED, (1, 4, 2, 2), (4, 3, 2, 2), (1, 3, 4, 4)) == 16 * 12


@pytest.mark.parametrize(
    "data", [b"", b"\x00" * 40, b"\x3a\xff\xff\x01", b"\x0f" * 9], ids=["empty", "zeros", "cut", "type"]
)
def test_what_is_no_onnx_is_a_clause(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    path.write_bytes(data)
    with pytest.raises(GraphError):
        onnx_graph.read(path, contract(1, 8))
