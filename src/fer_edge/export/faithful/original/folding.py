"""Every legal place of a network's weights in a converted program.

Converters fold what multiplies or shifts a channel (BatchNorm, layer scale, a learned bias, a sign) into the
convolution or matrix product before it, all of it, some of it or nothing, and factors and shifts into the one
behind it (``feeds``); and they compute what depends on weights alone, or leave it to the program. Each weight becomes a ``Need``: it is met by one of several sets of tensors.
All folds are computed here in float64 from the network's own tensors, by their definition.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch

from fer_edge.export.capture.recording import Call, Value, record
from fer_edge.export.faithful.original.arithmetic import read_arithmetic
from fer_edge.export.faithful.original.feeds import Feed, Reader, find_feed
from fer_edge.export.faithful.original.moves import MOVES, follow_axis
from fer_edge.export.faithful.original.needs import (
    Array,
    Candidate,
    Need,
    as_array,
    candidates,
    constant_need,
)


def find_needs(module: torch.nn.Module, example: torch.Tensor) -> list[Need]:
    """The requirements of a converted program of a network.

    Args:
        module: in ``eval()`` mode, float32.
        example: an input of it, (1, C, H, W) float32.
    """
    chains: dict[Value, _Chain] = {}
    feeds: dict[Value, Feed] = {}
    found: list[_Chain | Feed | Need] = []
    calls = record(module, example).calls
    for call in calls:
        feed, chain = find_feed(call, feeds), _extended(call, chains, feeds)
        if feed is not None:
            feeds[call.result] = feed
        if chain is None:
            found += _needs_alone(call, feed)
            continue
        chains[call.result] = chain
        if chain.first is call:
            found.append(chain)
    apart = _GRU_GATES if any(call.name == _GATES_APART for call in calls) else 1
    return [
        item.need(apart) if isinstance(item, _Chain) else item.need() if isinstance(item, Feed) else item
        for item in found
    ]


def _needs_alone(call: Call, feed: Feed | None) -> Sequence[Feed | Need]:
    """Of an operator that is part of no chain."""
    if call.name == _LSTM:
        return _of_lstm(call)
    if feed is not None and _constants(call):
        return [feed]
    return [constant_need(value) for value in _constants(call)]


def _constants(call: Call) -> list[Value]:
    """Tensors of weights that an operator reads, those in lists too."""
    # What is copied to is not read.
    read = call.arguments[1:] if call.name == "aten::copy" else call.arguments
    flat = [item for part in read for item in (part if isinstance(part, list | tuple) else [part])]
    return [
        item
        for item in flat
        if isinstance(item, Value) and item.constant is not None and item.constant.is_floating_point()
    ]


def _of_lstm(call: Call) -> list[Need]:
    """The gates in PyTorch's order or in MIL's (input, forget, output, cell), and the two biases as one."""
    weights, biases, rest = call.arguments[1:3], call.arguments[3:5], call.arguments[5:7]
    found = [constant_need(value, (_mil_gates(as_array(value)),)) for value in weights]
    found += [constant_need(value) for value in rest if value.constant is not None]
    total = sum(as_array(value) for value in biases) + np.zeros(1)
    apart = tuple(constant_need(value) for value in biases)
    return [*found, Need((candidates(_mil_gates(total)), candidates(total), apart))]


def _mil_gates(values: Array) -> Array:
    first, second, cell, last = np.split(values, 4)
    return np.concatenate((first, second, last, cell))


@dataclass(frozen=True)
class _Folded:
    """A product with what was folded into it so far."""

    weight: Array
    bias: Array
    magnitude: float

    def scaled(self, factor: Array, groups: int, *, transposed: bool) -> _Folded:
        """Each output channel times its factor, (channels,)."""
        if transposed:  # (inputs, outputs / groups, ...)
            shape = self.weight.shape
            apart = self.weight.reshape(groups, shape[0] // groups, shape[1], -1)
            weight = (apart * factor.reshape(groups, 1, -1, 1)).reshape(shape)
        else:
            weight = self.weight * factor.reshape(-1, *[1] * (self.weight.ndim - 1))
        return _Folded(weight, self.bias * factor, self.magnitude * float(np.abs(factor).max()))

    def shifted(self, by: Array) -> _Folded:
        """Each output channel plus its share, (channels,)."""
        return replace(self, bias=self.bias + by, magnitude=max(self.magnitude, float(np.abs(by).max())))


@dataclass
class _Chain:
    """A product and the operators behind it that may be folded into it.

    Attributes:
        first: the product.
        raw: what the product needs if nothing is folded and its weights are computed in the program.
        states: the product, then after each foldable operator.
        rest: what each of these operators needs if it is not folded.
        axis: of the channels in the value at the end.
        groups, transposed, matrix: of the product.
        fed: the states where the product has taken one of the steps before it, more of them, and so on; none: there is none.
    """

    first: Call
    raw: tuple[Need, ...]
    states: list[_Folded]
    rest: list[Need]
    axis: int
    groups: int = 1
    transposed: bool = False
    matrix: bool = False
    fed: list[list[_Folded]] = field(default_factory=list)

    @property
    def channels(self) -> int:
        return len(self.states[-1].bias)

    def need(self, apart: int = 1) -> Need:
        """One option for each number of folded operators, most of them first, and one with the outputs in equal parts.

        Args:
            apart: how many; 1: they stay together.
        """
        options: list[tuple[Candidate | Need, ...]] = []
        for number in reversed(range(len(self.states))):
            for state in (states[number] for states in (self.states, *self.fed)):
                weight = candidates(state.weight, matrix=self.matrix)
                options.append((*weight, *candidates(state.bias, state.magnitude), *self.rest[number:]))
        if self.matrix and apart > 1 and self.channels % apart == 0:
            options.append(_in_parts(self.states[-1], apart))
        return Need((*options, (*self.raw, *self.rest)))

    def multiply(self, factor: Array, need: Need) -> None:
        self._step(lambda state: state.scaled(factor, self.groups, transposed=self.transposed), need)

    def add(self, by: Array, need: Need) -> None:
        self._step(lambda state: state.shifted(by), need)

    def _step(self, change: Callable[[_Folded], _Folded], need: Need) -> None:
        for states in (self.states, *self.fed):
            states.append(change(states[-1]))
        self.rest.append(need)


def _in_parts(state: _Folded, count: int) -> tuple[Candidate, ...]:
    weights, biases = np.split(state.weight, count), np.split(state.bias, count)
    return tuple(
        item
        for weight, bias in zip(weights, biases, strict=True)
        for item in (*candidates(weight, matrix=True), *candidates(bias, state.magnitude))
    )


def _extended(call: Call, chains: Mapping[Value, _Chain], feeds: Mapping[Value, Feed]) -> _Chain | None:
    """The chain that a call begins or goes on with; None: it is no part of one."""
    if call.name in _PRODUCTS:
        return _begun(call, feeds)
    values = [item for item in call.arguments if isinstance(item, Value)]
    carried = [item for item in values if item.depends]
    # What others read too must stay as it was.
    if len(carried) != 1 or carried[0] not in chains or carried[0].uses != 1:
        return None
    chain = chains[carried[0]]
    if call.name in MOVES:
        return _moved(call, carried[0], chain)
    if call.name in _NORMALIZATIONS:
        return _normalized(call, chain)
    return _computed(call, carried[0], chain)


def _begun(call: Call, feeds: Mapping[Value, Feed]) -> _Chain | None:
    source = call.arguments[1 if call.name == "aten::addmm" else 0]
    padded = False
    if call.name == "aten::convolution":
        _, weight, bias, _, padding, _, transposed, _, groups = call.arguments
        axis, matrix, padded = 1, False, any(padding)
    else:
        bias, weight = (
            (call.arguments[0], call.arguments[2])
            if call.name == "aten::addmm"
            else (None, call.arguments[1])
        )
        axis, matrix, transposed, groups = len(call.result.shape) - 1, True, False, 1
        if call.name == "aten::addmm" and set(call.arguments[3:]) != {1}:
            return None
    if weight.constant is None or (bias is not None and bias.constant is None):
        return None
    values = as_array(weight).T if matrix else as_array(weight)
    channels = call.result.shape[axis]
    shift = np.zeros(channels) if bias is None else np.broadcast_to(as_array(bias), (channels,)).copy()
    raw = tuple(constant_need(item) for item in (weight, bias) if item is not None)
    state, feed = _Folded(values, shift, float(np.abs(shift).max())), feeds.get(source)
    reader = Reader(values, shift, axis, groups, padded)
    fed = [[_Folded(*each)] for each in feed.fold(reader)] if feed is not None and not transposed else []
    return _Chain(call, raw, [state], [], axis, groups, transposed, matrix, fed)


def _moved(call: Call, value: Value, chain: _Chain) -> _Chain | None:
    """Follow the channels through a change of shape."""
    axis = follow_axis(call, value.shape, chain.axis)
    if axis is None:
        return None
    chain.axis = axis
    return chain


def _normalized(call: Call, chain: _Chain) -> _Chain | None:
    """A mean taken away, a factor, a shift: three steps, since converters may part them."""
    weight, bias, mean, variance = call.arguments[1:5]
    if mean is None or mean.constant is None or chain.axis != 1:
        return None
    factor = (1.0 if weight is None else as_array(weight)) / np.sqrt(as_array(variance) + call.arguments[-1])
    beta = np.zeros(chain.channels) if bias is None else as_array(bias)
    center = as_array(mean)
    # x * factor + (beta - mean * factor) is the same in two steps.
    together = candidates(beta - center * factor, float(np.abs(center * factor).max()))
    roots = tuple(constant_need(item) for item in (weight, variance) if item is not None)
    chain.add(-center, Need((candidates(center), candidates(-center), together)))
    chain.multiply(factor, Need((candidates(factor), roots)))
    chain.add(beta, Need((candidates(beta), together)))
    return chain


def _computed(call: Call, value: Value, chain: _Chain) -> _Chain | None:
    """Arithmetic with a number, or with one for each channel."""
    steps = read_arithmetic(call, value)
    if not steps or any(step.axis not in (None, chain.axis) for step in steps):
        return None
    for step in steps:
        by = np.broadcast_to(step.by, (chain.channels,))
        (chain.multiply if step.multiplies else chain.add)(by, step.need)
    return chain


_LSTM = "aten::mkldnn_rnn_layer"
_GATES_APART, _GRU_GATES = "aten::unsafe_split", 3
"""PyTorch takes a GRU's gates from one product; Core ML computes each by a product of its own, inside a loop."""
_PRODUCTS = frozenset({"aten::convolution", "aten::addmm", "aten::mm"})
_NORMALIZATIONS = frozenset({"aten::native_batch_norm", "aten::_native_batch_norm_legit_no_training"})
