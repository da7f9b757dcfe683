"""An entry of the list of networks, known before anything heavy is imported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Architecture:
    """One network by name.

    Attributes:
        name: what ``--arch`` takes.
        build: ``build(*, num_classes, channels, **arch_args)`` gives the module with random weights; it takes
            (N, channels, height, width) float32 and returns (N, num_classes) logits. Imports torch when called.
        width: native input width in pixels.
        height: native input height in pixels.
        channels: native input channels: 1 for gray, 3 for RGB.
        source: where the layer list comes from.
    """

    name: str
    build: Callable[..., nn.Module]
    width: int
    height: int
    channels: int
    source: str
