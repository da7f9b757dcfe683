"""The networks of the support table: what people use on phones, the smallest first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

EDGE = 64
"""Usual edge of the input in pixels: small, since every precision of every format is made."""
SECONDS = 6.0
"""Usual processor time of a training: most networks are sure of something by then."""


@dataclass(frozen=True)
class Network:
    """One network of the table.

    Attributes:
        arch: as ``--arch`` takes it; for a network of the list of trained ones its name there.
        edge: of its input in pixels.
        channels: of its input.
        arch_args: further ``--arch-arg``.
        seconds: processor time of its training.
        kind: ``trained`` here and now for seconds, ``builtin`` (the model that comes along) or ``fetched`` (``fer-train fetch``).
    """

    arch: str
    edge: int = EDGE
    channels: int = 3
    arch_args: Mapping[str, str] = field(default_factory=dict)
    seconds: float = SECONDS
    kind: str = "trained"


def _torchvision(*names: str) -> tuple[Network, ...]:
    return tuple(Network(f"torchvision.models:{name}") for name in names)


def _timm(*names: str, edge: int = EDGE, seconds: float = SECONDS, **arch_args: str) -> tuple[Network, ...]:
    return tuple(Network(f"timm:{name}", edge, arch_args=arch_args, seconds=seconds) for name in names)


NETWORKS: tuple[Network, ...] = (
    Network("fer_mini", 64, 1, kind="builtin"),
    Network("mini-xception", 64, 1, kind="fetched"),
    Network("pyemotion", 48, 1, kind="fetched"),
    *_torchvision("squeezenet1_1", "shufflenet_v2_x1_0", "mnasnet1_0"),
    Network("mobilenet_v3_small"),
    Network("mobilenet_v2", 96, seconds=40),
    *_timm("mobilenetv4_conv_small", edge=96, seconds=50),
    *_timm("tinynet_e", "lcnet_050"),
    *_timm("convnext_atto", edge=96, seconds=120),
    *_timm("mobilevit_xxs", edge=96, seconds=70),
    *_timm("vit_tiny_patch16_224", edge=96, seconds=60, img_size="96"),
    Network("efficientnet_b0", 96, seconds=70),
    Network("resnet18"),
    *_timm("resnet10t"),
    Network("fer2013_cnn", 48, 1),
    *_timm("repghostnet_050", "edgenext_xx_small", "ghostnet_050", "tf_efficientnet_lite0", seconds=12),
    Network("mobilenet_v3_large", seconds=12),
    *_torchvision("regnet_y_400mf", "shufflenet_v2_x0_5", "densenet121", "googlenet"),
    *_timm("hardcorenas_a", "mobilevitv2_050", "repvgg_a0", "mobileone_s0", "starnet_s1", "efficientvit_b0", seconds=12),
    *_timm("levit_128s", edge=96, seconds=12, img_size="96"),
    *_timm("efficientformerv2_s0", edge=96, seconds=12, img_size="96"),
    *_timm("fastvit_t8", "mixnet_s", "rexnet_100", "inception_next_atto", "poolformer_s12", "resnetv2_18", seconds=12),
    *_timm("xcit_nano_12_p16_224", edge=96, seconds=12, img_size="96"),
    Network("ferplus_vgg13", 64, 1),
    Network("resnet50"),
    *_timm("efficientformer_l1", edge=224),
    *_timm("swin_tiny_patch4_window7_224", edge=96, img_size="96"),
)  # fmt: skip
