"""The networks, and translating with one: a generator translates a face into the other class, a discriminator judges each patch of a picture.

Source: Zhu, Park, Isola, Efros 2017, "Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks"
(arXiv 1703.10593), section 4 "Network Architecture" and appendix 7.2, after Johnson et al. 2016. In its notation, with
k = 64 filters and n residual blocks, the generator is::

    c7s1-k, d2k, d4k, R4k x n, u2k, uk, c7s1-C

and the discriminator the 70x70 PatchGAN ``C64-C128-C256-C512`` with 4x4 convolutions, leaky ReLU of slope 0.2, no
instance normalization in the first layer, and one more convolution to a single plane of scores.

What the text leaves open follows the authors' code (github.com/junyanz/pytorch-CycleGAN-and-pix2pix,
``models/networks.py``): reflection at the two 7x7 layers and in the residual blocks, zeros elsewhere; instance
normalization without parameters of its own, so that every convolution has a bias; tanh at the end. The appendix gives
the discriminator stride 2 for every ``Ck``; a patch is 70x70 only if the last of them has stride 1, as in the code: 4, 7,
16, 34, 70 pixels, counted from the last layer back.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

WEIGHT_SPREAD = 0.02
"""Standard deviation of the initial weights, mean 0 (appendix 7.1)."""
SLOPE = 0.2
WIDEST = 8
"""Filters stop doubling at that many times the first layer's."""
TRANSLATED = 32
"""Pictures translated at a time."""


class ResidualBlock(nn.Module):
    """``Rk``: two 3x3 convolutions with as many filters on both, added to what came in (appendix 7.2).

    (N, k, H, W) -> (N, k, H, W); no activation after the sum.
    """

    def __init__(self, filters: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(filters, filters, 3, padding=1, padding_mode="reflect"),
            nn.InstanceNorm2d(filters),
            nn.ReLU(inplace=True),
            nn.Conv2d(filters, filters, 3, padding=1, padding_mode="reflect"),
            nn.InstanceNorm2d(filters),
        )

    def forward(self, features: Tensor) -> Tensor:
        """Apply the block."""
        return features + self.body(features)  # type: ignore[no-any-return]


class Generator(nn.Module):
    """(N, C, H, W) float32 in -1..1 -> the same shape and range.

    Args:
        channels: C of the pictures, 1 or 3 (3 in the paper).
        width: filters of the first layer (64 in the paper).
        blocks: residual blocks (6 for 128x128, 9 for 256x256 and larger in the paper).
    """

    def __init__(self, channels: int = 3, width: int = 64, blocks: int = 9) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels, width, 7, padding=3, padding_mode="reflect"),
            nn.InstanceNorm2d(width),
            nn.ReLU(inplace=True),
            *_down(width),
            *_down(2 * width),
            *(ResidualBlock(4 * width) for _ in range(blocks)),
            *_up(4 * width),
            *_up(2 * width),
            nn.Conv2d(width, channels, 7, padding=3, padding_mode="reflect"),
            nn.Tanh(),
        )
        self.apply(initialize)

    def forward(self, images: Tensor) -> Tensor:
        """Translate; H and W must be multiples of 4."""
        return self.layers(images)  # type: ignore[no-any-return]


def initialize(layer: nn.Module) -> None:
    """Weights from N(0, 0.02) (appendix 7.1), biases 0."""
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(layer.weight, 0.0, WEIGHT_SPREAD)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)


def _down(filters: int) -> tuple[nn.Module, ...]:
    """``dk``: 3x3 at stride 2, twice the filters (appendix 7.2)."""
    wide = 2 * filters
    return nn.Conv2d(filters, wide, 3, stride=2, padding=1), nn.InstanceNorm2d(wide), nn.ReLU(inplace=True)


def _up(filters: int) -> tuple[nn.Module, ...]:
    """``uk``: fractionally strided 3x3 at stride 1/2, half the filters (appendix 7.2)."""
    narrow = filters // 2
    convolution = nn.ConvTranspose2d(filters, narrow, 3, stride=2, padding=1, output_padding=1)
    return convolution, nn.InstanceNorm2d(narrow), nn.ReLU(inplace=True)


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


def center(images: Tensor) -> Tensor:
    """uint8 -> float32 in -1..1."""
    return images.float() / 127.5 - 1


def pixels(images: Tensor) -> Tensor:
    """-1..1 -> uint8, rounded."""
    return ((images.detach() + 1) * 127.5).round().clamp(0, 255).to(torch.uint8).cpu()


def translate(network: nn.Module, images: Tensor) -> Tensor:
    """(n, C, H, W) uint8 -> the same through a generator, uint8; the network's mode stays as it is.

    Instance normalization knows no difference between training and evaluation, so there is no mode to choose.
    """
    device = next(network.parameters()).device
    with torch.inference_mode():
        parts = [pixels(network(center(part).to(device))) for part in torch.split(images, TRANSLATED)]
    return torch.cat(parts)
