"""MobileNetV3-Large (Howard et al. 2019)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fer_edge.train.models.architecture import Architecture
from fer_edge.train.models.first_layer import with_channels

if TYPE_CHECKING:
    from torch import nn


def build(*, num_classes: int, channels: int, **arch_args: Any) -> nn.Module:
    """The ``mobilenet_v3_large`` of torchvision with random weights; ``arch_args`` are its own."""
    from torchvision.models import mobilenet_v3_large

    return with_channels(
        mobilenet_v3_large(weights=None, num_classes=num_classes, **arch_args), "features.0.0", channels
    )


MOBILENET_V3_LARGE = Architecture(
    "mobilenet_v3_large", build, 224, 224, 3, "torchvision mobilenet_v3_large; arXiv 1905.02244"
)
