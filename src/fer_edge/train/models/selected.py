"""A network that returns several things, as one that returns the selected tensor."""

from __future__ import annotations

from torch import Tensor, nn

from fer_edge.train.models.selection import Selection

_NAMED = "fer_edge.train.models.selected"
"""Stays when this file moves: converters write the module of a class into their files."""


class Selected(nn.Module):
    """The network with the selection behind it.

    Args:
        module: (N, C, H, W) float32 to a tuple, list, dict or record.
        selection: which entry of that.
    """

    __module__ = _NAMED

    def __init__(self, module: nn.Module, selection: Selection) -> None:
        super().__init__()
        self.module = module
        self.selection = selection

    def forward(self, image: Tensor) -> Tensor:
        """The selected output."""
        return self.selection.of(self.module(image))  # type: ignore[no-any-return]


def inner(module: nn.Module) -> nn.Module:
    """The network itself, whose tensors have the names of its checkpoint."""
    return module.module if isinstance(module, Selected) else module
