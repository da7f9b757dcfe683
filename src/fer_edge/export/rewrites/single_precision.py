"""float64 in the middle of a network computed in float32, for formats that have no float64 (TFLite).

Every mention of float64 is met while the network runs and read as float32; the answers are compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from fer_edge.export.rewrites.equality import keep_if_equal


class SinglePrecision(nn.Module):
    """A network whose float64 is float32.

    Args:
        module: the network; its parameters are shared, not copied.
    """

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, image: Tensor) -> Any:
        """Whatever the network returns."""
        with _Single():
            return self.module(image)


def rewrite_single(module: nn.Module, example: Tensor, notes: list[str] | None = None) -> nn.Module:
    """The network with float32 for float64 in its middle, equal but for rounding; else ``module`` itself, and a note.

    Args:
        module: in ``eval()`` mode; left as it is.
        example: an input of it, (1, C, H, W) float32.
        notes: gets a sentence if the answers are others.
    """
    changed = single_precision(module, example)
    return keep_if_equal(module, changed, example, "float32 for float64", notes, exact=False)


def single_precision(module: nn.Module, example: Tensor) -> nn.Module:
    """The network with float32 for float64, or ``module`` itself if it mentions none.

    Args:
        module: in ``eval()`` mode; left as it is.
        example: an input, (1, C, H, W) float32.
    """
    with torch.no_grad(), _Single() as single:
        module(example)
    return SinglePrecision(module).eval() if single.replaced else module


class _Single(TorchFunctionMode):
    """While active, what would make float64 makes float32."""

    def __init__(self) -> None:
        super().__init__()
        self.replaced = 0

    def __torch_function__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Do one operation."""
        named = kwargs or {}
        if func is Tensor.double:
            self.replaced += 1
            return args[0].float()
        if torch.float64 in [item for item in (*args, *named.values()) if isinstance(item, torch.dtype)]:
            self.replaced += 1
            args = tuple(_single(item) for item in args)
            named = {name: _single(item) for name, item in named.items()}
        return func(*args, **named)


def _single(value: Any) -> Any:
    return torch.float32 if value is torch.float64 else value
