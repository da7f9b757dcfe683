"""Strict JSON text: bytes in, plain values out, and the sentence that refuses a value."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, NoReturn

from fer_edge.runtime.errors import FerEdgeError

SHOWN = 60
"""Characters of a value in a message."""


def show(value: object) -> str:
    """A value as a message may carry it: printable, on one line and short.

    A number too long for Python to print is described by its size.
    """
    if isinstance(value, int) and value.bit_length() > 256:
        return f"an integer of {value.bit_length()} bits"
    if isinstance(value, dict | list | tuple):
        return f"{'dict' if isinstance(value, dict) else 'list'} of {len(value)}"
    if hasattr(value, "__dataclass_fields__"):
        return f"an object with {', '.join(value.__dataclass_fields__)}"
    text = ascii(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def find_repeated(values: Iterable[str]) -> str | None:
    """The first value that has come before, in one pass: lists of untrusted files are long."""
    seen: set[str] = set()
    for value in values:
        if value in seen:
            return value
        seen.add(value)
    return None


class Refused(Exception):
    """A value that is not allowed. Each level that it passes on its way out adds its name to the place."""

    def __init__(self, clause: str, place: str = "", *, before: str = "") -> None:
        super().__init__(clause)
        self.before, self.place, self.clause = before, place, clause

    def enter(self, name: str) -> None:
        """Put the place below ``name``."""
        between = "." if self.place and not self.place.startswith("[") else ""
        self.place = f"{name}{between}{self.place}"

    def __str__(self) -> str:
        return f"{self.before}{self.place or 'the document'}{self.clause}"


def refuse(place: str, value: object, allowed: str) -> NoReturn:
    """Refuse one value; ``place`` is relative to the record that is read."""
    raise Refused(f" is {show(value)}; allowed: {allowed}", place)


def encode(text: object, what: str, error: type[FerEdgeError], limit: int) -> bytes:
    """The stored bytes, checked for length and UTF-8.

    Raises:
        FerEdgeError: too long, not UTF-8, not text.
    """
    if isinstance(text, str):
        try:
            data = text.encode("utf-8")
        except UnicodeEncodeError as fault:
            raise error(f"{what}: not UTF-8 text (character {fault.start})") from None
    elif isinstance(text, bytes | bytearray | memoryview):
        data = bytes(text)
    else:
        raise error(f"{what}: {type(text).__name__} came; allowed: str or bytes")
    if len(data) > limit:
        raise error(f"{what}: {len(data)} bytes; allowed: at most {limit}")
    return data


def decode(text: str | bytes, what: str, error: type[FerEdgeError], limit: int = 1 << 20) -> Any:
    """Decode one JSON document: no repeated members, no NaN, no Infinity, nothing after it.

    Args:
        text: as stored.
        what: the document's name in messages, such as ``"contract"``.
        error: the class to raise.
        limit: the most bytes that the document may have.

    Raises:
        FerEdgeError: the text is not strict JSON.
    """
    data = encode(text, what, error, limit)
    try:
        return json.loads(data.decode("utf-8"), object_pairs_hook=_members, parse_constant=_constant)
    except Refused as fault:
        raise error(f"{what}: {fault}") from None
    except UnicodeDecodeError as fault:
        raise error(f"{what}: not UTF-8 text (byte {fault.start})") from None
    except RecursionError:
        raise error(f"{what}: nested too deeply to be one of ours") from None
    except ValueError as fault:
        # Also integers with more digits than Python converts.
        raise error(f"{what}: not JSON: {ascii(str(fault))[1:-1][:200]}") from None


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        refuse("a key that occurs twice", find_repeated(name for name, _ in pairs), "each key once")
    return found


def _constant(name: str) -> NoReturn:
    refuse("a number", name, "finite numbers")
