"""A published network that was not written here, trained for a few steps, in all four formats."""

import json

import numpy as np
import pytest
import torch

from fer_edge.export.pictures.images import draw_faces
from fer_edge.runtime.bundle import open_bundle
from fer_edge.runtime.camera import to_tensor
from fer_edge.runtime.contract import CameraSpec, Contract, InputSpec, Normalization, OutputSpec

ARCH = "torchvision.models:shufflenet_v2_x1_0"
LABELS = ("neutral", "happiness", "surprise", "sadness", "anger")


@pytest.fixture
def briefly_trained(tmp_path):
    """Random weights would hardly react to their input: see TOOLCHAIN on calibrated statistics."""
    from fer_edge.train.models import resolve

    torch.manual_seed(0)
    contract = Contract.build(
        model="m",
        labels=LABELS,
        input=InputSpec("image", "tensor", 96, 96, 3, "NCHW", "float32"),
        camera=CameraSpec(),
        normalization=Normalization((0.5,) * 3, (0.5,) * 3),
        output=OutputSpec("logits", "logits"),
    )
    images = draw_faces("train", 80, contract)
    inputs = torch.from_numpy(np.concatenate([to_tensor(picture, contract) for picture in images.scaled]))
    targets = torch.from_numpy(images.labels)
    network = resolve(ARCH, num_classes=len(LABELS), arch_args={}).train()
    optimizer = torch.optim.Adam(network.parameters(), 2e-3)
    for step in range(20):
        batch = torch.arange(step * 20, step * 20 + 20) % len(inputs)
        loss = torch.nn.functional.cross_entropy(network(inputs[batch]), targets[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    path = tmp_path / "weights.pth"
    torch.save({"state_dict": {f"module.{name}": value.half() if value.is_floating_point() else value
                               for name, value in network.state_dict().items()}}, path)  # fmt: skip
    return path


@pytest.mark.slow
def test_shufflenet_exports_in_all_four_formats_with_parity(briefly_trained, tmp_path, run_command):
    made = run_command(
        "fer_edge.export.cli", briefly_trained, "--arch", ARCH, "--labels", "neutral,happy,surprised,sad,angry",
        "--input", "96x96x3", "--mean", "0.5", "--std", "0.5", "--parity-inputs", "64", "--json",
        "--format", "torchscript,onnx,tflite,coreml", "--out", tmp_path / "bundle", cwd=tmp_path,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    document = json.loads(made.stdout)
    verdicts = {entry["variant"]: entry["parity"]["verdict"] for entry in document["variants"]}
    assert verdicts == dict.fromkeys(("torchscript-fp32", "onnx-fp32", "tflite-fp32", "coreml-fp32"), "pass")
    bundle = open_bundle(tmp_path / "bundle")
    assert bundle.manifest.model == "shufflenet-v2-x1-0"
    assert bundle.manifest.source.arch == ARCH
    coreml = bundle.artifact("coreml-fp32")
    assert coreml.weight_audit is None or coreml.weight_audit.verdict == "pass"
