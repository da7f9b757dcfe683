"""Parameters of operators, read from the signatures of their functions, and constants in the form that these want."""

from __future__ import annotations

import functools
import inspect
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from fer_edge.runtime.mil.operators import OPERATORS


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of an operator.

    Attributes:
        required: whether an operation must have it.
        kind: ``Tensor``, ``list[Tensor]``, or a Python type such as ``list[int]``.
        convert: from a constant (numpy array, text, list) to that Python type; not for tensors.
    """

    required: bool
    kind: str
    convert: Callable[[Any], Any]

    @property
    def is_tensor(self) -> bool:
        """Handed over as a tensor."""
        return self.kind == "Tensor"

    @property
    def is_several(self) -> bool:
        """Handed over as a list of tensors."""
        return self.kind == "list[Tensor]"


@functools.cache
def parameters_of(operator: str) -> dict[str, Parameter]:
    """Parameters by name, of an operator that is known."""
    function = OPERATORS[operator].compute
    hints = typing.get_type_hints(function)
    found = {}
    for name, entry in inspect.signature(function).parameters.items():
        kind = _without_none(hints[name])
        word = _word(kind)
        found[name] = Parameter(entry.default is inspect.Parameter.empty, word, _CONVERTERS[word])
    return found


def _without_none(hint: Any) -> Any:
    if isinstance(hint, types.UnionType):
        return next(part for part in typing.get_args(hint) if part is not type(None))
    return hint


def _word(kind: Any) -> str:
    inner = typing.get_args(kind)
    return f"list[{inner[0].__name__}]" if inner else str(kind.__name__)


def _one(content: Any) -> Any:
    """The only value of a constant."""
    array = np.asarray(content)
    if array.size != 1:
        raise ValueError
    return array.reshape(-1)[0]


def _whole(content: Any) -> int:
    value = _one(content)
    if not isinstance(value, np.integer | np.bool_):
        raise TypeError
    return int(value)


def _number(content: Any) -> float:
    value = _one(content)
    if not isinstance(value, np.number | np.bool_):
        raise TypeError
    return float(value)


def _flag(content: Any) -> bool:
    value = _one(content)
    if not isinstance(value, np.bool_ | np.integer):
        raise TypeError
    return bool(value)


def _text(content: Any) -> str:
    if not isinstance(content, str):
        raise TypeError
    return content


def _wholes(content: Any) -> list[int]:
    array = np.asarray([_whole(part) for part in content] if isinstance(content, list) else content)
    if array.dtype.kind not in "iub":
        raise TypeError
    return [int(value) for value in array.reshape(-1)]


def _flags(content: Any) -> list[bool]:
    return [bool(value) for value in _wholes(content)]


def _unused(content: Any) -> Any:
    return content


_CONVERTERS: dict[str, Callable[[Any], Any]] = {
    "Tensor": _unused, "list[Tensor]": _unused, "int": _whole, "float": _number, "bool": _flag, "str": _text,
    "list[int]": _wholes, "list[bool]": _flags,
}  # fmt: skip


def convert_tensor(parameter: Parameter, value: Tensor) -> Any:
    """A value that the program computes in the form that a function wants.

    Raises:
        TypeError, ValueError: it cannot have it.
    """
    return value if parameter.is_tensor else parameter.convert(value.numpy())
