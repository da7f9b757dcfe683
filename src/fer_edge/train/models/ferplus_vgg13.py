"""The VGG13 of FER+ (Barsoum, Zhang, Canton Ferrer, Zhang 2016), 64x64 gray.

Layer list of arXiv 1608.01041, section 3, and of the authors' code (``models.py``, class ``VGG13``): 3x3 convolutions
with ReLU and padding, 2x2 max-pooling, dropout after every pooling and behind both dense layers::

    64 64 P d.25  128 128 P d.25  256 256 256 P d.25  256 256 256 P d.25  1024 d.5  1024 d.5  classes
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_edge.train.models.architecture import Architecture
from fer_edge.train.models.he_initialization import initialize

if TYPE_CHECKING:
    from torch import nn

STAGES: tuple[tuple[int, ...], ...] = ((64, 64), (128, 128), (256, 256, 256), (256, 256, 256))


def build(*, num_classes: int, channels: int, size: int = 64) -> nn.Module:
    """The network; ``size`` is the edge of its square input in pixels, a multiple of 16.

    Raises:
        ValueError: the dense layers would not fit that size.
    """
    from torch import nn

    if size < 16 or size % 16:
        raise ValueError(f"size={size} is not a multiple of 16: four poolings halve it")
    layers: list[nn.Module] = []
    width = channels
    for stage in STAGES:
        for filters in stage:
            layers += [nn.Conv2d(width, filters, 3, padding=1), nn.ReLU(inplace=True)]
            width = filters
        layers += [nn.MaxPool2d(2), nn.Dropout(0.25)]
    layers.append(nn.Flatten())
    width *= (size // 16) ** 2
    for _ in range(2):
        layers += [nn.Linear(width, 1024), nn.ReLU(inplace=True), nn.Dropout(0.5)]
        width = 1024
    return initialize(nn.Sequential(*layers, nn.Linear(width, num_classes)))


FERPLUS_VGG13 = Architecture(
    "ferplus_vgg13", build, 64, 64, 1, "Barsoum et al. 2016, arXiv 1608.01041, models.py"
)
