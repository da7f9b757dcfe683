"""Usual ways to feed a network, by name: ``--preprocess``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Preset:
    """One of them.

    Attributes:
        name: what ``--preprocess`` takes.
        mean: of v/255; one value, or one a channel in the network's order.
        std: the same.
        bgr: whether blue comes first.
    """

    name: str
    mean: tuple[float, ...]
    std: tuple[float, ...]
    bgr: bool = False


PRESETS = (
    Preset("torch", (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    Preset("keras", (0.5,), (0.5,)),
    Preset("caffe", (103.939 / 255, 116.779 / 255, 123.68 / 255), (1 / 255,), bgr=True),
    Preset("zero-one", (0.0,), (1.0,)),
    Preset("minus-one-one", (0.5,), (0.5,)),
)
"""torch: ImageNet as torchvision has it. keras, caffe: modes ``tf`` and ``caffe`` of
``keras.applications.imagenet_utils.preprocess_input``."""
