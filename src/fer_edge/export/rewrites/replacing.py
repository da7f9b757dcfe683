"""Operators of a network replaced while it runs: whatever Python it is made of, its calls are met."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

_NAMED = "fer_edge.export.rewrites.replacing"
"""Stays when this file moves: converters write the module of a class into their files."""


class Replacing(TorchFunctionMode):
    """A mode under which some calls are computed in another form.

    Attributes:
        replaced: how many were.
    """

    def __init__(self) -> None:
        super().__init__()
        self.replaced = 0

    def compute(self, func: Any, args: Sequence[Any], named: dict[str, Any]) -> Any:
        """The result of a call in another form, or None where the call stays as it is."""
        raise NotImplementedError

    def __torch_function__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Compute one call."""
        found = self.compute(func, args, dict(kwargs or {}))
        if found is None:
            return func(*args, **(kwargs or {}))
        self.replaced += 1
        return found


class Replaced(nn.Module):
    """A network that runs under a mode.

    Args:
        module: the network; its parameters are shared, not copied.
        mode: makes the mode.
    """

    __module__ = _NAMED

    def __init__(self, module: nn.Module, mode: Callable[[], Replacing]) -> None:
        super().__init__()
        self.module = module
        self.mode = mode

    def forward(self, image: Tensor) -> Any:
        """Whatever the network returns."""
        with self.mode():
            return self.module(image)


def replace_calls(module: nn.Module, example: Tensor, mode: Callable[[], Replacing]) -> nn.Module:
    """The network under a mode, or ``module`` itself if none of its calls is replaced.

    Args:
        module: in ``eval()`` mode; left as it is.
        example: an input, (1, C, H, W) float32.
        mode: makes the mode.
    """
    with torch.no_grad(), mode() as active:
        module(example)
    return Replaced(module, mode).eval() if active.replaced else module
