"""MobileNetV2 (Sandler et al. 2018)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fer_edge.train.models.architecture import Architecture
from fer_edge.train.models.first_layer import with_channels

if TYPE_CHECKING:
    from torch import nn


def build(*, num_classes: int, channels: int, **arch_args: Any) -> nn.Module:
    """The ``mobilenet_v2`` of torchvision with random weights; ``arch_args`` are its own."""
    from torchvision.models import mobilenet_v2

    return with_channels(
        mobilenet_v2(weights=None, num_classes=num_classes, **arch_args), "features.0.0", channels
    )


MOBILENET_V2 = Architecture("mobilenet_v2", build, 224, 224, 3, "torchvision mobilenet_v2; arXiv 1801.04381")
