"""One tensor out of what a network returns: many published ones give a tuple, a dict or a record of several."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fer_edge.runtime.closest import closest
from fer_edge.runtime.errors import CheckpointError

SHOWN = 12
"""Entries that a message lists."""


@dataclass(frozen=True)
class Selection:
    """The entry that is the answer.

    Attributes:
        index: ``--output-index``, from 0, of a tuple or list.
        key: ``--output-key``, of a dict, a dataclass or a named tuple.
    """

    index: int | None = None
    key: str | None = None

    def __bool__(self) -> bool:
        return self.index is not None or self.key is not None

    @property
    def options(self) -> str:
        """As they were typed."""
        index = "" if self.index is None else f"--output-index {self.index}"
        key = "" if self.key is None else f"--output-key {self.key}"
        return " ".join(filter(None, (index, key)))

    @property
    def text(self) -> str:
        """As a checkpoint's metadata keeps it."""
        return json.dumps(
            {name: value for name, value in dataclasses.asdict(self).items() if value is not None}
        )

    @classmethod
    def parse(cls, text: str, file: str) -> Selection:
        """The inverse of ``text``.

        Raises:
            CheckpointError: somebody else wrote it.
        """
        try:
            said = json.loads(text)
        except (ValueError, RecursionError):
            said = None
        if isinstance(said, dict) and said.keys() <= {"index", "key"}:
            index, key = said.get("index"), said.get("key")
            if (index is None or (type(index) is int and index >= 0)) and (
                key is None or isinstance(key, str)
            ):
                return cls(index, key)
        raise CheckpointError(
            f"{file}: which output is the answer must be a JSON object with index or key, not {text[:100]!r}"
        )

    def of(self, output: Any) -> Any:
        """The entry of what a network returned; key and index each once, in the order that the nesting asks for.

        Raises:
            CheckpointError: there is no such entry, or nothing to choose from.
        """
        index, key = self.index, self.key
        while index is not None or key is not None:
            if key is not None and key in keys_of(output):
                output = output[key] if isinstance(output, Mapping) else getattr(output, key)
                key = None
            elif index is not None and isinstance(output, tuple | list) and index < len(output):
                output = output[index]
                index = None
            else:
                raise CheckpointError(_nothing(self, output))
        return output


ALL = Selection()
"""Nothing to select: the network returns one tensor."""


def keys_of(output: object) -> tuple[str, ...]:
    """The names by which entries can be asked for; none for a bare tuple, list or tensor."""
    if isinstance(output, Mapping):
        return tuple(key for key in output if isinstance(key, str))
    if dataclasses.is_dataclass(output):
        return tuple(field.name for field in dataclasses.fields(output))
    return tuple(getattr(output, "_fields", ())) if isinstance(output, tuple) else ()


def entries_of(output: object) -> list[tuple[str, Any]]:
    """Option and entry of all that can be asked for; none where there is nothing to choose from."""
    names = keys_of(output)
    if names:
        return [(f"--output-key {name}", Selection(key=name).of(output)) for name in names]
    if isinstance(output, tuple | list):
        return [(f"--output-index {index}", entry) for index, entry in enumerate(output)]
    return []


def describe(output: object) -> str:
    """Its kind, with the shapes of what is in it: ``a tuple of 2 (0: 1x3 float32, 1: 1x8 float32)``."""
    if is_tensor(output):
        return _brief(output)
    entries = entries_of(output)
    if not entries:
        return f"a {type(output).__name__[:60]}"
    listed = [f"{option.split(maxsplit=1)[-1][:60]}: {_brief(entry)}" for option, entry in entries[:SHOWN]]
    more = [f"and {len(entries) - SHOWN} more"] if len(entries) > SHOWN else []
    return f"a {type(output).__name__[:60]} of {len(entries)} ({', '.join(listed + more)})"


def is_tensor(entry: object) -> bool:
    """True if it has a shape and a type; torch itself need not be imported for that."""
    return hasattr(entry, "shape") and hasattr(entry, "dtype")


def _brief(entry: Any) -> str:
    if not is_tensor(entry):
        return f"a {type(entry).__name__[:60]}"
    edges = "x".join(str(edge) for edge in entry.shape) or "a scalar"
    return f"{edges} {str(entry.dtype).removeprefix('torch.')}"


def _nothing(selection: Selection, output: object) -> str:
    near = closest(selection.key, keys_of(output)) if selection.key else None
    hint = f"; did you mean --output-key {near}?" if near else ""
    if is_tensor(output):
        hint = "; leave the option out"
    return f"{selection.options} finds nothing: the network returns {describe(output)}{hint}"
