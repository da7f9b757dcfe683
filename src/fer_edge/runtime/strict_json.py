"""JSON from strangers: read strictly, and every complaint names the key, the value and what is allowed."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn

from fer_edge.runtime.closest import closest
from fer_edge.runtime.errors import FerEdgeError

_SHOWN = 60


def shown(value: object) -> str:
    """A value as a message may carry it: printable, on one line and short.

    A number too long for Python to print is described by its size.
    """
    if isinstance(value, int) and value.bit_length() > 256:
        return f"an integer of {value.bit_length()} bits"
    text = ascii(value) if not isinstance(value, dict | list) else f"{type(value).__name__} of {len(value)}"
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def repeated(values: Iterable[str]) -> str | None:
    """The first value that has come before, in one pass: strangers' lists are long."""
    seen: set[str] = set()
    for value in values:
        if value in seen:
            return value
        seen.add(value)
    return None


class StrictJson:
    """Reads one document; all faults are raised as one class of error.

    Args:
        what: the document's name in messages, such as ``"contract"``.
        error: the class to raise.
        limit: the most bytes that the document may have.
    """

    def __init__(self, what: str, error: type[FerEdgeError], limit: int = 1 << 20) -> None:
        self.what = what
        self.error = error
        self.limit = limit

    def fail(self, key: str, value: object, allowed: str) -> NoReturn:
        """Refuse one value."""
        raise self.error(f"{self.what}: {key} is {shown(value)}; allowed: {allowed}")

    def encode(self, text: str | bytes) -> bytes:
        """The stored bytes, checked for length and UTF-8.

        Raises:
            FerEdgeError: too long, not UTF-8, not text.
        """
        if isinstance(text, str):
            try:
                data = text.encode("utf-8")
            except UnicodeEncodeError as error:
                raise self.error(f"{self.what}: not UTF-8 text (character {error.start})") from None
        elif isinstance(text, bytes | bytearray | memoryview):
            data = bytes(text)
        else:
            raise self.error(f"{self.what}: {type(text).__name__} came; allowed: str or bytes")
        if len(data) > self.limit:
            raise self.error(f"{self.what}: {len(data)} bytes; allowed: at most {self.limit}")
        try:
            data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise self.error(f"{self.what}: not UTF-8 text (byte {error.start})") from None
        return data

    def load(self, text: str | bytes) -> Any:
        """Decode one JSON document: no duplicate keys, no NaN, no Infinity, nothing after it.

        Raises:
            FerEdgeError: the text is not strict JSON.
        """
        data = self.encode(text)
        try:
            return json.loads(
                data.decode("utf-8"), object_pairs_hook=self._unique, parse_constant=self._constant
            )
        except RecursionError:
            raise self.error(f"{self.what}: nested too deeply to be one of ours") from None
        except ValueError as error:
            # Also integers with more digits than Python converts.
            raise self.error(f"{self.what}: not JSON: {ascii(str(error))[1:-1][:200]}") from None

    def _unique(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        twice = repeated(name for name, _ in pairs)
        if twice is not None:
            self.fail("a key that occurs twice", twice, "each key once")
        return dict(pairs)

    def _constant(self, name: str) -> NoReturn:
        self.fail("a number", name, "finite numbers")

    def members(
        self,
        value: object,
        key: str,
        names: Sequence[str],
        *,
        optional: Iterable[str] = (),
        ordered: bool = False,
    ) -> dict[str, Any]:
        """An object that has exactly these members.

        Args:
            value: what came.
            key: where it stands, empty for the document itself.
            names: the allowed members.
            optional: those of them that may be missing.
            ordered: whether their order counts.
        """
        place = key or "the document"
        if not isinstance(value, dict):
            self.fail(place, value, f"an object with {', '.join(names)}")
        for name in value:
            if name not in names:
                near = closest(name, names) if len(name) <= _SHOWN else None
                meant = f" (did you mean {near}?)" if near else ""
                self.fail(f"unknown key in {place}{meant}", name, ", ".join(names))
        missing = [name for name in names if name not in value and name not in set(optional)]
        if missing:
            raise self.error(f"{self.what}: {place} lacks {', '.join(missing)}; needed: {', '.join(names)}")
        if ordered and list(value) != [name for name in names if name in value]:
            self.fail(f"order of members in {place}", ", ".join(value), ", ".join(names))
        return value

    def array(self, value: object, key: str, *, least: int = 0, most: int = 100_000) -> list[Any]:
        """A list with ``least`` to ``most`` entries."""
        if not isinstance(value, list) or not least <= len(value) <= most:
            self.fail(key, value, f"a list of {least} to {most}")
        return value

    def string(self, value: object, key: str, *, most: int = 1000, empty: bool = False) -> str:
        """Text without lone surrogates, of at most ``most`` characters."""
        if not isinstance(value, str) or len(value) > most or not (value or empty):
            self.fail(key, value, f"a {'' if empty else 'non-empty '}string of at most {most} characters")
        if any("\ud800" <= character <= "\udfff" for character in value):
            self.fail(key, value, "text without lone surrogates")
        return value

    def choice(self, value: object, key: str, allowed: Sequence[str]) -> str:
        """One of the words."""
        if not isinstance(value, str) or value not in allowed:
            near = closest(value, allowed) if isinstance(value, str) and len(value) <= _SHOWN else None
            self.fail(key, value, ", ".join(allowed) + (f" (did you mean {near}?)" if near else ""))
        return value

    def boolean(self, value: object, key: str) -> bool:
        """``true`` or ``false``."""
        if not isinstance(value, bool):
            self.fail(key, value, "true, false")
        return value

    def integer(self, value: object, key: str, least: int, most: int) -> int:
        """A whole number written as one; ``true`` is none."""
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            self.fail(key, value, f"an integer from {least} to {most}")
        return value

    def number(
        self,
        value: object,
        key: str,
        allowed: str = "a finite number",
        test: Callable[[float], bool] | None = None,
    ) -> float:
        """A finite number that passes ``test``; ``allowed`` says in words what that is."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.fail(key, value, allowed)
        try:
            found = float(value)
        except OverflowError:
            self.fail(key, value, allowed)
        if not math.isfinite(found) or (test is not None and not test(found)):
            self.fail(key, value, allowed)
        return found

    def sha256(self, value: object, key: str) -> str:
        """64 lower-case hexadecimal digits."""
        if not isinstance(value, str) or len(value) != 64 or not set(value) <= set("0123456789abcdef"):
            self.fail(key, value, "a SHA-256 of 64 lower-case hexadecimal digits")
        return value
