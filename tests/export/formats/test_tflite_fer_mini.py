"""The built-in network is made for delegates: in int8 they must take all of it, in one piece."""

import numpy as np
import pytest
import torch

from fer_edge.export.formats.protocol import Calibration, ModelAndContract, Request
from fer_edge.export.formats.tflite import converter as tflite
from fer_edge.runtime.camera import to_tensor
from fer_edge.runtime.contract import CameraSpec, Contract, InputSpec, Normalization, OutputSpec
from fer_edge.runtime.engines.litert_delegation import delegation
from fer_edge.runtime.labels import EMOTIONS
from fer_edge.runtime.variants import Variant
from fer_edge.train.models import build


def calibrated_network(contract, images):
    """Random weights with BatchNorm statistics of these images: no degenerate scales."""
    torch.manual_seed(0)
    network = build("fer_mini", num_classes=len(EMOTIONS), channels=1)
    for layer in network.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.momentum = None
    with torch.no_grad():
        network.train()(torch.from_numpy(np.concatenate([to_tensor(image, contract) for image in images])))
    return network.eval()


@pytest.mark.slow
def test_fer_mini_in_int8_is_one_partition_with_nothing_left_over(tmp_path):
    contract = Contract.build(
        model="fer-mini",
        labels=EMOTIONS,
        input=InputSpec("image", "tensor", 64, 64, 1, "NCHW", "float32"),
        camera=CameraSpec(),
        normalization=Normalization((0.5,), (0.5,)),
        output=OutputSpec("logits", "logits"),
    )
    images = np.random.default_rng(0).integers(0, 256, (24, 64, 64, 3)).astype(np.uint8)
    network = calibrated_network(contract, images)
    tensors = torch.from_numpy(np.concatenate([to_tensor(image, contract) for image in images[16:]]))
    with torch.no_grad():
        reference = torch.softmax(network(tensors), 1).numpy()
    calibration = Calibration(images[:16], images[16:], reference)
    path, memo = tmp_path / "fer-mini.tflite", {}
    for name in ("tflite-fp32", "tflite-int8"):
        tflite.convert(
            Request(Variant.parse(name), ModelAndContract(network, contract), calibration, path, memo)
        )
        found = delegation(path)
        assert (found.partitions, found.leftover) == (1, ())
    # One conversion for both precisions; channels are balanced for int8 without another.
    assert sum(isinstance(value, bytes) for key, value in memo.items() if " balanced " not in key) == 1
