"""Layers that compute each number by itself: activations, and arithmetic of one or two tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn import functional

from fer_edge.train.models.imported.layer import Function, Layer
from fer_edge.train.models.imported.parameters import number, number_or_none, truth, word

if TYPE_CHECKING:
    from torch import Tensor

UNARY: dict[str, Callable[..., Tensor]] = {
    "abs": torch.abs,
    "erf": torch.erf,
    "exp": torch.exp,
    "log": torch.log,
    "neg": torch.neg,
    "reciprocal": torch.reciprocal,
    "sqrt": torch.sqrt,
    "square": torch.square,
    "floor": torch.floor,
    "ceil": torch.ceil,
    "sin": torch.sin,
    "cos": torch.cos,
}
BINARY: dict[str, Callable[..., Tensor]] = {
    "add": torch.add,
    "subtract": torch.sub,
    "multiply": torch.mul,
    "divide": torch.div,
    "power": torch.pow,
    "maximum": torch.maximum,
    "minimum": torch.minimum,
    "matmul": torch.matmul,
}
SCALAR = ("add", "subtract", "multiply", "divide", "power")
"""Of ``BINARY``, those that take a plain number as well."""
PLAIN: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "relu6": nn.ReLU6,
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "softplus": nn.Softplus,
    "softsign": nn.Softsign,
    "selu": nn.SELU,
    "silu": nn.SiLU,
    "mish": nn.Mish,
    "hard_sigmoid": nn.Hardsigmoid,
    "hard_swish": nn.Hardswish,
    "identity": nn.Identity,
}


def _scalar(*, function: str, value: float, first: bool) -> nn.Module:
    compute = BINARY[function]
    if first:
        return Function(lambda x: compute(torch.full((), value), x), f"{value:g}, {function}")
    return Function(lambda x: compute(x, value), f"{function} {value:g}")


def _clip(*, least: float | None, most: float | None) -> nn.Module:
    return Function(lambda x: torch.clamp(x, least, most), f"{least}..{most}")


def _slope(make: Callable[[float], nn.Module]) -> Callable[..., nn.Module]:
    return lambda *, slope: make(slope)


def _linear_sigmoid(*, slope: float, offset: float) -> nn.Module:
    return Function(lambda x: torch.clamp(x * slope + offset, 0, 1), f"{slope:g} * x + {offset:g}")


def _gelu(*, form: str) -> nn.Module:
    return nn.GELU(approximate=form)


def _thresholded(*, slope: float) -> nn.Module:
    return Function(lambda x: functional.threshold(x, slope, 0.0), f"above {slope:g}")


def _computed(compute: Callable[..., Tensor], name: str) -> Callable[..., nn.Module]:
    def build(**_: Any) -> nn.Module:
        return Function(compute, name)

    return build


ELEMENTWISE = (
    *(Layer(name, make) for name, make in PLAIN.items()),
    *(Layer(name, _computed(compute, name)) for name, compute in UNARY.items()),
    *(Layer(name, _computed(compute, name), inputs=2) for name, compute in BINARY.items()),
    Layer("scalar", _scalar, {"function": word(*SCALAR), "value": number, "first": truth}),
    Layer("clip", _clip, {"least": number_or_none, "most": number_or_none}),
    Layer("leaky_relu", _slope(nn.LeakyReLU), {"slope": number}),
    Layer("elu", _slope(nn.ELU), {"slope": number}),
    Layer("celu", _slope(nn.CELU), {"slope": number}),
    Layer("thresholded_relu", _thresholded, {"slope": number}),
    Layer("linear_sigmoid", _linear_sigmoid, {"slope": number, "offset": number}),
    Layer("gelu", _gelu, {"form": word("none", "tanh")}),
)
