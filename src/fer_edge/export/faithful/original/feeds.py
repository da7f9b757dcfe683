"""Factors and shifts before a product, which converters may fold into it.

A normalization ends with ``x * weight + bias``, one number for each channel, and networks without normalizations have ``x * beta`` before
their convolutions. TFLite's converter folds such steps into the product that reads them, the last one first:
``W (x * factor + shift) + b = (W * factor) x + (W shift + b)``; every transformer has such pairs, and every NFNet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from fer_edge.export.capture.recording import Call, Value
from fer_edge.export.faithful.original.arithmetic import read_arithmetic
from fer_edge.export.faithful.original.moves import MOVES, follow_axis
from fer_edge.export.faithful.original.needs import (
    Array,
    Candidate,
    Need,
    as_array,
    candidates,
    constant_need,
)

MOST = 4
"""Steps, one after the other, that are looked at."""


@dataclass(frozen=True)
class Reader:
    """A product that may take what stands before it.

    Attributes:
        weight: (outputs, inputs / groups, ...) float64.
        bias: (outputs,) float64.
        axis: of the inputs in the value that it reads.
        groups: of it.
        padded: it reads zeros around the value, which a shift would not reach.
    """

    weight: Array
    bias: Array
    axis: int
    groups: int
    padded: bool


@dataclass(frozen=True)
class Feed:
    """A value's last step.

    Attributes:
        factor, shift: of the step ``x * factor + shift``, each (places,) or (1,) float64.
        axis: of the value, along which they lie; None: one number for all.
        own: what a program needs that keeps them apart.
        before: the step before this one, where one is known.
        folded: weights of products into which it may have gone.
    """

    factor: Array
    shift: Array
    axis: int | None
    own: tuple[Need, ...]
    before: Feed | None = None
    folded: list[Array] = field(default_factory=list)

    def need(self) -> Need:
        """Factor and shift as they are, or in one of the products."""
        options: list[tuple[Candidate | Need, ...]] = [self.own, *map(candidates, self.folded)]
        return Need(tuple(options))

    def fold(self, reader: Reader) -> Iterator[tuple[Array, Array, float]]:
        """Weight, bias and largest summand of the bias of a product that took the last step, the last two, and so on."""
        factor, shift, taken = np.ones(1), np.zeros(1), list[Feed]()
        feed: Feed | None = self
        while feed is not None and feed._reaches(reader) and len(taken) < MOST:
            taken.append(feed)
            factor, shift = factor * feed.factor, factor * feed.shift + shift
            folded = _folded(reader, factor, shift)
            for each in taken:
                each.folded.append(folded[0])
            yield folded
            feed = feed.before

    def moved(self, call: Call) -> Feed | None:
        """After one of ``MOVES`` or zeros around the value; None: it is not this step any more."""
        if call.name == _PAD and (call.arguments[2] != 0 or (self.shift != 0).any()):
            return None
        axis = self.axis
        if axis is not None:
            axis = follow_axis(call, call.arguments[0].shape, axis)
            if axis is None:
                return None
        return replace(self, axis=axis, before=self.before and self.before.moved(call))

    def _reaches(self, reader: Reader) -> bool:
        if reader.padded and (self.shift != 0).any():
            return False
        return self.axis is None or (self.axis == reader.axis and reader.groups == 1)


def _folded(reader: Reader, factor: Array, shift: Array) -> tuple[Array, Array, float]:
    along = (1, -1, *[1] * (reader.weight.ndim - 2))
    sums = tuple(range(1, reader.weight.ndim))
    product = reader.weight * shift.reshape(along)
    largest = float(np.abs(reader.bias).max() + np.abs(product).sum(axis=sums).max())
    return reader.weight * factor.reshape(along), reader.bias + product.sum(axis=sums), largest


def find_feed(call: Call, feeds: Mapping[Value, Feed]) -> Feed | None:
    """The feed that a call begins, goes on with or moves; None: it does nothing of these."""
    if call.name in _NORMALIZATIONS:
        return _begun(call)
    if call.name in MOVES or call.name == _PAD:
        before = feeds.get(call.arguments[0])
        return None if before is None else before.moved(call)
    return _computed(call, feeds)


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


def _computed(call: Call, feeds: Mapping[Value, Feed]) -> Feed | None:
    """Arithmetic with constants."""
    carried = [item for item in call.arguments if isinstance(item, Value) and item.depends]
    steps = read_arithmetic(call, carried[0]) if len(carried) == 1 else ()
    if not steps:
        return None
    factor, shift = np.ones(1), np.zeros(1)
    for step in steps:
        factor, shift = (factor * step.by, shift * step.by) if step.multiplies else (factor, shift + step.by)
    return Feed(factor, shift, steps[-1].axis, tuple(step.need for step in steps), feeds.get(carried[0]))


_PAD = "aten::constant_pad_nd"
_NORMALIZATIONS = frozenset({"aten::native_layer_norm", "aten::native_group_norm"})
