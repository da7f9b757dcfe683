"""A plain small CNN for FER2013's 48x48 gray faces.

The layer list that has been copied most often for this data set (four unpadded 3x3 convolutions, three
poolings, one dense layer)::

    32 64 P d.25  128 P  128 P d.25  1024 d.5  classes            2,345,607 parameters for 7 classes
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_edge.train.models.architecture import Architecture
from fer_edge.train.models.he_initialization import initialize

if TYPE_CHECKING:
    from torch import nn


def build(*, num_classes: int, channels: int, size: int = 48) -> nn.Module:
    """The network; ``size`` is the edge of its square input in pixels.

    Raises:
        ValueError: nothing would be left behind the last pooling.
    """
    from torch import nn

    rest = (((size - 4) // 2 - 2) // 2 - 2) // 2
    if rest < 1:
        raise ValueError(f"size={size} is too small: at least 24 pixels")
    module = nn.Sequential(
        *(nn.Conv2d(channels, 32, 3), nn.ReLU(inplace=True)),
        *(nn.Conv2d(32, 64, 3), nn.ReLU(inplace=True), nn.MaxPool2d(2), nn.Dropout(0.25)),
        *(nn.Conv2d(64, 128, 3), nn.ReLU(inplace=True), nn.MaxPool2d(2)),
        *(nn.Conv2d(128, 128, 3), nn.ReLU(inplace=True), nn.MaxPool2d(2), nn.Dropout(0.25)),
        nn.Flatten(),
        *(nn.Linear(128 * rest * rest, 1024), nn.ReLU(inplace=True), nn.Dropout(0.5)),
        nn.Linear(1024, num_classes),
    )
    return initialize(module)


FER2013_CNN = Architecture(
    "fer2013_cnn", build, 48, 48, 1, "the usual Keras CNN for FER2013, 2,345,607 parameters"
)
