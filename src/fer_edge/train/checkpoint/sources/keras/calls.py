"""Who takes from whom in a functional model, in the forms of Keras 2 and 3."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fer_edge.runtime.errors import CheckpointError

Call = tuple[str, int]
"""A layer's name, and which of its calls."""
Tensor = tuple[str, int, int]
"""The same, and which of the tensors that the call gives."""
FUNCTIONAL = ("Functional", "Model")
HISTORY = "keras_history"
NO_TENSOR = "its graph is damaged: a layer takes what is no tensor"


def ends_of(model: Mapping[str, Any]) -> tuple[list[Tensor], list[Tensor]]:
    """Where a functional model begins and ends; nothing for a sequential one.

    Raises:
        CheckpointError: numbers stand where tensors should.
    """
    config = model.get("config", {})
    if not isinstance(config, dict):
        return [], []
    starts, ends = (_tensors(config.get(key, [])) for key in ("input_layers", "output_layers"))
    return starts, ends


def _tensors(listed: Any) -> list[Tensor]:
    if isinstance(listed, dict):  # outputs by name
        return [tensor for one in listed.values() for tensor in _tensors(one)]
    if isinstance(listed, list) and listed and isinstance(listed[0], str):  # one alone is not in a list
        listed = [listed]
    return [_tensor(one) for one in listed if isinstance(one, list) and one]


def calls_of(entry: Mapping[str, Any]) -> list[list[Tensor]]:
    """For each call of a layer, what it takes.

    Raises:
        CheckpointError: numbers stand where tensors should.
    """
    calls = []
    for node in entry.get("inbound_nodes") or []:
        found = list(_histories(node)) if isinstance(node, dict) else _old(node)
        calls.append(found)
    return calls


def number_calls(
    entries: Mapping[str, Mapping[str, Any]], ends: Sequence[Tensor]
) -> tuple[list[tuple[str, int, list[Tensor]]], list[Tensor]]:
    """Every call of a functional model and its ends, calls of each layer counted from 0.

    Keras counts what built a model as that model's call 0: where it is called inside another one that is call 1, everywhere in
    files of Keras 2, in those of Keras 3 among the ends alone.

    Args:
        entries: of the model's configuration, by name.
        ends: as ``ends_of`` gives them.

    Returns:
        Layer, number of the call and what it takes; and the ends.
    """
    calls = {name: calls_of(entry) for name, entry in entries.items()}
    taken = [tensor for every in calls.values() for given in every for tensor in given]
    old = not any(
        isinstance(node, dict) for one in entries.values() for node in one.get("inbound_nodes") or []
    )
    highest: dict[str, int] = {}
    for name, call, _ in [*taken, *ends] if old else taken:
        highest[name] = max(call, highest.get(name, 0))
    first = {name: int(0 < len(every) <= highest.get(name, 0)) for name, every in calls.items()}
    numbered = [
        (name, place, [_from(first, tensor) for tensor in given])
        for name, every in calls.items()
        for place, given in enumerate(every)
    ]
    if not old:
        first = {name: int(entry.get("class_name") in FUNCTIONAL) for name, entry in entries.items()}
    return numbered, [_from(first, tensor) for tensor in ends]


def _from(first: Mapping[str, int], tensor: Tensor) -> Tensor:
    name, call, place = tensor
    return name, call - first.get(name, 0), place


def _old(node: Any) -> list[Tensor]:
    if isinstance(node, list) and node and isinstance(node[0], str):  # a single tensor
        node = [node]
    if not isinstance(node, list):
        raise CheckpointError(NO_TENSOR)
    return [_tensor(one) for one in node]


def _tensor(one: Any) -> Tensor:
    try:
        return str(one[0]), int(one[1]), int(one[2]) if len(one) > 2 else 0
    except (TypeError, IndexError, ValueError, KeyError):
        raise CheckpointError(NO_TENSOR) from None


def _histories(node: Any) -> Iterator[Tensor]:
    """Tensors anywhere in the arguments of a call, in order."""
    if isinstance(node, dict):
        if HISTORY in node:
            yield _tensor(node[HISTORY])
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
