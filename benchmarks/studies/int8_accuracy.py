"""Accuracy of int8 over accuracy of fp32 on held-out drawn faces: the built-in architectures under 15 M parameters.

    nice python benchmarks/studies/int8_accuracy.py --cache .int8_accuracy [--only resnet18] [--samples 2000]

Each network learns for some minutes on drawn faces, first the light, then emotions (``supported/``); the built-in model comes trained, and
weights that lie in ``--cache`` are taken as they are. One that is hardly better than chance after that is left out. The original's accuracy and each file's come from the export's own accuracy gate on
the same faces of the test split, none of which was seen in training or calibration. No wall time is involved: a busy machine changes
nothing. Where int8 misses the goal, ``auto`` is made as well.

``resnet18, rescaled`` is that network with the channels between its convolutions multiplied by 0.01 to 100 and their readers divided by
the same: the same function, with channels that one scale cannot hold. ``plain`` is what the quantizers make of it by their own examples.
Goals: 99.5 %; of the rescaled one 99 %.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from machine import python
from mutation.children import in_child
from runner import Asked, Document, keep, option, study
from supported.emotions import learn_emotions
from supported.networks import Network

if TYPE_CHECKING:
    from fer_edge.export.reference_model.model import ReferenceModel

GOAL, GOAL_RESCALED = 0.995, 0.99
FORMATS = ("tflite", "onnx")
SECONDS = 3600.0
LEAST = 0.3
"""Accuracy on held-out faces of a network whose ratio says something: chance is an eighth."""
RESCALED = "resnet18, rescaled"
SPREAD, SEED = 2.0, 0
"""Powers of ten, to either side, by which channels are multiplied."""


@dataclass(frozen=True)
class Trained:
    """A network of the study.

    Attributes:
        network: its architecture and input.
        seconds: processor time of its training on emotions; 0: the built-in model.
        rate: the highest learning rate.
    """

    network: Network
    seconds: float = 120.0
    rate: float = 2e-3


NETWORKS = (
    Trained(Network("fer_mini", 64, 1), 0),
    Trained(Network("fer2013_cnn", 48, 1), 110, 1e-3),
    Trained(Network("mobilenet_v3_small", 96), 150),
    Trained(Network("mobilenet_v2"), 270),
    Trained(Network("mobilenet_v3_large", seconds=12), 230),
    Trained(Network("efficientnet_b0", seconds=70), 130),
    Trained(Network("resnet18"), 170),
    Trained(Network("ferplus_vgg13", 64, 1), 150, 5e-4),
)


def run(asked: Asked) -> Iterator[Document]:
    """A row a network and format; finished networks lie in the cache."""
    cache = asked.cache.resolve()
    for trained in NETWORKS:
        if asked.only in ("", trained.network.arch):
            measure(cache, trained, asked.samples)
    if asked.only in ("", RESCALED):
        measure_rescaled(cache, asked.samples)
    rows = [row for path in sorted(cache.glob("*/rows.json")) for row in json.loads(path.read_text())]
    left = {path.parent.name: json.loads(path.read_text()) for path in sorted(cache.glob("*/left_out.json"))}
    done = {row["network"] for row in rows} | set(left)
    missing = [one.network.arch for one in NETWORKS if one.network.arch not in done]
    yield {"samples": asked.samples, "rows": rows, "learned_too_little": left, "not_measured": missing}


def measure(cache: Path, trained: Trained, samples: int) -> None:
    """Train and export one network of the list."""
    network, folder = trained.network, cache / trained.network.arch
    words: tuple[object, ...] = ()
    if trained.seconds:
        folder.mkdir(parents=True, exist_ok=True)
        weights = folder / "weights.safetensors"
        learn = partial(learn_emotions, network, weights, trained.seconds, trained.rate)
        known = in_child(learn, SECONDS, folder / "log")
        if known.get("accuracy", 1.0) < LEAST:
            keep(folder / "left_out.json", lambda: known)
            return
        words = (weights, *words_of(network))
    keep(folder / "rows.json", lambda: export(folder, network.arch, words, samples, GOAL))


def words_of(network: Network) -> tuple[object, ...]:
    """What ``fer-export`` is told of somebody's weights."""
    from mutation.subjects import LABELS

    shape = f"{network.edge}x{network.edge}x{network.channels}"
    return (
        "--arch",
        network.arch,
        "--labels",
        ",".join(LABELS),
        "--input",
        shape,
        "--mean",
        0.5,
        "--std",
        0.5,
    )


def export(folder: Path, name: str, words: tuple[object, ...], samples: int, goal: float) -> list[Document]:
    """Export as a user does and read the manifest."""
    folder.mkdir(parents=True, exist_ok=True)
    found = accuracies(folder, words, samples, "int8")
    rows = [row(name, form, found, goal) for form in FORMATS]
    for missed in (one for one in rows if not one["met"]):
        form = missed["format"]
        auto = accuracies(folder, words, samples, "auto", form).get(f"{form}-auto")
        missed["auto"] = auto and {
            "accuracy": auto["artifact"],
            "ratio": round(auto["artifact"] / missed["fp32"], 5),
        }
    print(json.dumps(rows), file=sys.stderr, flush=True)
    return rows


