"""The discriminator: does each patch of a picture look like its class?

Source: CycleGAN paper (arXiv 1703.10593), section 4 "Network Architecture" and appendix 7.2 "Discriminator
architectures": the 70x70 PatchGAN ``C64-C128-C256-C512`` with 4x4 convolutions, leaky ReLU of slope 0.2, no instance
normalization in the first layer, and one more convolution to a single plane of scores.

The appendix gives stride 2 for every ``Ck``; a patch is 70x70 only if the last of them has stride 1, as in the authors'
code (``models/networks.py``, NLayerDiscriminator): 4, 7, 16, 34, 70 pixels, counted from the last layer back.
"""

from __future__ import annotations

from torch import Tensor, nn

from fer_edge.train.cyclegan.generator import initialize

SLOPE = 0.2
WIDEST = 8
"""Filters stop doubling at that many times the first layer's."""


class Discriminator(nn.Module):
    """(N, C, H, W) float32 in -1..1 -> (N, 1, h, w) scores, one a patch: 1 means real.

    Args:
        channels: C of the pictures.
        width: filters of the first layer (64 in the paper).
        layers: layers at stride 2; 3 gives patches of 70x70 (the paper), 2 of 34x34, 1 of 16x16.
    """

    def __init__(self, channels: int = 3, width: int = 64, layers: int = 3) -> None:
        super().__init__()
        body: list[nn.Module] = [
            nn.Conv2d(channels, width, 4, stride=2, padding=1),
            nn.LeakyReLU(SLOPE, inplace=True),
        ]
        filters = width
        for index in range(1, layers + 1):
            wider = width * min(2**index, WIDEST)
            body += _layer(filters, wider, stride=1 if index == layers else 2)
            filters = wider
        self.layers = nn.Sequential(*body, nn.Conv2d(filters, 1, 4, padding=1))
        self.apply(initialize)

    def forward(self, images: Tensor) -> Tensor:
        """Score every patch."""
        return self.layers(images)  # type: ignore[no-any-return]


def _layer(inputs: int, outputs: int, stride: int) -> tuple[nn.Module, ...]:
    """``Ck``: 4x4 convolution, instance normalization, leaky ReLU."""
    return (
        nn.Conv2d(inputs, outputs, 4, stride=stride, padding=1),
        nn.InstanceNorm2d(outputs),
        nn.LeakyReLU(SLOPE, inplace=True),
    )
