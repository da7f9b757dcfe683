"""Latency of int8 files against fp32 files of the same network: one thread, interleaved.

    python benchmarks/studies/int8_latency.py --format tflite
    python benchmarks/studies/int8_latency.py --format onnx --nets resnet18,fer_mini

Networks have random weights, so their BatchNorm statistics are calibrated first: degenerate ones give degenerate
scales and timings that mean nothing. Each round runs every file for the same number of calls, in turns; the figure is the median
over the rounds of int8 time / fp32 time in CPU seconds of the one thread, so that whatever else the machine does meets all
alike. With ``--format onnx`` a third file is what onnxruntime's own ``quantize_static`` makes of the same fp32 graph
(QDQ, uint8 activations, int8 weights, per channel). ``timm:NAME`` needs timm, which nothing else here does. Results go to
``benchmarks/results/int8_latency_<format>.json``.
"""

# mypy: allow-untyped-calls

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from machine import cpu_field
from numpy.typing import NDArray
from runner import Asked, Document, option, study

from fer_edge.export.formats import find_format
from fer_edge.export.formats.protocol import Calibration, ModelAndContract, Request
from fer_edge.runtime.camera import to_tensor
from fer_edge.runtime.contract import CameraSpec, Contract, InputSpec, Normalization, OutputSpec
from fer_edge.runtime.labels import EMOTIONS
from fer_edge.runtime.variants import Variant
from fer_edge.train.models import build

NETS = {
    "resnet18": (224, 3),
    "mobilenet_v2": (224, 3),
    "efficientnet_b0": (224, 3),
    "mobilenet_v3_small": (224, 3),
    "fer_mini": (64, 1),
    "torchvision:squeezenet1_1": (224, 3),
    "torchvision:shufflenet_v2_x1_0": (224, 3),
    "torchvision:mnasnet1_0": (224, 3),
    "torchvision:regnet_y_400mf": (224, 3),
    "torchvision:densenet121": (96, 3),
    "timm:mobilenetv4_conv_small": (224, 3),
    "timm:ghostnet_100": (224, 3),
}
"""Name -> (side in pixels, channels): built-in architectures, then torchvision's and timm's by those libraries' names."""
TARGETS = {
    "tflite": (0.35, 0.55, 0.55, 0.68, 0.60),
    "onnx": (0.35, 0.55, 0.80, 0.80, 0.60, 0.75, 0.75, 0.80, 0.80, 0.80, 0.75, 0.80),
}
"""The largest ratio, in the order of ``NETS``."""
PEER_LIMIT = 1.05
"""The largest int8 time / time of quantize_static's file."""
PICTURES = 32
ROUND_SECONDS = 0.05
"""Of one file in one round: long against the clock's grain, short against drifts of the machine."""


def run(asked: Asked) -> Document:
    """Every network in turn."""
    torch.set_num_threads(1)
    records = []
    nets = asked.nets.split(",") if asked.nets else list(NETS)[: len(TARGETS[asked.format])]
    for net in nets:
        with tempfile.TemporaryDirectory() as folder:
            records.append(measure(asked.format, net, Path(folder), asked.rounds))
        print(line(records[-1]), flush=True)
    vnni = "with" if "vnni" in cpu_field("flags") else "without"
    return {
        "what": "latency of int8 over latency of fp32, one thread, interleaved; CPU seconds of the thread, medians",
        "format": asked.format,
        "cpu": f"{cpu_field('model name') or 'unknown'}, {vnni} VNNI",
        "engine": engine_name(asked.format),
        "rounds": asked.rounds,
        "nets": records,
    }


