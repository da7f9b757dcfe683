"""Statistics of batch normalization after a training too short for its running averages.

PyTorch's running averages begin at mean 0 and variance 1 and forget a tenth of that with each step. After a handful of
steps they are still mostly that beginning: the depthwise networks then give every picture the same answer, which is no
network to export. So after a short training the averages are taken anew, over the training crops and with the best
weights, as is usual for averaged weights too (Izmailov et al. 2018, arXiv 1803.05407, section 3.2). After ``FEW`` steps
what is left of the beginning is 0.9**100 = 3e-5, and nothing is touched.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from fer_edge.train.checkpoint.snapshot_file import read_snapshot_file, write_snapshot_file

FEW = 100
"""Steps from which on the running averages are good as they are."""
FACES = 512
"""Training faces that are looked at, at most."""
BATCH = 64
RUNNING = ("running_mean", "running_var")


def settle(network: nn.Module, snapshot: Path, images: Tensor) -> bool:
    """Take the averages anew if the snapshot is of an early step; the snapshot gets them too.

    Args:
        network: holds the snapshot's weights; changed in place.
        snapshot: ``best.ckpt``.
        images: (n, C, H, W) float32 training crops as the network takes them.

    Returns:
        Whether anything was done.
    """
    layers = {name: layer for name, layer in network.named_modules() if isinstance(layer, _BatchNorm)}
    layers = {name: layer for name, layer in layers.items() if layer.track_running_stats}
    if not layers or len(images) < 2:
        return False
    kept = read_snapshot_file(snapshot)
    if kept["global_step"] >= FEW:
        return False
    _average(network, list(layers.values()), images[:FACES])
    for name, layer in layers.items():
        for value in RUNNING:
            kept["state_dict"][f"{name}.{value}"] = getattr(layer, value).clone()
    write_snapshot_file(snapshot, kept)
    return True


def _average(network: nn.Module, layers: list[_BatchNorm], images: Tensor) -> None:
    before = [(layer.momentum, _counter(layer).clone()) for layer in layers]
    network.eval()  # dropout and stochastic depth stay out of it
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # the plain mean over all batches
        layer.train()
    with torch.no_grad():
        for batch in images.tensor_split(max(1, len(images) // BATCH)):
            network(batch)
    network.eval()
    for layer, (momentum, tracked) in zip(layers, before, strict=True):
        layer.momentum = momentum
        _counter(layer).copy_(tracked)


def _counter(layer: _BatchNorm) -> Tensor:
    assert layer.num_batches_tracked is not None  # of those that track
    return layer.num_batches_tracked
