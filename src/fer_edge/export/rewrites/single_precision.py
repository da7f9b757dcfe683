"""float64 in the middle of a network computed in float32, for formats that have no float64 (TFLite).

Every mention of float64 is met while the network runs and read as float32; the answers are compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from fer_edge.export.capture.equality import keep_if_equal
from fer_edge.export.rewrites.replacing import Replacing, replace_calls


def rewrite_single(module: nn.Module, example: Tensor, notes: list[str] | None = None) -> nn.Module:
    """The network with float32 for float64 in its middle, equal but for rounding; else ``module`` itself, and a note.

    Args:
        module: in ``eval()`` mode; left as it is.
        example: an input of it, (1, C, H, W) float32.
        notes: gets a sentence if the answers are others.
    """
    changed = replace_calls(module, example, _Single)
    return keep_if_equal(module, changed, example, "float32 for float64", notes, exact=False)


class _Single(Replacing):
    """While active, what would make float64 makes float32."""

    def compute(self, func: Any, args: Sequence[Any], named: dict[str, Any]) -> Any:
        """A call that mentions float64."""
        if func is Tensor.double:
            return args[0].float()
        if torch.float64 not in [item for item in (*args, *named.values()) if isinstance(item, torch.dtype)]:
            return None
        single = {name: _single(item) for name, item in named.items()}
        return func(*map(_single, args), **single)


def _single(value: Any) -> Any:
    return torch.float32 if value is torch.float64 else value
