"""ResNet-50 (He et al. 2015)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fer_edge.train.models.architecture import Architecture
from fer_edge.train.models.first_layer import with_channels

if TYPE_CHECKING:
    from torch import nn


def build(*, num_classes: int, channels: int, **arch_args: Any) -> nn.Module:
    """The ``resnet50`` of torchvision with random weights; ``arch_args`` are its own."""
    from torchvision.models import resnet50

    return with_channels(resnet50(weights=None, num_classes=num_classes, **arch_args), "conv1", channels)


RESNET50 = Architecture("resnet50", build, 224, 224, 3, "torchvision resnet50; arXiv 1512.03385")
