"""Values of a traced network that are proven to be 0 or more, whatever the network's input."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import torch
from torch import fx, nn
from torch.nn import functional

NONNEGATIVE_MODULES = (nn.ReLU, nn.ReLU6, nn.Hardsigmoid, nn.Sigmoid)


class Signs:
    """Signs of a graph's values, with in-place operations on them and on views of them minded.

    Args:
        traced: the network as a graph.
    """

    def __init__(self, traced: fx.GraphModule) -> None:
        self.traced = traced
        self._places = {node: place for place, node in enumerate(traced.graph.nodes)}
        self._memory: dict[fx.Node, fx.Node] = {}
        self._writes: list[tuple[int, fx.Node]] = []
        for node, place in self._places.items():
            writes = self._writes_to_its_input(node)
            source = next((item for item in node.args if isinstance(item, fx.Node)), None)
            shares = source is not None and (writes or self._may_share(node))
            self._memory[node] = self._memory[source] if source is not None and shares else node
            if writes and not self._gives_nonnegative(node):
                self._writes.append((place, self._memory[node]))

    def nonnegative(self, value: Any, reader: fx.Node) -> bool:
        """True if ``value`` is proven to be 0 or more when ``reader`` reads it."""
        if not isinstance(value, fx.Node) or self._written_between(value, reader):
            return False
        if value.op == "call_module":
            module = self.traced.get_submodule(str(value.target))
            kept = isinstance(module, _KEEPING_MODULES) and self.nonnegative(value.args[0], value)
            return isinstance(module, NONNEGATIVE_MODULES) or kept
        if value.op == "call_method":
            return value.target in _NONNEGATIVE_METHODS
        return value.op == "call_function" and self._nonnegative_call(value)

    def _nonnegative_call(self, call: fx.Node) -> bool:
        if call.target in _ADDITIONS:
            plain = len(call.args) == 2 and not call.kwargs  # no alpha, no out
            return plain and all(self.nonnegative(term, call) for term in call.args)
        if call.target in _JOINS:
            parts = call.args[0]
            return isinstance(parts, list | tuple) and all(self.nonnegative(part, call) for part in parts)
        if call.target in MAX_POOLS:
            return self.nonnegative(call.args[0] if call.args else call.kwargs.get("input"), call)
        return call.target in _NONNEGATIVE_FUNCTIONS

    def _written_between(self, value: fx.Node, reader: fx.Node) -> bool:
        first, last, memory = self._places[value], self._places[reader], self._memory[value]
        return any(first < place < last and written is memory for place, written in self._writes)

    def _writes_to_its_input(self, node: fx.Node) -> bool:
        if node.op == "call_module":
            return bool(getattr(self.traced.get_submodule(str(node.target)), "inplace", False))
        name = str(getattr(node.target, "__name__", node.target))
        marked = name.endswith("_") and not name.endswith("__")
        in_place = node.op in ("call_function", "call_method") and (marked or node.target in _IN_PLACE)
        return in_place or node.kwargs.get("inplace") is True or "out" in node.kwargs

    def _may_share(self, node: fx.Node) -> bool:
        """True if the result may lie in the memory of the first argument."""
        if node.op == "call_module":
            return isinstance(self.traced.get_submodule(str(node.target)), _SHARING_MODULES)
        return str(getattr(node.target, "__name__", node.target)) in _VIEWS

    def _gives_nonnegative(self, node: fx.Node) -> bool:
        if node.op == "call_module":
            return isinstance(self.traced.get_submodule(str(node.target)), NONNEGATIVE_MODULES)
        return node.target in _NONNEGATIVE_METHODS or node.target in _NONNEGATIVE_FUNCTIONS


_KEEPING_MODULES = (nn.Dropout, nn.Dropout2d, nn.Identity, nn.MaxPool2d, nn.AvgPool2d)
_SHARING_MODULES = (nn.Dropout, nn.Dropout2d, nn.Identity, nn.Flatten, nn.Unflatten)
_NONNEGATIVE_METHODS = frozenset({"relu", "relu_"})
_NONNEGATIVE_FUNCTIONS: frozenset[Callable[..., Any]] = frozenset(
    {
        functional.relu,
        functional.relu_,
        functional.relu6,
        torch.relu,
        torch.relu_,
        torch.sigmoid,
        functional.sigmoid,
    }
)
_ADDITIONS: frozenset[Callable[..., Any]] = frozenset({operator.add, operator.iadd, torch.add})
_JOINS: frozenset[Callable[..., Any]] = frozenset({torch.cat, torch.concat})
MAX_POOLS: frozenset[Callable[..., Any]] = frozenset({functional.max_pool2d, torch.max_pool2d})
_IN_PLACE: frozenset[Callable[..., Any]] = frozenset(
    {operator.iadd, operator.isub, operator.imul, operator.itruediv, operator.ipow, operator.setitem}
)
_VIEWS = frozenset(
    {
        *(
            "view",
            "view_as",
            "reshape",
            "flatten",
            "unflatten",
            "squeeze",
            "unsqueeze",
            "expand",
            "expand_as",
        ),
        *("transpose", "permute", "movedim", "swapaxes", "narrow", "select", "diagonal", "unfold", "getitem"),
        *("chunk", "split", "unbind", "contiguous", "detach", "dropout", "to", "float", "type"),
    }
)
