"""Common parts of the studies of small networks: drawn faces in memory, a short training, a checkpoint, a real export.

The loop here is a plain one, so that a study's budget is seen at a glance; the objective, the rounding and the camera
path are those of ``fer-train``.
"""

# mypy: allow-untyped-calls

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np
import torch
from machine import python
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from fer_edge.runtime.contract import CameraSpec, Contract, InputSpec, Normalization, OutputSpec
from fer_edge.runtime.labels import EMOTIONS
from fer_edge.stats.bootstrap import accuracy_drop_interval
from fer_edge.stats.paired import mcnemar
from fer_edge.synthetic import SyntheticFaces
from fer_edge.train.checkpoint.checkpoint import ARCH_ARGS_KEY, ARCH_KEY, write_checkpoint
from fer_edge.train.data.arrays import Arrays, load
from fer_edge.train.data.augmentation import augment, augmentation
from fer_edge.train.data.faces import Crops, Faces

SIDE, MARGIN, VIEWS, BATCH = 64, 0.1, 2, 64
Flags = NDArray[np.bool_]
"""One a face: right or wrong."""
Network = TypeVar("Network", bound=nn.Module)
Objective = Callable[[nn.Module, Tensor, Tensor], tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class Budget:
    """Of one training.

    Attributes:
        epochs: passes over the faces.
        peak: learning rate; warm-up over 8 % of the steps, then half a cosine.
        seed: of order, crops and augmentation.
        average: decay of the averaged weights.
    """

    epochs: int
    peak: float
    seed: int
    average: float = 0.99


def drawn(split: str, count: int, folder: Path) -> Arrays:
    """``count`` drawn faces, 64x64 gray; kept in ``folder`` for the next start."""
    crops = Crops(SIDE, SIDE, 1, MARGIN, VIEWS if split == "train" else 1, 0)
    faces = SyntheticFaces(split, count, seed=0)
    return kept_arrays(folder / f"{split}-{count}.npz", faces, crops, range(len(EMOTIONS)))


def kept_arrays(path: Path, faces: Faces, crops: Crops, columns: Sequence[int]) -> Arrays:
    """Crops and labels of faces, stored at ``path`` for the next start."""
    if not path.is_file():
        arrays = load(faces, crops, columns, workers=1)
        np.savez(path, crops=arrays.crops, labels=arrays.labels, clear=arrays.clear)
    with np.load(path) as kept:
        return Arrays(kept["crops"], kept["labels"], kept["clear"])


def normalize(crops: Tensor) -> Tensor:
    """0..1 -> -1..1, as the recipes do."""
    return (crops - 0.5) / 0.5


def plain(module: nn.Module, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Cross entropy with soft labels."""
    logits = module(images)
    return functional.cross_entropy(logits, labels), logits


def train(module: Network, arrays: Arrays, budget: Budget, objective: Objective = plain) -> Network:
    """Train ``module`` in place.

    Returns:
        The averaged weights in a copy of it; the last ones are in ``module``.
    """
    torch.manual_seed(budget.seed)
    crops, labels = torch.from_numpy(arrays.crops), torch.from_numpy(arrays.labels)
    transform, steps = augmentation(), len(labels) // BATCH * budget.epochs
    optimizer = torch.optim.AdamW(module.parameters(), lr=budget.peak, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, budget.peak, total_steps=steps, pct_start=0.08, cycle_momentum=False
    )
    average = AveragedModel(module, multi_avg_fn=get_ema_multi_avg_fn(budget.average), use_buffers=True)
    module.train()
    for _ in range(budget.epochs):
        for rows in torch.randperm(len(labels))[: len(labels) // BATCH * BATCH].split(BATCH):
            views = torch.randint(crops.shape[1], (BATCH,))
            images = normalize(augment(crops[rows, views], transform))
            loss, _ = objective(module, images, labels[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            average.update_parameters(module)
    return cast(Network, average.module)


def right(module: nn.Module, arrays: Arrays) -> Flags:
    """(n,) bool: which unjittered crops the network names right."""
    module.eval()
    with torch.inference_mode():
        parts = torch.from_numpy(arrays.crops[:, 0]).split(256)
        guesses = torch.cat([module(normalize(part / 255)).argmax(1) for part in parts])
    found: Flags = guesses.numpy() == arrays.labels.argmax(1)
    return found


def save(network: nn.Module, arch: str, path: Path) -> None:
    """A checkpoint that ``fer-export`` takes without further options."""
    contract = Contract.build(
        model=arch.replace("_", "-"),
        labels=EMOTIONS,
        input=InputSpec("image", "tensor", SIDE, SIDE, 1, "NCHW", "float32"),
        camera=CameraSpec(spec=1, crop_margin=MARGIN, mirror=False),
        normalization=Normalization((0.5,), (0.5,)),
        output=OutputSpec("logits", "logits"),
    )
    state = {name: value for name, value in network.state_dict().items() if "num_batches" not in name}
    write_checkpoint(path, state, contract, {ARCH_KEY: arch, ARCH_ARGS_KEY: json.dumps({})})


def export_int8(checkpoint: Path, out: Path) -> dict[str, Any]:
    """``fer-export`` to int8 TFLite and ONNX, calibrated on drawn faces; files stay even where a check says no.

    Returns:
        variant -> the manifest's entry; the file's path under ``path``.
    """
    words = ["--format", "tflite,onnx", "--precision", "int8", "--calibration", "synthetic"]
    words += ["--parity-inputs", "64", "--keep-failed", "--allow-insensitive", "--quiet"]
    command = ("-m", "fer_edge.export.cli", checkpoint, *words, "--out", out)
    python(*command, cwd=out.parent, allowed=(0, 3))  # 3: written, and refused by a check
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    return {entry["variant"]: entry for entry in manifest["artifacts"]}


def right_in_file(path: Path, arrays: Arrays) -> Flags:
    """(n,) bool: which unjittered crops an exported file names right, in its own engine."""
    from fer_edge.runtime.camera import to_tensor
    from fer_edge.runtime.model import load as open_file

    model = open_file(path, threads=1)
    guesses = []
    for crop in arrays.crops[:, 0]:
        # Gray of three equal channels is the value itself.
        tensor = to_tensor(np.repeat(crop.transpose(1, 2, 0), 3, axis=2), model.contract)
        guesses.append(int(np.argmax(model.run(tensor))))
    found: Flags = np.array(guesses) == arrays.labels.argmax(1)
    return found


def kept_answers(path: Path, make: Callable[[], dict[str, Flags]]) -> dict[str, Flags]:
    """The answers of ``make``, stored at ``path``: made once, so that a study that was stopped goes on from there."""
    if not path.is_file():
        np.savez(path, **make())  # type: ignore[arg-type]
    with np.load(path) as stored:
        return {key: stored[key] for key in stored.files}


def share(flags: Flags) -> float:
    """Of right answers."""
    return round(float(flags.mean()), 5)


def drop_interval(first: Flags, second: Flags) -> list[float]:
    """Of the first's accuracy over the second's, paired."""
    return [round(bound, 5) for bound in accuracy_drop_interval(first, second)]


def gain(one: Flags, other: Flags) -> dict[str, Any]:
    """Of ``one`` over ``other`` on the same faces: difference of accuracies, paired interval, McNemar's p-value."""
    return {
        "gain": round(float(one.mean() - other.mean()), 5),
        "interval": drop_interval(one, other),
        "p_value": float(f"{mcnemar(one, other).p_value:.3g}"),
    }