def line(record: Document) -> str:
    """One network for people."""
    parts = ""
    if "int8_partitions" in record:
        leftover = ",".join(record["int8_leftover"]) or "nothing"
        parts = f", {record['int8_partitions']} partition(s), left over: {leftover}"
    if "static_ratio" in record:
        against = f"(ours / its: {record['against_static']:.2f})"
        parts = f", quantize_static {record['static_ratio']:.2f} {against}"
    verdict = f"at most {record['target']:.2f}: {'met' if record['met'] else 'MISSED'}"
    times = "int8".join(f" {1e3 * record[key]:7.2f} ms, " for key in ("fp32_seconds", "int8_seconds"))
    return f"{record['net']:30} fp32{times}ratio {record['ratio']:.2f} ({verdict}){parts}"


def measure(format_name: str, net: str, folder: Path, rounds: int) -> Document:
    """Export one network at fp32 and int8 and time both."""
    source, calibration = _prepare(net)
    converter = find_format(format_name).load()
    memo: dict[str, Any] = {}
    calls: dict[str, Callable[[], object]] = {}
    paths: dict[str, Path] = {}
    for precision in ("fp32", "int8"):
        variant = Variant(format_name, precision)
        paths[precision] = folder / variant.filename(source.contract.model)
        contract = converter.convert(Request(variant, source, calibration, paths[precision], memo))
        calls[precision] = OPENERS[format_name](
            paths[precision], to_tensor(calibration.held_out[0], contract)
        )
    if format_name == "onnx":
        paths["static"] = quantize_static(paths["fp32"], folder, calibration, source.contract)
        calls["static"] = _open_onnx(paths["static"], to_tensor(calibration.held_out[0], contract))
    times = _interleave(calls, rounds)
    ratio = _median_ratio(times["int8"], times["fp32"])
    target = dict(zip(NETS, TARGETS[format_name], strict=False))[net]
    return {
        "net": net,
        "input": list(source.contract.input.shape),
        "fp32_seconds": round(statistics.median(times["fp32"]), 6),
        "int8_seconds": round(statistics.median(times["int8"]), 6),
        "ratio": round(ratio, 3),
        "target": target,
        "met": ratio <= target,
        **(_beside_static(times) if "static" in times else {}),
        "fp32_bytes": paths["fp32"].stat().st_size,
        "int8_bytes": paths["int8"].stat().st_size,
        **(_delegation(paths["int8"]) if format_name == "tflite" else {}),
    }


