"""Layers that move numbers and compute none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from fer_edge.train.models.imported.layer import Function, Layer
from fer_edge.train.models.imported.parameters import truth, whole, wholes

if TYPE_CHECKING:
    from torch import Tensor


def _reshape(*, shape: tuple[int, ...]) -> nn.Module:
    return Function(lambda x: x.reshape(shape), f"{shape}")


def _flatten(*, axis: int) -> nn.Module:
    return nn.Flatten(axis)


def _permute(*, axes: tuple[int, ...]) -> nn.Module:
    return Function(lambda x: x.permute(axes), f"{axes}")


def _concatenate(*, axis: int) -> nn.Module:
    return Function(lambda *parts: torch.cat(parts, axis), f"{axis}")


def _slice(*, axis: int, start: int, end: int, step: int) -> nn.Module:
    def take(x: Tensor) -> Tensor:
        if step == 1:
            return x.narrow(axis, start, end - start)
        return x[(*[slice(None)] * axis, slice(start, end, step))]

    return Function(take, f"{axis}: {start}..{end}")


def _select(*, axis: int, index: int) -> nn.Module:
    return Function(lambda x: x.select(axis, index), f"{axis}: {index}")


def _expand(*, shape: tuple[int, ...]) -> nn.Module:
    return Function(lambda x: x.expand(shape), f"{shape}")


def _depth_to_space(*, block: int, first: bool) -> nn.Module:
    """``first``: the block's place is the slow part of the depth, as in TensorFlow; else torch's order."""
    if not first:
        return nn.PixelShuffle(block)

    def move(x: Tensor) -> Tensor:
        n, c, h, w = x.shape
        parts = x.reshape(n, block, block, c // block**2, h, w).permute(0, 3, 4, 1, 5, 2)
        return parts.reshape(n, c // block**2, h * block, w * block)

    return Function(move, f"{block}")


def _flip(*, axis: int) -> nn.Module:
    return Function(lambda x: torch.flip(x, (axis,)), f"{axis}")


SHAPES = (
    Layer("reshape", _reshape, {"shape": wholes(-1)}),
    Layer("flatten", _flatten, {"axis": whole(1)}),
    Layer("permute", _permute, {"axes": wholes()}),
    Layer("concatenate", _concatenate, {"axis": whole()}, inputs=None),
    Layer("slice", _slice, {"axis": whole(), "start": whole(), "end": whole(), "step": whole(1)}),
    Layer("select", _select, {"axis": whole(), "index": whole()}),
    Layer("expand", _expand, {"shape": wholes(-1)}),
    Layer("depth_to_space", _depth_to_space, {"block": whole(1), "first": truth}),
    Layer("flip", _flip, {"axis": whole()}),
)
