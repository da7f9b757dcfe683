"""Who takes from whom in a functional model, in the forms of Keras 2 and 3."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fer_edge.runtime.errors import CheckpointError

Call = tuple[str, int]
"""A layer's name, and which of its calls."""
HISTORY = "keras_history"


def ends_of(model: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Names of the layers where a functional model begins and ends; nothing for a sequential one."""
    config = model.get("config", {})
    if not isinstance(config, dict):
        return [], []
    starts, ends = (_names(config.get(key, [])) for key in ("input_layers", "output_layers"))
    return starts, ends


def _names(listed: Any) -> list[str]:
    if isinstance(listed, dict):  # outputs by name
        return [name for one in listed.values() for name in _names(one)]
    if isinstance(listed, list) and listed and isinstance(listed[0], str):  # one alone is not in a list
        return [listed[0]]
    return [str(one[0]) for one in listed if isinstance(one, list) and one]


def calls_of(entry: Mapping[str, Any]) -> list[list[Call]]:
    """For each call of a layer, the calls that it takes from.

    Raises:
        CheckpointError: numbers stand where tensors should.
    """
    calls = []
    for node in entry.get("inbound_nodes") or []:
        found = list(_histories(node)) if isinstance(node, dict) else _old(node)
        calls.append(found)
    return calls


def _old(node: Any) -> list[Call]:
    if isinstance(node, list) and node and isinstance(node[0], str):  # a single tensor
        node = [node]
    try:
        return [(str(one[0]), int(one[1])) for one in node]
    except (TypeError, IndexError, ValueError):
        raise CheckpointError("its graph is damaged: a layer takes what is no tensor") from None


def _histories(node: Any) -> Iterator[Call]:
    """Tensors anywhere in the arguments of a call, in order."""
    if isinstance(node, dict):
        if HISTORY in node:
            name, call = node[HISTORY][:2]
            yield str(name), int(call)
            return
        for value in node.values():
            yield from _histories(value)
    elif isinstance(node, list):
        for value in node:
            yield from _histories(value)


def numbers_of(entry: Mapping[str, Any]) -> list[list[float | None]]:
    """For each call of an operation on tensors, its arguments in order: a number, or None for a tensor.

    Raises:
        CheckpointError: an argument is neither.
    """
    return [[_number(one) for one in _arguments(node)] for node in entry.get("inbound_nodes") or []]


def _arguments(node: Any) -> list[Any]:
    if isinstance(node, dict):
        named = node.get("kwargs") or {}
        return [*node.get("args", []), *(named[key] for key in ("x1", "x2", "y") if key in named)]
    first = node if isinstance(node[0], str) else node[0]  # Keras 2: name, call, tensor, further arguments
    further = first[3] if len(first) > 3 and isinstance(first[3], dict) else {}
    return [None, *(further[key] for key in ("y",) if key in further)]


def _number(argument: Any) -> float | None:
    if argument is None or (isinstance(argument, dict) and HISTORY in argument.get("config", {})):
        return None
    if isinstance(argument, list) and argument and isinstance(argument[0], str):
        return None
    if isinstance(argument, bool) or not isinstance(argument, int | float):
        raise CheckpointError(
            "its graph is damaged: an operation takes what is neither a tensor nor a number"
        )
    return float(argument)
