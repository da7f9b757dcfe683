"""int8 accuracy with and without quantization-aware training, on drawn faces.

    python benchmarks/studies/quantization_aware.py --work DIR [--seeds 2]

For each network and seed: a short float training; then, from the same weights and for the same number of steps, once
more in float (the control) and once with rounding (``fer_edge.train.compact.quantization_aware``). Both go through the real
``fer-export --precision int8`` (calibrated on other drawn faces), and the files answer the same held-out faces in their
own engines. A drop is float accuracy of the same weights minus the file's accuracy; a gain is the file from QAT minus
the file from the control. Intervals are paired, the test is McNemar's, exact. No wall time is involved. Every finished
training stays in DIR: started again, the script goes on from there.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from runner import Asked, Document, option, study
from short_training import (
    BATCH,
    Budget,
    Flags,
    drawn,
    drop_interval,
    export_int8,
    gain,
    kept_answers,
    normalize,
    right,
    right_in_file,
    save,
    share,
    train,
)
from torch import nn

from fer_edge.train.checkpoint.checkpoint import read_checkpoint
from fer_edge.train.checkpoint.load_weights import load_weights
from fer_edge.train.compact.quantization_aware import finish, prepare
from fer_edge.train.models import build

NETWORKS = ("fer_mini", "mobilenet_v3_small")
TRAIN, TEST = 3200, 2000
FIRST_EPOCHS, MORE_EPOCHS = {"fer_mini": 10, "mobilenet_v3_small": 20}, 3
MOMENTUM = 0.1
"""Of batch normalization: MobileNetV3's own 0.01 would still hold the statistics of random weights at the end."""
FIRST_PEAK, MORE_PEAK = 4e-3, 4e-4
WAYS = ("float", "qat")
FILES = ("tflite-int8", "onnx-int8")
Answers = dict[str, Flags]


def run(asked: Asked) -> Iterator[Document]:
    """One network and seed after the other; all rows so far after each."""
    torch.set_num_threads(1)
    asked.work.mkdir(parents=True, exist_ok=True)
    rows = []
    for seed in range(asked.seeds):
        for name in asked.networks:
            found = kept_answers(
                asked.work / f"{name}-{seed}-answers.npz",
                lambda name=name, seed=seed: answers(name, seed, asked.work),  # type: ignore[misc]
            )
            rows.append(row(name, seed, found))
            yield {
                "faces": {"train": TRAIN, "test": TEST},
                "budget": {
                    "batch": BATCH,
                    "first": {"epochs": FIRST_EPOCHS, "peak_learning_rate": FIRST_PEAK},
                    "more": {"epochs": MORE_EPOCHS, "peak_learning_rate": MORE_PEAK},
                },
                "rows": rows,
            }


def answers(name: str, seed: int, work: Path) -> Answers:
    """Flags of the held-out faces that each network and file names right: ``<way> fp32`` and ``<way> <file>``."""
    test = drawn("test", TEST, work)
    found: Answers = {}
    for way, checkpoint in train_both(name, seed, work).items():
        found[f"{way} fp32"] = right(_read(name, checkpoint), test)
        bundle = checkpoint.with_suffix(".bundle")
        for variant, entry in export_int8(checkpoint, bundle).items():
            found[f"{way} {variant}"] = right_in_file(bundle / entry["path"], test)
    return found


def train_both(name: str, seed: int, work: Path) -> dict[str, Path]:
    """Checkpoints of both ways, from one float training."""
    paths = {way: work / f"{name}-{seed}-{way}.safetensors" for way in ("first", *WAYS)}
    faces = drawn("train", TRAIN, work)
    torch.manual_seed(seed)
    if not paths["first"].is_file():
        network = train(fresh(name), faces, Budget(FIRST_EPOCHS[name], FIRST_PEAK, seed))
        save(network, name, paths["first"])
    more = Budget(MORE_EPOCHS, MORE_PEAK, seed + 1000)
    if not paths["float"].is_file():
        save(train(_read(name, paths["first"]), faces, more), name, paths["float"])
    if not paths["qat"].is_file():
        example = normalize(torch.from_numpy(faces.crops[:BATCH, 0]) / 255)
        module = prepare(_read(name, paths["first"]), example)
        save(finish(train(module, faces, more), fresh(name)), name, paths["qat"])
    return {way: paths[way] for way in WAYS}


def fresh(name: str) -> nn.Module:
    """The network with random weights."""
    network = build(name, num_classes=8, channels=1)
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.momentum = MOMENTUM
    return network


def row(name: str, seed: int, found: Answers) -> dict[str, Any]:
    """One network and seed: accuracies, drops and gains with their intervals."""
    result: dict[str, Any] = {"network": name, "seed": seed}
    for way in WAYS:
        result[way] = {"fp32": share(found[f"{way} fp32"])}
        for file in FILES:
            whole, rounded = found[f"{way} fp32"], found[f"{way} {file}"]
            result[way][file] = {
                "accuracy": share(rounded),
                "drop_interval": drop_interval(whole, rounded),
                "right_or_wrong_changed": share(whole != rounded),
            }
    for file in FILES:
        better = gain(found[f"qat {file}"], found[f"float {file}"])
        result.setdefault("gain", {})[file] = {"accuracy": better.pop("gain"), **better}
    return result


def _read(name: str, path: Path) -> nn.Module:
    return load_weights(fresh(name), read_checkpoint(path))


if __name__ == "__main__":
    study(
        run,
        option("--work", None, "where trainings stay", type=Path, required=True),
        option("--seeds", 2),
        option("--networks", list(NETWORKS), nargs="+", type=str),
    )
