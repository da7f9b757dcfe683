"""A network that is sure of something, for little: some seconds of training on drawn faces, then its last layer fitted.

Verdicts on untrained networks say little: their answers hardly depend on the input, and their activations have degenerate ranges.
Emotions take minutes to learn; the light takes seconds: which of eight kinds of light falls on a face (the upper half brighter than that of
most faces or not, the lower half, the left one). Most networks tell it of held-out faces; the table has each one's accuracy.
"""

# mypy: allow-untyped-calls

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mutation.subjects import make_contract

if TYPE_CHECKING:
    import torch
    from torch import nn

    from supported.networks import Network

FACES, HELD_OUT, BATCH, RATE = 1200, 240, 16, 1e-3
FIT_STEPS, WEIGHT_DECAY = 40, 1.0


def make_weights(network: Network, weights: Path) -> dict[str, Any]:
    """Write a plain state dict, as people have them.

    Args:
        network: a network of torchvision, of timm or of ours.
        weights: the safetensors file.

    Returns:
        What the table says of it: seconds, accuracy on held-out drawn faces.
    """
    import torch
    from safetensors.torch import save_file

    from fer_edge.train.models import resolve

    torch.set_num_threads(1)
    torch.manual_seed(0)
    module = resolve(network.arch, num_classes=8, channels=network.channels, arch_args=network.arch_args)
    _wake_answers(module)
    pictures, labels = _faces(network, "train", FACES)
    _train(module, pictures, labels, network.seconds)
    count_statistics(module, pictures)
    module.eval()
    _fit_last_layer(module, pictures, labels)
    with torch.inference_mode():
        held_out, wanted = _faces(network, "validation", HELD_OUT)
        right = _answers(module, held_out).argmax(1) == wanted
    save_file({name: tensor.contiguous().clone() for name, tensor in module.state_dict().items()}, weights)
    return {"trained_seconds": network.seconds, "accuracy": round(float(right.float().mean()), 3)}


def _faces(network: Network, split: str, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Drawn faces and the kind of light on each, 0 to 7."""
    import torch

    from fer_edge.export.pictures.images import draw_faces
    from fer_edge.export.reference_model.inference import make_batch

    contract = make_contract("drawn", network.edge, network.channels)
    faces = draw_faces(split, count, contract, seed=3)
    pictures = make_batch(faces.scaled, contract)
    gray, middle = pictures.mean(1), network.edge // 2
    parts = (gray[:, :middle], gray[:, middle:], gray[:, :, :middle])
    means = torch.stack([part.mean((1, 2)) for part in parts], 1)
    return pictures, ((means > means.median(0).values) * torch.tensor([1, 2, 4])).sum(1)


def _wake_answers(module: nn.Module) -> None:
    """SqueezeNet has a ReLU behind its answers: those that begin below zero never learn."""
    from torch import nn

    last = [part for part in module.modules() if isinstance(part, nn.Linear | nn.Conv2d)][-1]
    if isinstance(last, nn.Conv2d) and last.bias is not None:
        nn.init.ones_(last.bias)


def _train(module: nn.Module, pictures: torch.Tensor, labels: torch.Tensor, seconds: float) -> None:
    """AdamW with a warm-up and a straight way down, by processor time."""
    import torch
    from torch.nn import functional as F

    optimizer = torch.optim.AdamW(module.parameters(), RATE)
    module.train()
    begin = time.thread_time()
    while True:
        for rows in torch.randperm(len(labels)).split(BATCH):
            part = (time.thread_time() - begin) / seconds
            if part >= 1:
                return
            for group in optimizer.param_groups:
                group["lr"] = RATE * min(1.0, part / 0.1) * (1.02 - part)
            optimizer.zero_grad()
            F.cross_entropy(_one(module(pictures[rows])), labels[rows]).backward()
            torch.nn.utils.clip_grad_norm_(module.parameters(), 2.0)
            optimizer.step()


def _one(answer: Any) -> torch.Tensor:
    """The answer itself where a network in training adds those of auxiliary heads."""
    found: torch.Tensor = answer[0] if isinstance(answer, tuple) else answer
    return found


def count_statistics(module: nn.Module, pictures: torch.Tensor) -> None:
    """Means and variances of all normalizations over a few hundred pictures."""
    import torch

    module.eval()
    for part in module.modules():
        if isinstance(part, torch.nn.modules.batchnorm._BatchNorm):
            part.reset_running_stats()
            part.momentum = None
            part.train()
    with torch.inference_mode():
        for batch in pictures[:512].split(64):
            module(batch)


def _fit_last_layer(module: nn.Module, pictures: torch.Tensor, labels: torch.Tensor) -> None:
    """Logistic regression on what the last layer reads, where a layer with one of ``TAILS`` gives the answers."""
    import torch
    from torch.nn import functional as F

    last = [part for part in module.modules() if isinstance(part, torch.nn.Linear | torch.nn.Conv2d)][-1]
    seen: list[torch.Tensor] = []
    handle = last.register_forward_pre_hook(lambda _, given: seen.append(given[0].detach()))
    with torch.no_grad():
        answers = _answers(module, pictures)
    handle.remove()
    read = torch.cat(seen)
    with torch.no_grad():
        tail = next((tail for tail in TAILS if _is_same(tail(last(read)), answers)), None)
    if tail is None:
        return
    scaled, mean, deviation = _standardize(read)
    optimizer = torch.optim.LBFGS(last.parameters(), max_iter=FIT_STEPS)

    def closure() -> float:
        optimizer.zero_grad()
        loss = F.cross_entropy(tail(last(scaled)), labels) + WEIGHT_DECAY * last.weight.square().sum()
        loss.backward()
        return float(loss.detach())

    with torch.enable_grad():
        optimizer.step(closure)
    with torch.no_grad():
        last.weight.div_(deviation.reshape(1, -1, *[1] * (last.weight.ndim - 2)))
        if last.bias is not None:
            last.bias.sub_((last.weight.flatten(1) * mean).sum(1))


def _standardize(read: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """What a layer reads with mean 0 and, where it moves at all, deviation 1, and both of them; channels are the second axis."""
    others = [axis for axis in range(read.ndim) if axis != 1]
    deviation, mean = read.std(others), read.mean(others)
    deviation = deviation.clamp_min(float(deviation.mean()) / 10)
    shape = [1, -1, *[1] * (read.ndim - 2)]
    return (read - mean.reshape(shape)) / deviation.reshape(shape), mean, deviation


TAILS: tuple[Callable[[torch.Tensor], torch.Tensor], ...] = (
    lambda answers: answers,
    lambda answers: answers.relu().mean((2, 3)) if answers.ndim == 4 else answers,
    lambda answers: answers.flatten(1),
)
"""What stands behind the last layer: nothing; SqueezeNet's ReLU and mean; a convolution's empty height and width."""


def _is_same(found: torch.Tensor, wanted: torch.Tensor) -> bool:
    return found.shape == wanted.shape and found.allclose(wanted, atol=1e-3)


def _answers(module: nn.Module, pictures: torch.Tensor) -> torch.Tensor:
    import torch

    return torch.cat([_one(module(part)) for part in pictures.split(64)])
