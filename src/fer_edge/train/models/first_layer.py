"""A torchvision network for another number of input channels."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn


def with_channels(module: nn.Module, path: str, channels: int) -> nn.Module:
    """Replace the convolution at ``path`` by one that reads ``channels`` planes; all else stays.

    Args:
        module: the network, changed in place.
        path: dotted name of its first convolution, such as ``features.0.0``.
        channels: input channels wanted.

    Returns:
        ``module``.
    """
    from torch import nn

    old = module.get_submodule(path)
    if not isinstance(old, nn.Conv2d):
        raise TypeError(f"{path} is {type(old).__name__}, not a convolution")
    if old.in_channels == channels:
        return module
    new = nn.Conv2d(
        channels,
        old.out_channels,
        old.kernel_size,  # type: ignore[arg-type]
        old.stride,  # type: ignore[arg-type]
        old.padding,  # type: ignore[arg-type]
        bias=old.bias is not None,
    )
    nn.init.kaiming_normal_(new.weight, mode="fan_out", nonlinearity="relu")
    if new.bias is not None:
        nn.init.zeros_(new.bias)
    parent, _, name = path.rpartition(".")
    setattr(module.get_submodule(parent), name, new)
    return module
