"""Initial weights of plain networks, those without batch normalization."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn


def initialize(module: nn.Sequential) -> nn.Sequential:
    """Set weights so that the signal keeps its size through the ReLUs (He et al. 2015, arXiv 1502.01852, section 2.2).

    With Glorot's weights each ReLU halves the variance: after twelve of them the answer hardly depends on the picture.
    The last layer gets Glorot's, so that a fresh network is not sure of anything. Biases are 0.
    """
    from torch import nn

    layers = [layer for layer in module if isinstance(layer, nn.Conv2d | nn.Linear)]
    for layer in layers:
        if layer is layers[-1]:
            nn.init.xavier_uniform_(layer.weight)
        else:
            nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu")
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
    return module
