"""Factors and shifts before a product, which converters may fold into it.

A normalization ends with ``x * weight + bias``, one number for each channel. TFLite's converter folds that into a dense layer that
reads it: ``W (x * weight + bias) + b = (W * weight) x + (W bias + b)``; every transformer has such pairs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from fer_edge.export.capture.recording import Call, Value
from fer_edge.export.faithful.original.moves import MOVES, follow_axis
from fer_edge.export.faithful.original.needs import (
    Array,
    Candidate,
    Need,
    as_array,
    candidates,
    constant_need,
)


@dataclass(frozen=True)
class Feed:
    """A value's last factor and shift, one for each place on an axis.

    Attributes:
        factor, shift: (channels,) float64.
        axis: of the value.
        own: what a program needs that keeps them apart.
        folded: weights of products into which they may have gone.
    """

    factor: Array
    shift: Array
    axis: int
    own: tuple[Need, ...]
    folded: list[Array] = field(default_factory=list)

    def need(self) -> Need:
        """Factor and shift as they are, or in one of the products."""
        options: list[tuple[Candidate | Need, ...]] = [self.own, *map(candidates, self.folded)]
        return Need(tuple(options))

    def fold(self, weight: Array, bias: Array) -> tuple[Array, Array, float]:
        """Weight, bias and largest summand of the bias of a product that takes the value without factor and shift.

        Args:
            weight: (outputs, inputs, ...) float64.
            bias: (outputs,) float64.
        """
        along = (1, -1, *[1] * (weight.ndim - 2))
        sums = tuple(range(1, weight.ndim))
        product = weight * self.shift.reshape(along)
        found = weight * self.factor.reshape(along)
        self.folded.append(found)
        largest = float(np.abs(bias).max() + np.abs(product).sum(axis=sums).max())
        return found, bias + product.sum(axis=sums), largest


def find_feed(call: Call, feeds: Mapping[Value, Feed]) -> Feed | None:
    """The feed that a call begins or moves; None: it does neither."""
    if call.name in _NORMALIZATIONS:
        return _begun(call)
    if call.name not in MOVES or call.arguments[0] not in feeds:
        return None
    before = feeds[call.arguments[0]]
    axis = follow_axis(call, call.arguments[0].shape, before.axis)
    return None if axis is None else replace(before, axis=axis)


def _begun(call: Call) -> Feed | None:
    """Layer normalization over the last axis, or one of groups of channels."""
    layers = call.name == "aten::native_layer_norm"
    weight, bias = call.arguments[2:4] if layers else call.arguments[1:3]
    axis = len(call.result.shape) - 1 if layers else 1
    if weight is None or weight.constant is None or weight.shape != (call.result.shape[axis],):
        return None
    own = tuple(constant_need(item) for item in (weight, bias) if item is not None)
    return Feed(as_array(weight), _array(bias, weight), axis, own)


def _array(bias: Any, like: Value) -> Array:
    return np.zeros(like.shape) if bias is None else as_array(bias)


_NORMALIZATIONS = frozenset({"aten::native_layer_norm", "aten::native_group_norm"})
