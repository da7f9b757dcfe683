"""Augmentation of crops while training: torchvision's transforms, a few pictures at a time.

Crops already differ by the jitter of their boxes, which goes through the camera path. Here comes what a camera and a
different hand would change: mirror, tilt, light, contrast, gamma, sharpness, noise, things before the face. To add an
augmentation: one function and one line in ``AUGMENTATIONS`` (and, for an accelerator, in ``batch_augmentation.BATCHED``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional

from fer_edge.runtime.closest import unknown
from fer_edge.runtime.errors import FerEdgeError

GROUP = 8
"""Pictures that share one draw of parameters: one by one would take as long as the network's own step on a CPU. What an
accelerator takes instead is in ``batch_augmentation``."""


class RandomGamma(v2.Transform):  # type: ignore[misc] # torchvision has no types
    """``v ** gamma`` on 0..1, gamma log-uniform; torchvision has only the fixed one."""

    def __init__(self, low: float, high: float) -> None:
        super().__init__()
        self.low, self.high = low, high

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:  # noqa: ARG002 - the signature is torchvision's
        """Draw gamma from torch's generator."""
        logs = torch.tensor([self.low, self.high]).log()
        return {"gamma": float(torch.empty(()).uniform_(float(logs[0]), float(logs[1])).exp())}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """Apply it."""
        return functional.adjust_gamma(inpt, gamma=params["gamma"])


class Coarsen(v2.Transform):  # type: ignore[misc] # torchvision has no types
    """A picture of fewer pixels, enlarged again: a face far away."""

    def __init__(self, least: int, most: int) -> None:
        super().__init__()
        self.least, self.most = least, most

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:  # noqa: ARG002 - the signature is torchvision's
        """Draw the edge from torch's generator."""
        return {"edge": int(torch.randint(self.least, self.most + 1, ()))}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """Apply it."""
        small = functional.resize(inpt, [params["edge"]] * 2, antialias=True)
        return functional.resize(small, list(inpt.shape[-2:]), antialias=True)


def _camera() -> v2.Transform:
    tilt = v2.RandomAffine(
        9, translate=(0.03, 0.03), scale=(0.95, 1.06), shear=5, interpolation=v2.InterpolationMode.BILINEAR
    )
    return v2.Compose(
        [
            v2.RandomHorizontalFlip(0.5),
            v2.RandomApply([tilt], 0.3),
            v2.ToDtype(torch.float32, scale=True),
            v2.RandomApply([RandomGamma(0.6, 1.7)], 0.4),
            v2.RandomApply([v2.ColorJitter(brightness=0.3, contrast=0.4)], 0.5),
            v2.RandomApply([v2.RandomAutocontrast(1.0)], 0.15),
            v2.RandomApply([v2.GaussianBlur(5, sigma=(0.3, 1.0))], 0.2),
            v2.RandomApply([v2.RandomAdjustSharpness(2.5, 1.0)], 0.15),
            v2.RandomApply([v2.GaussianNoise(sigma=0.03)], 0.2),
            v2.RandomErasing(0.15, scale=(0.02, 0.08), value="random"),
        ]
    )


def _photograph() -> v2.Transform:
    """``camera`` behind more tilt and fewer pixels: photographs vary in both, and there are few of them."""
    turn = v2.RandomAffine(12, scale=(0.95, 1.1), interpolation=v2.InterpolationMode.BILINEAR)
    return v2.Compose([v2.RandomApply([turn], 0.5), v2.RandomApply([Coarsen(20, 48)], 0.3), _camera()])


def _rotation_light_color() -> v2.Transform:
    return v2.Compose(
        [
            v2.RandomRotation(12, interpolation=v2.InterpolationMode.BILINEAR),
            v2.ToDtype(torch.float32, scale=True),
            v2.ColorJitter(brightness=0.3, contrast=0.3, saturation=0.3, hue=0.03),
        ]
    )


def _none() -> v2.Transform:
    return v2.ToDtype(torch.float32, scale=True)


AUGMENTATIONS: Mapping[str, Callable[[], v2.Transform]] = {
    "camera": _camera,
    "photograph": _photograph,
    "rotation-light-color": _rotation_light_color,
    "none": _none,
}


def augmentation(name: str = "camera") -> v2.Transform:
    """The transform of that name: (n, C, H, W) uint8 -> (n, C, H, W) float32 in 0..1, one draw for all n.

    Raises:
        FerEdgeError: there is none; the message names the closest one.
    """
    try:
        return AUGMENTATIONS[name]()
    except KeyError:
        raise FerEdgeError(unknown("augmentation", name, AUGMENTATIONS)) from None


def augment(images: Tensor, transform: v2.Transform) -> Tensor:
    """Apply ``transform`` to groups of ``GROUP`` pictures, each with its own parameters.

    Args:
        images: (n, C, H, W) uint8.
        transform: as :func:`augmentation` gives it.

    Returns:
        (n, C, H, W) float32 in 0..1.
    """
    return torch.cat([transform(group) for group in torch.split(images, GROUP)]).clamp_(0, 1)
