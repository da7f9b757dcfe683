"""A pickle as a tree of plain values, read opcode by opcode: nothing in it is looked up, imported or called.

What a pickle would look up becomes a :class:`Global`, what it would call or restore a :class:`Call`.
"""

from __future__ import annotations

import pickletools
from dataclasses import dataclass
from typing import Any

from fer_edge.runtime.containers.limits import ContainerError

_MOST_OPCODES = 2_000_000
_VALUES = (
    "BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE", "NONE", "NEWTRUE", "NEWFALSE",
)  # fmt: skip
_CONSTANT = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


@dataclass(frozen=True, slots=True, eq=False)
class Global:
    """A name that the pickle would look up: module, a dot, name."""

    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """An object that the pickle would make: a call, an object, or (``what`` is None) something that lies outside of it."""

    what: Any
    arguments: Any


def read_pickle(data: bytes, name: str) -> tuple[Any, tuple[str, ...]]:
    """The tree, and every name that would be looked up.

    Args:
        data: protocol 2, as torch writes it.
        name: of the record, for messages.

    Returns:
        Tuples, lists, dictionaries (as lists of pairs), numbers, text; and the names in their order.

    Raises:
        ContainerError: an opcode that torch does not write, or no sound pickle.
    """
    machine, end = _Machine(name), 0
    try:
        for count, (opcode, argument, place) in enumerate(pickletools.genops(data)):
            if count > _MOST_OPCODES:
                raise ContainerError(f"its record {name} has more than {_MOST_OPCODES} opcodes")
            machine.step(opcode.name, argument)
            end = place or 0
        tree = machine.finish()
        if end != len(data) - 1:
            raise ValueError("something follows its end")
    except ContainerError:
        raise
    except Exception as error:  # noqa: BLE001 - hostile bytes meet every check of pickletools
        raise ContainerError(
            f"its record {name} is no pickle of torch's ({ascii(str(error))[1:-1][:80]})"
        ) from None
    return tree, tuple(machine.names)


class _Machine:
    """The stack and the memo; a mark is remembered by the height of the stack."""

    def __init__(self, record: str) -> None:
        self.names: list[str] = []
        self._record = record
        self._stack: list[Any] = []
        self._marks: list[int] = []
        self._memo: dict[int, Any] = {}
        self._stopped = False

    def finish(self) -> Any:
        (tree,) = self._stack
        if not self._stopped or self._marks:
            raise ValueError("it does not stop")
        return tree

    def step(self, name: str, argument: Any) -> None:
        if name in _VALUES:
            self._stack.append(_CONSTANT.get(name, argument))
        elif name in _TUPLES:
            self._gather(len(self._stack) - _TUPLES[name])
        elif not self._structure(name) and not self._reference(name, argument):
            raise ContainerError(
                f"its record {self._record} has the opcode {name}, which torch does not write"
            )

    def _structure(self, name: str) -> bool:
        stack = self._stack
        if name == "MARK":
            self._marks.append(len(stack))
        elif name == "TUPLE":
            self._gather(self._marks.pop())
        elif name == "EMPTY_TUPLE":
            stack.append(())
        elif name in ("EMPTY_LIST", "EMPTY_DICT"):
            stack.append([])
        elif name == "APPEND":
            stack[-2].append(stack.pop())
        elif name in ("APPENDS", "SETITEMS"):
            start = self._marks.pop()
            items = stack[start:]
            del stack[start:]
            stack[-1].extend(items)
        elif name == "SETITEM":
            items = stack[-2:]
            del stack[-2:]
            stack[-1].extend(items)
        elif name == "STOP":
            self._stopped = True
        else:
            return False
        return True

    def _reference(self, name: str, argument: Any) -> bool:
        stack = self._stack
        if name in ("BINPUT", "LONG_BINPUT"):
            self._memo[argument] = stack[-1]
        elif name in ("BINGET", "LONG_BINGET"):
            stack.append(self._memo[argument])
        elif name == "GLOBAL":
            module, _, attribute = argument.partition(" ")
            self.names.append(f"{module}.{attribute}")
            stack.append(Global(self.names[-1]))
        elif name in ("REDUCE", "NEWOBJ", "BUILD"):
            arguments = stack.pop()
            stack.append(Call(stack.pop(), arguments))
        elif name == "BINPERSID":
            stack.append(Call(None, stack.pop()))
        else:
            return name == "PROTO" and argument == 2
        return True

    def _gather(self, start: int) -> None:
        if start < 0:
            raise IndexError("a tuple of more than there is")
        items = tuple(self._stack[start:])
        del self._stack[start:]
        self._stack.append(items)
