"""VGG11 (Simonyan and Zisserman 2014), without batch normalization."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fer_edge.train.models.architecture import Architecture
from fer_edge.train.models.first_layer import with_channels

if TYPE_CHECKING:
    from torch import nn


def build(*, num_classes: int, channels: int, **arch_args: Any) -> nn.Module:
    """The ``vgg11`` of torchvision with random weights; ``arch_args`` are its own."""
    from torchvision.models import vgg11

    return with_channels(vgg11(weights=None, num_classes=num_classes, **arch_args), "features.0", channels)


VGG11 = Architecture("vgg11", build, 224, 224, 3, "torchvision vgg11; arXiv 1409.1556")
