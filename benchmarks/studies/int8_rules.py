"""Which calibration rules pay? Ranges by four rules, and corrected biases, in ONNX int8 on faces that no calibration has seen.

    nice python benchmarks/studies/int8_rules.py bundle/mini-xception-fp32.onnx other-bundle/net-fp32.onnx [--biases 6]

From a bundle's fp32 file the int8 one is made as the exporter does it (the same graph, quantizer and kept layers), with ranges by each rule:

* ``minmax``, ``average``, ``halfway``: the exporter's, the nearest of which it keeps;
* ``mse``: each activation's extremes shrunk by the factor that rounds its calibration values with the least mean square;
* ``+bias``, for the first ``--biases`` files: the nearest of these once more with each convolution's and dense layer's bias moved by the mean
  by which its int8 answers are off on the calibration images, channel by channel, in the order of the graph (Nagel et al., ICCV 2019,
  section 4.2, measured instead of derived).

Mean difference of probabilities and top-1 agreement with the fp32 file are of held-out drawn faces. ``gain``: by which share the mean
difference falls where a rule stands beside ``minmax`` and ``average``, which were the exporter's before (``mse beside halfway``: beside
all three; ``bias``: of the same ranges); a rule pays where that is a tenth.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from runner import Asked, Document, option, study

if TYPE_CHECKING:
    from onnx import ModelProto

FACTORS = np.linspace(0.3, 1.0, 29)
KEPT_VALUES, HELD_SEED, PAYS = 512, 5, 0.1
"""Values of one activation and image that the squares are of."""
BEFORE = ("minmax", "average")
ADDED = ("halfway", "mse", "mse beside halfway", "bias")
Rows = list[NDArray[np.float32]]
Ranges = dict[str, Any]


def run(asked: Asked) -> Iterator[Document]:
    """A row a network."""
    rows: list[Document] = []
    for number, path in enumerate(asked.files):
        rows.append(compare(path, asked.faces, asked.calibration, biases=number < asked.biases))
        print(rows[-1], file=sys.stderr, flush=True)
        yield {"faces": asked.faces, "calibration": asked.calibration, "pays": count(rows), "rows": rows}


def count(rows: list[Document]) -> dict[str, str]:
    """In how many of the networks each rule pays."""
    gains = {name: [row["gain"][name] for row in rows if name in row["gain"]] for name in ADDED}
    return {name: f"{sum(gain >= PAYS for gain in found)} of {len(found)}" for name, found in gains.items()}


def compare(path: Path, faces: int, calibration: int, *, biases: bool) -> Document:
    """All rules on one network."""
    import onnx

    from fer_edge.export.formats.onnx.int8 import RULES, measure, prepare_for_int8
    from fer_edge.export.pictures.images import draw_faces
    from fer_edge.runtime.camera import to_tensor
    from fer_edge.runtime.containers.embedded import read_embedded_contract
    from fer_edge.runtime.contract import Contract

    contract = Contract.parse(read_embedded_contract(path))
    seen, held = (
        [to_tensor(picture, contract) for picture in draw_faces(split, count, contract, seed=seed).scaled]
        for split, count, seed in (("validation", calibration, 0), ("test", faces, HELD_SEED))
    )
    truth = answer(onnx.load(path), held)
    prepared = prepare_for_int8(onnx.load(path))
    measured = measure(prepared, seen)
    ranges: dict[str, Ranges] = {name: rule(measured) for name, rule in RULES.items()}
    ranges["mse"] = least_squares(prepared, ranges["minmax"], seen)
    found = {name: judge(truth, answer(quantize(prepared, one), held)) for name, one in ranges.items()}
    gain = {
        "halfway": gain_of(found, (*BEFORE, "halfway"), BEFORE),
        "mse": gain_of(found, (*BEFORE, "mse"), BEFORE),
        "mse beside halfway": gain_of(found, found, (*BEFORE, "halfway")),
    }
    if biases:
        nearest = min(found, key=lambda name: found[name]["mean_abs"])
        corrected = answer(correct_biases(prepared, ranges[nearest], seen), held)
        found[f"{nearest}+bias"] = judge(truth, corrected)
        gain["bias"] = gain_of(found, (nearest, f"{nearest}+bias"), (nearest,))
    return {"network": contract.model, "rules": found, "gain": gain}


def gain_of(found: dict[str, dict[str, float]], after: Iterable[str], before: Iterable[str]) -> float:
    """By which share the nearest of some rules is nearer than the nearest of others."""
    now, then = (min(found[name]["mean_abs"] for name in names) for names in (after, before))
    return round(1 - now / then, 3)


def quantize(prepared: ModelProto, ranges: Ranges) -> ModelProto:
    """As the exporter does it."""
    from fer_edge.export.formats.onnx.int8 import _quantize

    return _quantize(prepared, ranges)


def outputs(model: ModelProto, names: list[str] | None, inputs: Rows) -> Iterator[Rows]:
    """Values of a graph, for each input."""
    import onnx

    from fer_edge.export.formats.onnx.int8 import _run

    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    present = {value.name for value in watched.graph.output}
    watched.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names or () if name not in present)
    yield from _run(watched, names, inputs)


def answer(model: ModelProto, inputs: Rows) -> NDArray[np.float32]:
    """Probabilities, (n, labels)."""
    return np.concatenate([values[0] for values in outputs(model, None, inputs)])


def judge(truth: NDArray[np.float32], found: NDArray[np.float32]) -> dict[str, float]:
    """Mean difference, and the share of equal first labels."""
    away = np.abs(found.astype(np.float64) - truth).mean()
    return {
        "mean_abs": float(f"{away:.4g}"),
        "top1": round(float((found.argmax(1) == truth.argmax(1)).mean()), 4),
    }


def least_squares(prepared: ModelProto, extremes: Ranges, inputs: Rows) -> Ranges:
    """Ranges shrunk to where rounding to 255 steps and clipping together cost least."""
    names, rng = list(extremes), np.random.default_rng(0)
    values: dict[str, Rows] = {name: [] for name in names}
    for row in outputs(prepared, names, inputs):
        for name, value in zip(names, row, strict=True):
            flat = value.ravel()
            values[name].append(rng.choice(flat, min(KEPT_VALUES, flat.size), replace=False))
    return {name: _shrunk(np.concatenate(values[name]), *extremes[name]) for name in names}


def _shrunk(values: NDArray[np.float32], low: Any, high: Any) -> tuple[Any, Any]:
    low, high = min(float(low), 0.0), max(float(high), 0.0)

    def cost(factor: float) -> float:
        step = max((high - low) * factor / 255, 1e-12)
        rounded = np.clip(np.round(values / step), round(low * factor / step), round(high * factor / step))
        return float(np.square(rounded * step - values).mean())

    best = min(FACTORS[::-1], key=cost)
    return np.float32(low * best), np.float32(high * best)


def correct_biases(prepared: ModelProto, ranges: Ranges, inputs: Rows) -> ModelProto:
    """The int8 graph whose layers answer as the float ones on average, layer by layer: what came before is corrected by then."""
    from onnx import numpy_helper

    quantized = quantize(prepared, ranges)
    constants = {tensor.name: tensor for tensor in quantized.graph.initializer}
    makers = {output: node for node in quantized.graph.node for output in node.output}
    behind = {node.input[0]: node.output[0] for node in prepared.graph.node}
    layers = [
        (makers[node.input[2]], name)
        for node, name in _biased(quantized, prepared)
        if node.input[2] in makers
    ]
    wanted = _means(prepared, [name for _, name in layers], inputs)
    for dequantize, name in layers:
        # A ReLU is the scale's lower end there: what it cuts stands under its result's name, whole.
        held = name if name in makers else behind[name]
        stored, scale = (constants[part] for part in dequantize.input[:2])
        off = (wanted[name] - _means(quantized, [held], inputs)[held]) / numpy_helper.to_array(scale)
        moved = numpy_helper.to_array(stored) + np.round(off)
        stored.CopyFrom(numpy_helper.from_array(moved.astype(np.int32), stored.name))
    return quantized


def _biased(quantized: ModelProto, prepared: ModelProto) -> Iterator[tuple[Any, str]]:
    """Sums of the quantized graph that have a bias, and what the float graph calls their result."""
    results = {node.name: node.output[0] for node in prepared.graph.node}
    for node in quantized.graph.node:
        if node.op_type in ("Conv", "Gemm") and len(node.input) == 3 and node.name in results:
            yield node, results[node.name]


def _means(model: ModelProto, names: list[str], inputs: Rows) -> dict[str, NDArray[np.float64]]:
    """Of each channel, over images and places."""
    sums: dict[str, Any] = dict.fromkeys(names, 0.0)
    for row in outputs(model, names, inputs):
        for name, value in zip(names, row, strict=True):
            axes = tuple(axis for axis in range(value.ndim) if axis != 1)
            sums[name] = sums[name] + value.astype(np.float64).mean(axes)
    return {name: value / len(inputs) for name, value in sums.items()}


if __name__ == "__main__":
    study(
        run,
        option("files", None, "fp32 ONNX files of bundles", nargs="+", type=Path),
        option("--faces", 500, "held-out faces"),
        option("--calibration", 64, "images that measure"),
        option("--biases", 0, "correct the biases of so many networks"),
    )
