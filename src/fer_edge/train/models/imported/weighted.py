"""Layers with weights, and tensors that stand in the graph itself."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import nn

from fer_edge.train.models.imported.layer import Layer
from fer_edge.train.models.imported.parameters import number, truth, whole, wholes

if TYPE_CHECKING:
    from torch import Tensor

MOST_WEIGHTS = 1 << 29
"""Numbers in one layer: 2 GiB of float32."""


def _bounded(*edges: int) -> None:
    if math.prod(edges) > MOST_WEIGHTS:
        raise ValueError(f"a tensor of {'x'.join(map(str, edges))} is larger than networks have")


def _conv2d(
    *,
    inputs: int,
    outputs: int,
    kernel: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int],
    dilation: tuple[int, int],
    groups: int,
    bias: bool,
) -> nn.Module:
    _bounded(outputs, inputs // groups, *kernel)
    return nn.Conv2d(inputs, outputs, kernel, stride, padding, dilation, groups, bias=bias)


def _linear(*, inputs: int, outputs: int, bias: bool) -> nn.Module:
    _bounded(inputs, outputs)
    return nn.Linear(inputs, outputs, bias=bias)


def _batch_norm(*, features: int, epsilon: float, axes: int) -> nn.Module:
    return {2: nn.BatchNorm2d, 1: nn.BatchNorm1d}[axes](features, eps=epsilon)


def _layer_norm(*, shape: tuple[int, ...], epsilon: float, bias: bool) -> nn.Module:
    _bounded(*shape)
    return nn.LayerNorm(shape, eps=epsilon, bias=bias)


class Constant(nn.Module):
    """A tensor that depends on nothing; it stands in the state dictionary as ``value``."""

    value: Tensor

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        _bounded(*shape)
        self.register_buffer("value", torch.zeros(shape))

    def forward(self) -> Tensor:
        """The tensor."""
        return self.value


def _constant(*, shape: tuple[int, ...]) -> nn.Module:
    return Constant(shape)


def _prelu(*, features: int) -> nn.Module:
    _bounded(features)
    return nn.PReLU(features)


def _group_norm(*, groups: int, features: int, epsilon: float) -> nn.Module:
    return nn.GroupNorm(groups, features, eps=epsilon)


PAIR = wholes(1, 2)
WEIGHTED = (
    Layer(
        "conv2d",
        _conv2d,
        {
            "inputs": whole(1),
            "outputs": whole(1),
            "kernel": PAIR,
            "stride": PAIR,
            "padding": wholes(0, 2),
            "dilation": PAIR,
            "groups": whole(1),
            "bias": truth,
        },
    ),
    Layer("linear", _linear, {"inputs": whole(1), "outputs": whole(1), "bias": truth}),
    Layer("batch_norm", _batch_norm, {"features": whole(1), "epsilon": number, "axes": whole(1)}),
    Layer("layer_norm", _layer_norm, {"shape": wholes(1), "epsilon": number, "bias": truth}),
    Layer("group_norm", _group_norm, {"groups": whole(1), "features": whole(1), "epsilon": number}),
    Layer("prelu", _prelu, {"features": whole(1)}),
    Layer("constant", _constant, {"shape": wholes(1)}, inputs=0),
)
