"""Layers over neighborhoods of (N, C, H, W), and reductions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn import functional

from fer_edge.train.models.imported.layer import Function, Layer
from fer_edge.train.models.imported.parameters import number, truth, whole, wholes, word

if TYPE_CHECKING:
    from torch import Tensor

REDUCTIONS: dict[str, Callable[..., Tensor]] = {
    "mean": torch.mean,
    "sum": torch.sum,
    "max": torch.amax,
    "min": torch.amin,
    "norm": lambda x, dim, keepdim: torch.linalg.vector_norm(x, 2, dim, keepdim),
}


def _max_pool(*, kernel: Any, stride: Any, padding: Any, dilation: Any, ceil: bool) -> nn.Module:
    return nn.MaxPool2d(kernel, stride, padding, dilation, ceil_mode=ceil)


def _average_pool(*, kernel: Any, stride: Any, padding: Any, ceil: bool, count_padding: bool) -> nn.Module:
    return nn.AvgPool2d(kernel, stride, padding, ceil_mode=ceil, count_include_pad=count_padding)


def _pad(*, widths: tuple[int, ...], mode: str, value: float) -> nn.Module:
    """``widths``: left, right, top, bottom."""
    if mode == "constant":
        return nn.ConstantPad2d(widths, value)  # type: ignore[arg-type]
    return {"reflect": nn.ReflectionPad2d, "edge": nn.ReplicationPad2d}[mode](widths)  # type: ignore[arg-type]


def _reduce(*, function: str, axes: tuple[int, ...], keep: bool) -> nn.Module:
    compute = REDUCTIONS[function]
    return Function(lambda x: compute(x, axes, keep), f"{function} {axes}")


def _softmax(*, axis: int, logarithm: bool) -> nn.Module:
    return nn.LogSoftmax(axis) if logarithm else nn.Softmax(axis)


def _normalize(*, axis: int, least: float) -> nn.Module:
    return Function(lambda x: functional.normalize(x, 2, axis, least), f"{axis}")


def _local_response(*, size: int, alpha: float, beta: float, offset: float) -> nn.Module:
    return nn.LocalResponseNorm(size, alpha, beta, offset)


def _resize(*, size: Any, mode: str, corners: bool) -> nn.Module:
    align = corners if mode == "bilinear" else None
    return Function(
        lambda x: functional.interpolate(x, size, mode=mode, align_corners=align), f"{size} {mode}"
    )


PAIR = wholes(1, 2)
WINDOWS = (
    Layer(
        "max_pool",
        _max_pool,
        {"kernel": PAIR, "stride": PAIR, "padding": wholes(0, 2), "dilation": PAIR, "ceil": truth},
    ),
    Layer(
        "average_pool",
        _average_pool,
        {"kernel": PAIR, "stride": PAIR, "padding": wholes(0, 2), "ceil": truth, "count_padding": truth},
    ),
    Layer(
        "pad", _pad, {"widths": wholes(0, 4), "mode": word("constant", "reflect", "edge"), "value": number}
    ),
    Layer("reduce", _reduce, {"function": word(*REDUCTIONS), "axes": wholes(), "keep": truth}),
    Layer("softmax", _softmax, {"axis": whole(), "logarithm": truth}),
    Layer("normalize", _normalize, {"axis": whole(), "least": number}),
    Layer(
        "local_response",
        _local_response,
        {"size": whole(1), "alpha": number, "beta": number, "offset": number},
    ),
    Layer("resize", _resize, {"size": PAIR, "mode": word("nearest", "bilinear"), "corners": truth}),
)