def accuracies(
    folder: Path, words: tuple[object, ...], samples: int, precision: str, form: str = ",".join(FORMATS)
) -> dict[str, Any]:
    """Variant -> what the gate measured; refused files are kept and measured too."""
    choice = (
        "--format",
        form,
        "--precision",
        f"fp32,{precision}",
        "--calibration",
        "synthetic",
        "--keep-failed",
    )
    gate = ("--accuracy", "synthetic", "--accuracy-samples", samples)
    bundle = folder / f"bundle-{precision}-{form}"
    log = folder / "log"
    if not (bundle / "manifest.json").is_file():
        python(
            "-m",
            "fer_edge.export.cli",
            *words,
            *choice,
            *gate,
            "--out",
            bundle,
            cwd=folder,
            log=log,
            allowed=(0, 3),
        )
    manifest = json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))
    return {
        artifact["variant"]: artifact["accuracy"] | {"verdicts": verdicts(artifact)}
        for artifact in manifest["artifacts"]
    }


def verdicts(artifact: dict[str, Any]) -> list[Any]:
    """``faithful`` and ``good``."""
    return [(artifact.get(name) or {}).get("verdict") for name in ("faithful", "parity")]


def row(name: str, form: str, found: dict[str, dict[str, Any]], goal: float) -> Document:
    """Both accuracies of a format and their ratio."""
    fp32, int8 = (found[f"{form}-{precision}"] for precision in ("fp32", "int8"))
    ratio = int8["artifact"] / fp32["artifact"]
    return {
        "network": name,
        "format": form,
        "fp32": fp32["artifact"],
        "int8": int8["artifact"],
        "drop_interval": int8["drop_interval"],
        "verdicts": int8["verdicts"],
        "ratio": round(ratio, 5),
        "goal_ratio": goal,
        "met": ratio >= goal,
    }


def measure_rescaled(cache: Path, samples: int) -> None:
    """ResNet18 with channels that one scale cannot hold."""
    source, folder = cache / "resnet18" / "weights.safetensors", cache / "resnet18-rescaled"
    folder.mkdir(parents=True, exist_ok=True)
    network = next(one.network for one in NETWORKS if one.network.arch == "resnet18")
    weights = folder / "weights.safetensors"
    words = (weights, *words_of(network))

    def make() -> list[Document]:
        rescale(source, weights)
        rows = export(folder, RESCALED, words, samples, GOAL_RESCALED)
        plain = in_child(partial(measure_plain, weights, network, folder, samples), SECONDS, folder / "log")
        return [one | {"plain": plain[one["format"]]} for one in rows]

    keep(folder / "rows.json", make)


def rescale(source: Path, target: Path) -> None:
    """Multiply what each block's first normalization gives, channel by channel, and divide the weights that read it."""
    import torch
    from safetensors.torch import load_file, save_file

    found = load_file(source)
    generator = torch.Generator().manual_seed(SEED)
    for name in sorted(name for name in found if name.startswith("layer") and name.endswith(".bn1.weight")):
        block = name.removesuffix("bn1.weight")
        factors = 10 ** ((2 * torch.rand(len(found[name]), generator=generator) - 1) * SPREAD)
        found[name] *= factors
        found[f"{block}bn1.bias"] *= factors
        found[f"{block}conv2.weight"] /= factors[:, None, None]
    save_file(found, target)


def measure_plain(weights: Path, network: Network, folder: Path, samples: int) -> dict[str, float]:
    """Accuracy by the quantizers' own examples, on as many faces."""
    import numpy as np
    from int8_peers import quantize_onnx, quantize_tflite

    from fer_edge.export.pictures.images import draw_faces
    from fer_edge.runtime.camera import to_tensor

    original = open_weights(weights, network)
    held, seen = (
        draw_faces(split, count, original.contract)
        for split, count in (("test", samples), ("validation", 64))
    )
    tensors, calibration = (
        np.concatenate([to_tensor(picture, original.contract) for picture in faces.scaled])
        for faces in (held, seen)
    )
    peers = {"tflite": quantize_tflite, "onnx": quantize_onnx}
    return {
        form: round(float((make(original, calibration, folder)(tensors).argmax(1) == held.labels).mean()), 5)
        for form, make in peers.items()
    }


def open_weights(weights: Path, network: Network) -> ReferenceModel:
    """The network as ``fer-export`` opens it."""
    from mutation.subjects import make_contract
    from safetensors.torch import load_file

    from fer_edge.export.reference_model.model import ReferenceModel
    from fer_edge.train.models import resolve

    module = resolve(network.arch, num_classes=8, channels=network.channels, arch_args=network.arch_args)
    module.load_state_dict(load_file(weights), strict=False)
    return ReferenceModel(
        module.eval(), make_contract(network.arch, network.edge, network.channels), network.arch, {}, "0" * 64
    )


if __name__ == "__main__":
    study(
        run,
        option("--cache", Path(".int8_accuracy"), "where weights and finished work lie"),
        option("--samples", 2000, "held-out faces"),
        option("--only", "", "only this network"),
    )
