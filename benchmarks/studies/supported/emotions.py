"""Emotions for a network that knows the light already: some minutes more on drawn faces."""

# mypy: allow-untyped-calls

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mutation.subjects import make_contract

from supported.networks import Network
from supported.training import count_statistics, make_weights

if TYPE_CHECKING:
    import torch
    from torch import nn

FACES, HELD_OUT, BATCH, WARM_UP, SHIFT, DECAY = 4000, 400, 32, 0.1, 2, 0.02


def learn_emotions(network: Network, weights: Path, seconds: float, rate: float) -> dict[str, Any]:
    """Write a plain state dict; weights that lie there already are taken as they are.

    Args:
        network: a built-in architecture.
        weights: the safetensors file; what is known of it lies beside.
        seconds: processor time, after the training on light.
        rate: the highest learning rate.

    Returns:
        Seconds, and accuracy on held-out drawn faces.
    """
    about = weights.with_name("about.json")
    if not weights.is_file():
        weights.parent.mkdir(parents=True, exist_ok=True)
        about.write_text(json.dumps(_learn(network, weights, seconds, rate)))
    known: dict[str, Any] = json.loads(about.read_text()) if about.is_file() else {}
    return known


def _learn(network: Network, weights: Path, seconds: float, rate: float) -> dict[str, Any]:
    import torch
    from safetensors.torch import load_file, save_file

    from fer_edge.train.models import resolve

    light = weights.with_name("light.safetensors")
    if not light.is_file():
        make_weights(network, light)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    module = resolve(network.arch, num_classes=8, channels=network.channels, arch_args=network.arch_args)
    module.load_state_dict(load_file(light))
    pictures, labels = _faces(network, "train", FACES)
    _train(module, pictures, labels, seconds, rate)
    count_statistics(module, pictures)
    module.eval()
    with torch.inference_mode():
        held_out, wanted = _faces(network, "validation", HELD_OUT)
        right = torch.cat([module(part) for part in held_out.split(64)]).argmax(1) == wanted
    save_file({name: tensor.contiguous().clone() for name, tensor in module.state_dict().items()}, weights)
    return {"seconds": seconds, "accuracy": round(float(right.float().mean()), 3)}


def _faces(network: Network, split: str, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    import torch

    from fer_edge.export.pictures.images import draw_faces
    from fer_edge.export.reference_model.inference import make_batch

    contract = make_contract("drawn", network.edge, network.channels)
    faces = draw_faces(split, count, contract, seed=3)
    return make_batch(faces.scaled, contract), torch.from_numpy(faces.labels)


def _train(
    module: nn.Module, pictures: torch.Tensor, labels: torch.Tensor, seconds: float, rate: float
) -> None:
    """AdamW with a warm-up and a straight way down, by processor time; pictures are mirrored and moved by some pixels."""
    import torch
    from torch.nn import functional as F

    optimizer = torch.optim.AdamW(module.parameters(), rate, weight_decay=DECAY)
    module.train()
    begin, part = time.thread_time(), 0.0
    while part < 1:
        for rows in torch.randperm(len(labels)).split(BATCH):
            part = (time.thread_time() - begin) / seconds
            if part >= 1:
                return
            for group in optimizer.param_groups:
                group["lr"] = rate * min(1.0, part / WARM_UP) * (1.02 - part)
            optimizer.zero_grad()
            F.cross_entropy(module(_moved(pictures[rows])), labels[rows]).backward()
            torch.nn.utils.clip_grad_norm_(module.parameters(), 2.0)
            optimizer.step()


def _moved(batch: torch.Tensor) -> torch.Tensor:
    import torch

    mirrored = torch.where(torch.rand(len(batch), 1, 1, 1) < 0.5, batch.flip(3), batch)
    return mirrored.roll(tuple(torch.randint(-SHIFT, SHIFT + 1, (2,)).tolist()), (2, 3))
