"""AlexNet (Krizhevsky 2014), the one-column form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fer_edge.train.models.architecture import Architecture
from fer_edge.train.models.first_layer import with_channels

if TYPE_CHECKING:
    from torch import nn


def build(*, num_classes: int, channels: int, **arch_args: Any) -> nn.Module:
    """The ``alexnet`` of torchvision with random weights; ``arch_args`` are its own."""
    from torchvision.models import alexnet

    return with_channels(alexnet(weights=None, num_classes=num_classes, **arch_args), "features.0", channels)


ALEXNET = Architecture("alexnet", build, 224, 224, 3, "torchvision alexnet; arXiv 1404.5997")
