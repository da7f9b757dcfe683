"""EfficientNet-B0 (Tan and Le 2019)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fer_edge.train.models.architecture import Architecture
from fer_edge.train.models.first_layer import with_channels

if TYPE_CHECKING:
    from torch import nn


def build(*, num_classes: int, channels: int, **arch_args: Any) -> nn.Module:
    """The ``efficientnet_b0`` of torchvision with random weights; ``arch_args`` are its own."""
    from torchvision.models import efficientnet_b0

    return with_channels(
        efficientnet_b0(weights=None, num_classes=num_classes, **arch_args), "features.0.0", channels
    )


EFFICIENTNET_B0 = Architecture(
    "efficientnet_b0", build, 224, 224, 3, "torchvision efficientnet_b0; arXiv 1905.11946"
)
