"""The modules that are converted: the original with softmax behind it and, for pictures, gray and mean/std before.

Used by every format, so that the arithmetic before and behind the network is the same in all of them, and so that none
of them holds the original itself: a frontend works on a copy, because some converters write into what they are given.
"""

from __future__ import annotations

import copy

import numpy as np
import torch
from torch import Tensor, nn

from fer_edge.runtime.contract import Contract

GRAY_RED, GRAY_GREEN, GRAY_BLUE = 19595 / 65536, 38470 / 65536, 7471 / 65536
"""Pillow's "L" as float32 factors: each is exact in float32, and so is the floored sum for all 2^24 colors."""

_NAMED = "fer_edge.export.frontend"
"""Converters write the module of a class into their files; with a name of its own none of them changes when this file moves."""


class TensorFrontend(nn.Module):
    """Normalized tensor float32 -> ``{"probabilities": (1, labels)}``.

    Args:
        module: the original; copied.
        contract: the reference contract; its output kind decides on softmax.
        layout: of the tensor: ``NCHW`` (1, C, H, W) or ``NHWC`` (1, H, W, C).
    """

    __module__ = _NAMED

    def __init__(self, module: nn.Module, contract: Contract, layout: str = "NCHW") -> None:
        super().__init__()
        self.module = copy.deepcopy(module)
        self.softmax = contract.output.kind == "logits"
        self.nhwc = layout == "NHWC"

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        """Run the original and put softmax behind it if it returns logits."""
        output = self.module(image.permute(0, 3, 1, 2) if self.nhwc else image)
        return {"probabilities": torch.softmax(output, dim=1) if self.softmax else output}


class Picture(nn.Module):
    """RGB with values 0..255 (1, 3, H, W) float32 -> the tensor interface's input (1, C, H, W).

    A module of its own, so that converters can tell its operators from the network's by their scope: they stay
    float32 in every precision.

    Args:
        contract: the reference contract; its channels decide on gray, its mean and std on normalization.
    """

    __module__ = _NAMED

    factor: Tensor
    offset: Tensor

    def __init__(self, contract: Contract) -> None:
        super().__init__()
        self.gray = contract.input.channels == 1
        self.normalized = contract.normalization is not None
        if contract.normalization is not None:
            mean, std = contract.normalization.mean, contract.normalization.std
            # v/255 - mean over std as one multiply and one add: two roundings of float32 apart from the table.
            self._constant("factor", [1 / (255 * s) for s in std])
            self._constant("offset", [-m / s for m, s in zip(mean, std, strict=True)])

    def _constant(self, name: str, values: list[float]) -> None:
        self.register_buffer(name, torch.tensor(values).reshape(1, -1, 1, 1), persistent=False)

    def forward(self, picture: Tensor) -> Tensor:
        """Gray as step 7 of the camera spec, normalization as step 8; without normalization the values themselves."""
        if self.gray:
            red, green, blue = picture[:, 0:1], picture[:, 1:2], picture[:, 2:3]
            picture = torch.floor(red * GRAY_RED + green * GRAY_GREEN + blue * GRAY_BLUE + 0.5)
        return picture * self.factor + self.offset if self.normalized else picture


class ImageFrontend(nn.Module):
    """RGB picture with values 0..255 as float32 -> gray, normalization -> ``{"probabilities": (1, labels)}``.

    Args:
        module: the original; copied.
        contract: the reference contract; its channels decide on gray, its mean and std on normalization.
        layout: of the picture: ``NHWC`` (1, H, W, 3) or ``NCHW`` (1, 3, H, W).
    """

    __module__ = _NAMED

    def __init__(self, module: nn.Module, contract: Contract, layout: str = "NHWC") -> None:
        super().__init__()
        self.picture = Picture(contract)
        self.tensor = TensorFrontend(module, contract)
        self.nhwc = layout == "NHWC"

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        """Gray and normalization, then the tensor interface."""
        picture = image.permute(0, 3, 1, 2) if self.nhwc else image
        return self.tensor(self.picture(picture))  # type: ignore[no-any-return]


def make_example_tensor(contract: Contract) -> Tensor:
    """A (1, C, H, W) float32 tensor to trace with: no zeros, no constant planes, the same at every call."""
    spec = contract.input
    values = np.random.default_rng(0).uniform(-1, 1, (1, spec.channels, spec.height, spec.width))
    return torch.from_numpy(values.astype(np.float32))


def make_example_picture(contract: Contract, layout: str = "NHWC") -> Tensor:
    """An RGB picture, (1, H, W, 3) or (1, 3, H, W) float32 of whole numbers 0..255, the same at every call."""
    spec = contract.input
    values = np.random.default_rng(0).integers(0, 256, (1, spec.height, spec.width, 3)).astype(np.float32)
    return torch.from_numpy(
        values if layout == "NHWC" else np.ascontiguousarray(values.transpose(0, 3, 1, 2))
    )


def wrap(
    module: nn.Module, contract: Contract, interface: str, *, tensor: str = "NCHW", image: str = "NHWC"
) -> tuple[nn.Module, Tensor]:
    """The module that is converted for an interface, and an example of its input.

    Args:
        module: the original, or an equal form of it; copied.
        contract: the reference contract.
        interface: ``tensor`` or ``image``.
        tensor: layout of the tensor interface's input.
        image: layout of the image interface's.
    """
    if interface == "image":
        return ImageFrontend(module, contract, layout=image).eval(), make_example_picture(
            contract, layout=image
        )
    example = make_example_tensor(contract)
    if tensor == "NHWC":
        example = example.permute(0, 2, 3, 1).contiguous()
    return TensorFrontend(module, contract, layout=tensor).eval(), example
