"""An imported network as a module: its steps one after another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torch import nn

from fer_edge.train.models.imported.description import IMAGE, Description
from fer_edge.train.models.imported.layers import build_layer
from fer_edge.train.models.imported.weighted import MOST_WEIGHTS

if TYPE_CHECKING:
    from torch import Tensor

_NAMED = "fer_edge.train.models.imported.network"
"""Stays when this file moves: converters write the module of a class into their files."""


class ImportedNetwork(nn.Module):
    """(N, C, H, W) float32 to (N, labels); its modules are called as the steps of the description.

    Args:
        description: of the network.

    Raises:
        ValueError: a step is no layer, or all together have more weights than networks have.
    """

    __module__ = _NAMED

    def __init__(self, description: Description) -> None:
        super().__init__()
        weights = 0
        for step in description.steps:
            module = build_layer(step)
            weights += sum(tensor.numel() for tensor in module.parameters())
            if weights > 2 * MOST_WEIGHTS:
                raise ValueError("the network has more weights than can be read")
            self.add_module(step.name, module)
        self._plan = [(step.name, step.inputs) for step in description.steps]

    def forward(self, image: Tensor) -> Tensor:
        """The last step's value."""
        values: dict[str, Any] = {IMAGE: image}
        for name, inputs in self._plan:
            values[name] = self._modules[name](*[values[one] for one in inputs])  # type: ignore[misc]
        return values[self._plan[-1][0]]  # type: ignore[no-any-return]


def build_imported(document: Any) -> nn.Module:
    """The network of a description's JSON.

    Raises:
        ValueError: it is none.
    """
    try:
        return ImportedNetwork(Description.parse(document))
    except KeyError as error:  # a name that nn.Module has itself
        raise ValueError(f"a step has a name that no module can have: {error}") from None
