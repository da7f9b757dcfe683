"""An entry of the table of layers, and the base of the modules that torch does not have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from torch import nn

from fer_edge.train.models.imported.parameters import Kind

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Layer:
    """A kind of layer.

    Attributes:
        name: in descriptions.
        build: makes the module from its parameters, by keyword.
        parameters: their kinds; all must be given.
        inputs: how many tensors go in; None: one or more.
    """

    name: str
    build: Callable[..., nn.Module]
    parameters: Mapping[str, Kind] = field(default_factory=dict)
    inputs: int | None = 1


class Function(nn.Module):
    """A module that computes a function of its inputs and has no weights."""

    def __init__(self, compute: Callable[..., Tensor], name: str) -> None:
        super().__init__()
        self._compute, self._name = compute, name

    def forward(self, *values: Tensor) -> Tensor:
        """The function's value."""
        return self._compute(*values)

    def extra_repr(self) -> str:
        """Its name."""
        return self._name
