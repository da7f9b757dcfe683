"""torchvision's networks, with as many input channels and classes as asked for: a line each in ``TORCHVISION``.

A line is the name of torchvision's function, the path of the first convolution and the paper's number at arXiv.
"""

from __future__ import annotations

from itertools import starmap
from typing import TYPE_CHECKING, Any

from fer_edge.train.models.architecture import Architecture

if TYPE_CHECKING:
    from torch import nn

EDGE, CHANNELS = 224, 3
"""Native input size of all of them: square RGB pictures."""


def with_channels(module: nn.Module, path: str, channels: int) -> nn.Module:
    """Replace the convolution at ``path`` by one that reads ``channels`` planes; all else stays.

    Args:
        module: the network, changed in place.
        path: dotted name of its first convolution, such as ``features.0.0``.
        channels: input channels wanted.

    Returns:
        ``module``.
    """
    from torch import nn

    old = module.get_submodule(path)
    if not isinstance(old, nn.Conv2d):
        raise TypeError(f"{path} is {type(old).__name__}, not a convolution")
    if old.in_channels == channels:
        return module
    new = nn.Conv2d(
        channels,
        old.out_channels,
        old.kernel_size,  # type: ignore[arg-type]
        old.stride,  # type: ignore[arg-type]
        old.padding,  # type: ignore[arg-type]
        bias=old.bias is not None,
    )
    nn.init.kaiming_normal_(new.weight, mode="fan_out", nonlinearity="relu")
    if new.bias is not None:
        nn.init.zeros_(new.bias)
    parent, _, name = path.rpartition(".")
    setattr(module.get_submodule(parent), name, new)
    return module


def _torchvision(name: str, first: str, paper: str) -> Architecture:
    def build(*, num_classes: int, channels: int, **arch_args: Any) -> nn.Module:
        """The network with random weights; ``arch_args`` are those of torchvision's function."""
        from torchvision import models

        module = getattr(models, name)(weights=None, num_classes=num_classes, **arch_args)
        return with_channels(module, first, channels)

    return Architecture(name, build, EDGE, EDGE, CHANNELS, f"torchvision {name}; arXiv {paper}")


TORCHVISION: tuple[Architecture, ...] = tuple(
    starmap(
        _torchvision,
        (
            ("vgg11", "features.0", "1409.1556"),
            ("alexnet", "features.0", "1404.5997"),
            ("resnet18", "conv1", "1512.03385"),
            ("resnet50", "conv1", "1512.03385"),
            ("resnet152", "conv1", "1512.03385"),
            ("mobilenet_v2", "features.0.0", "1801.04381"),
            ("mobilenet_v3_small", "features.0.0", "1905.02244"),
            ("mobilenet_v3_large", "features.0.0", "1905.02244"),
            ("efficientnet_b0", "features.0.0", "1905.11946"),
        ),
    )
)
"""In the order that ``--list`` shows."""