def quantize_static(fp32: Path, folder: Path, calibration: Calibration, contract: Contract) -> Path:
    """The fp32 file quantized by onnxruntime's own recipe with the same pictures."""
    from onnxruntime import quantization

    class Reader(quantization.CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self._left = [{"image": to_tensor(picture, contract)} for picture in calibration.scaled]

        def get_next(self) -> dict[str, NDArray[Any]] | None:
            return self._left.pop(0) if self._left else None

    prepared, made = folder / "prepared.onnx", folder / "static.onnx"
    quantization.quant_pre_process(fp32, prepared, skip_symbolic_shape=True)
    quantization.quantize_static(
        prepared,
        made,
        Reader(),
        quant_format=quantization.QuantFormat.QDQ,
        per_channel=True,
        activation_type=quantization.QuantType.QUInt8,
        weight_type=quantization.QuantType.QInt8,
    )
    return made


def _beside_static(times: dict[str, list[float]]) -> Document:
    against = _median_ratio(times["int8"], times["static"])
    return {
        "static_seconds": round(statistics.median(times["static"]), 6),
        "static_ratio": round(_median_ratio(times["static"], times["fp32"]), 3),
        "against_static": round(against, 3),
        "against_static_met": against <= PEER_LIMIT,
    }


def _median_ratio(new: list[float], old: list[float]) -> float:
    return statistics.median(a / b for a, b in zip(new, old, strict=True))


def _interleave(calls: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Seconds a call, for each round and file."""
    counts = {}
    for name, call in calls.items():
        _repeat(call, 3)
        counts[name] = max(1, round(ROUND_SECONDS / _repeat(call, 3)))
    times: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(rounds):
        for name in sorted(calls, reverse=bool(number % 2)):
            times[name].append(_repeat(calls[name], counts[name]))
    return times


def _repeat(call: Callable[[], object], count: int) -> float:
    """CPU seconds a call."""
    begin = time.thread_time()
    for _ in range(count):
        call()
    return (time.thread_time() - begin) / count


def _open_tflite(path: Path, tensor: NDArray[Any]) -> Callable[[], object]:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(path), num_threads=1)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], tensor)
    invoke: Callable[[], object] = interpreter.invoke
    return invoke


def _open_onnx(path: Path, tensor: NDArray[Any]) -> Callable[[], object]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    feed = {session.get_inputs()[0].name: tensor}
    return lambda: session.run(None, feed)


OPENERS = {"tflite": _open_tflite, "onnx": _open_onnx}


def _delegation(path: Path) -> Document:
    from fer_edge.runtime.engines.litert_delegation import delegation

    found = delegation(path)
    return {"int8_partitions": found.partitions, "int8_leftover": list(found.leftover)}


def _prepare(net: str) -> tuple[ModelAndContract, Calibration]:
    """A network with calibrated statistics, and pictures for its activation ranges."""
    side, channels = NETS[net]
    torch.manual_seed(0)
    module = _build(net, channels)
    contract = Contract.build(
        model=net.rsplit(":", maxsplit=1)[-1].replace("_", "-"),
        labels=EMOTIONS,
        input=InputSpec("image", "tensor", side, side, channels, "NCHW", "float32"),
        camera=CameraSpec(),
        normalization=Normalization((0.5,) * channels, (0.5,) * channels),
        output=OutputSpec("logits", "logits"),
    )
    pictures = _pictures(PICTURES, side)
    tensors = torch.from_numpy(np.concatenate([to_tensor(picture, contract) for picture in pictures]))
    _calibrate_statistics(module, tensors)
    with torch.no_grad():
        reference = torch.softmax(module(tensors[-8:]), 1).numpy()
    return ModelAndContract(module, contract), Calibration(pictures[:-8], pictures[-8:], reference)


def _build(net: str, channels: int) -> torch.nn.Module:
    library, _, name = net.rpartition(":")
    if library == "torchvision":
        import torchvision

        network: torch.nn.Module = torchvision.models.get_model(name, num_classes=len(EMOTIONS))
    elif library == "timm":
        import timm

        network = timm.create_model(name, num_classes=len(EMOTIONS), in_chans=channels)
    else:
        network = build(name, num_classes=len(EMOTIONS), channels=channels)
    return network


def _calibrate_statistics(module: torch.nn.Module, tensors: torch.Tensor) -> None:
    """Let BatchNorm take mean and variance of what really passes through it."""
    module.eval()
    layers = [layer for layer in module.modules() if isinstance(layer, torch.nn.BatchNorm2d)]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None
        layer.train()
    with torch.no_grad():
        for batch in tensors.split(8):
            module(batch)
    module.eval()


def _pictures(count: int, side: int) -> NDArray[Any]:
    """Smooth blobs of color with sensor noise; (count, side, side, 3) uint8."""
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(count, 3, 6, 6, generator=generator) * 255
    smooth = torch.nn.functional.interpolate(coarse, size=(side, side), mode="bicubic")
    noisy = smooth + 8 * torch.randn(smooth.shape, generator=generator)
    return np.ascontiguousarray(noisy.clamp(0, 255).round().byte().permute(0, 2, 3, 1).numpy())


def engine_name(format_name: str) -> str:
    """Engine and version."""
    from importlib.metadata import version

    package = {"tflite": "ai-edge-litert", "onnx": "onnxruntime"}[format_name]
    return f"{package} {version(package)}"


if __name__ == "__main__":
    study(
        run,
        option("--format", "tflite", choices=sorted(TARGETS)),
        option("--nets", "", "comma-separated; default: all that have a target in this format"),
        option("--rounds", 60),
        show=lambda _document: (),
        result="int8_latency_{format}",
    )
