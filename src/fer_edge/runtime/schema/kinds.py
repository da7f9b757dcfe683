"""One class for each kind of value: how it is read, how it is written, how JSON Schema says it."""

from __future__ import annotations

import base64
import binascii
import enum
import math
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from numbers import Real
from typing import Any

from fer_edge.runtime.closest import closest
from fer_edge.runtime.schema.marks import Length, Pattern, Range, Rule
from fer_edge.runtime.schema.text import SHOWN, Refused, find_repeated, refuse, show

Members = dict[str, Any]
_SURROGATE = re.compile("[\ud800-\udfff]")


class Kind(ABC):
    """A kind of value."""

    @abstractmethod
    def read(self, value: Any) -> Any:
        """The Python value, or :class:`Refused`."""

    def write(self, value: Any) -> Any:
        """The JSON value."""
        return value

    @abstractmethod
    def describe(self) -> Members:
        """JSON Schema; a record is a reference to its definition."""

    def read_all(self, values: list[Any]) -> Sequence[Any]:
        """The same for the entries of a list."""
        return [read_at(self, value, number) for number, value in enumerate(values)]

    def write_all(self, values: Sequence[Any]) -> list[Any]:
        """The same for the entries of a list."""
        return [self.write(value) for value in values]


def read_at(kind: Kind, value: Any, place: str | int) -> Any:
    """The Python value; a refusal names the place, a member or the number of an entry."""
    try:
        return kind.read(value)
    except Refused as fault:
        fault.enter(place if isinstance(place, str) else f"[{place}]")
        raise


class Anything(Kind):
    """Any JSON value; mappings in it are written by name where ``sort`` says so."""

    def __init__(self, sort: bool) -> None:
        self._sort = sort

    def read(self, value: Any) -> Any:
        return value

    def write(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            names = sorted(value) if self._sort else value
            return {name: self.write(value[name]) for name in names}
        return [self.write(entry) for entry in value] if isinstance(value, list | tuple) else value

    def describe(self) -> Members:
        return {}


class Boolean(Kind):
    """``true`` or ``false``."""

    def read(self, value: Any) -> bool:
        if not isinstance(value, bool):
            refuse("", value, "true, false")
        return value

    def describe(self) -> Members:
        return {"type": "boolean"}


class Number(Kind):
    """A finite number."""

    types: tuple[type, ...] = (int, float)
    fast: type = float
    name = "number"

    def __init__(self, bounds: Range, digits: int | None = None) -> None:
        self._bounds, self._digits = bounds, digits
        self.allowed = bounds.words or self._words(bounds)

    def _words(self, bounds: Range) -> str:
        if bounds.least is not None and bounds.most is not None:
            return f"a number from {bounds.least:g} to {bounds.most:g}"
        return "a finite number" + ("" if bounds.least is None else f", {bounds.least:g} or more")

    def convert(self, value: Any) -> Any:
        """As the field's type; an OverflowError where it has no such value."""
        return float(value)

    def read(self, value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, self.types):
            refuse("", value, self.allowed)
        try:
            found = self.convert(value)
        except OverflowError:
            refuse("", value, self.allowed)
        if not math.isfinite(found) or not self._bounds.holds(found):
            refuse("", value, self.allowed)
        return found

    def read_all(self, values: list[Any]) -> Sequence[Any]:
        # Millions of them: each by itself is looked at only where not all are plainly right.
        if values and set(map(type, values)) == {self.fast}:
            ends = min(values), max(values)
            if all(self._bounds.holds(end) and math.isfinite(end) for end in ends):
                return values
        return super().read_all(values)

    def write(self, value: Any) -> Any:
        # 0 and 0.0 are the same number and must give the same bytes; so are NumPy's.
        plain = type(value) is float or isinstance(value, bool) or not isinstance(value, Real)
        found = value if plain else float(value)
        return found if self._digits is None else round(found, self._digits)

    def write_all(self, values: Sequence[Any]) -> list[Any]:
        digits = self._digits
        if digits is not None and set(map(type, values)) == {float}:
            return [round(value, digits) for value in values]
        return super().write_all(values)

    def describe(self) -> Members:
        bounds = {
            "minimum": self._bounds.least,
            "maximum": self._bounds.most,
            "exclusiveMinimum": self._bounds.above,
            "exclusiveMaximum": self._bounds.below,
        }
        return {"type": self.name} | {name: bound for name, bound in bounds.items() if bound is not None}


class Integer(Number):
    """A whole number written as one; ``true`` and ``1.0`` are none."""

    types = (int,)
    fast = int
    name = "integer"

    def _words(self, bounds: Range) -> str:
        if bounds.least is None or bounds.most is None:
            raise TypeError("an integer needs Range(least, most)")
        return f"an integer from {bounds.least} to {bounds.most}"

    def convert(self, value: Any) -> Any:
        return value

    def read(self, value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, int) or not self._bounds.holds(value):
            refuse("", value, self.allowed)
        return value

    def write(self, value: Any) -> Any:
        return value


class Text(Kind):
    """Text without lone surrogates."""

    def __init__(self, length: Length, tests: Sequence[Pattern | Rule]) -> None:
        self._length, self._tests = length, tests

    def read(self, value: Any) -> str:
        least, most = self._length.least, self._length.most
        pattern = next((test for test in self._tests if isinstance(test, Pattern)), None)
        if not isinstance(value, str) or not least <= len(value) <= most:
            words = f"a {'non-empty ' if least else ''}string of at most {most} characters"
            refuse("", value, pattern.words if pattern else words)
        if not value.isascii() and _SURROGATE.search(value):
            refuse("", value, "text without lone surrogates")
        for test in self._tests:
            if not test.holds(value):
                refuse("", value, test.words)
        return value

    def describe(self) -> Members:
        found: Members = {"type": "string"}
        for test in self._tests:
            if isinstance(test, Pattern):
                return {**found, "pattern": f"^(?:{test.expression})$"}
        words = "; ".join(test.words for test in self._tests)
        found |= {"minLength": self._length.least} if self._length.least else {}
        found["maxLength"] = self._length.most
        return found | ({"$comment": words} if words else {})


class Base64(Kind):
    """Bytes as base64 text."""

    def read(self, value: Any) -> bytes:
        if not isinstance(value, str):
            refuse("", value, "base64 text")
        try:
            return base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            refuse("", value, "base64 text")

    def write(self, value: Any) -> Any:
        return base64.b64encode(value).decode()

    def describe(self) -> Members:
        return {"type": "string", "contentEncoding": "base64"}


class OneOf(Kind):
    """One of some words or integers; members of an enumeration are told by their values."""

    def __init__(self, words: Sequence[Any], members: type[enum.Enum] | None = None) -> None:
        self.words, self._members = words, members

    def read(self, value: Any) -> Any:
        if not any(type(value) is type(word) and value == word for word in self.words):
            texts = [str(word) for word in self.words]
            near = closest(value, texts) if isinstance(value, str) and len(value) <= SHOWN else None
            refuse("", value, ", ".join(texts) + (f" (did you mean {near}?)" if near else ""))
        return self._members(value) if self._members else value

    def write(self, value: Any) -> Any:
        return value.value if isinstance(value, enum.Enum) else value

    def describe(self) -> Members:
        return {"const": self.words[0]} if len(self.words) == 1 else {"enum": list(self.words)}


class Listing(Kind):
    """A list of entries of one kind."""

    def __init__(self, entry: Kind, length: Length, unique: str | None) -> None:
        self._entry, self._length, self._unique = entry, length, unique

    def read(self, value: Any) -> tuple[Any, ...]:
        least, most = self._length.least, self._length.most
        if not isinstance(value, list) or not least <= len(value) <= most:
            refuse("", value, f"a list of {least}" + (f" to {most}" if most > least else ""))
        found = self._entry.read_all(value)
        if self._unique:
            twice = find_repeated(found)
            if twice is not None:
                refuse("", twice, f"each {self._unique} once")
        return tuple(found)

    def write(self, value: Any) -> Any:
        return self._entry.write_all(value)

    def describe(self) -> Members:
        found: Members = {"type": "array", "items": self._entry.describe()}
        found |= {"minItems": self._length.least} if self._length.least else {}
        found["maxItems"] = self._length.most
        return found | ({"uniqueItems": True} if self._unique else {})


class Fixed(Kind):
    """A list of so many values, each of its own kind; ``make`` puts them together and ``take`` apart."""

    def __init__(
        self,
        entries: Sequence[Kind],
        make: Callable[[Sequence[Any]], Any],
        take: Callable[[Any], Sequence[Any]],
    ) -> None:
        self._entries, self._make, self._take = entries, make, take

    def read(self, value: Any) -> Any:
        if not isinstance(value, list) or len(value) != len(self._entries):
            refuse("", value, f"a list of {len(self._entries)}")
        return self._make([read_at(kind, value[at], at) for at, kind in enumerate(self._entries)])

    def write(self, value: Any) -> Any:
        return [kind.write(one) for kind, one in zip(self._entries, self._take(value), strict=True)]

    def describe(self) -> Members:
        count = len(self._entries)
        entries = [kind.describe() for kind in self._entries]
        return {"type": "array", "prefixItems": entries, "minItems": count, "maxItems": count}


class Table(Kind):
    """An object with names of its own choice."""

    def __init__(self, name: Kind, value: Kind, sort: bool) -> None:
        self._name, self._value, self._sort = name, value, sort

    def read(self, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            refuse("", value, "an object")
        found = {}
        for name, entry in value.items():
            self._check_name(name)
            found[name] = read_at(self._value, entry, f"[{show(name)}]")
        return found

    def _check_name(self, name: str) -> None:
        try:
            self._name.read(name)
        except Refused as fault:
            fault.before = "a name in "
            raise

    def write(self, value: Any) -> Any:
        return {name: self._value.write(value[name]) for name in (sorted(value) if self._sort else value)}

    def describe(self) -> Members:
        names, values = self._name.describe(), self._value.describe()
        found: Members = {"type": "object", "propertyNames": names}
        return found | ({"additionalProperties": values} if values else {})


class Nullable(Kind):
    """Null, or a value of another kind."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        if isinstance(kind, Number):
            kind.allowed = f"null or {kind.allowed}"

    def read(self, value: Any) -> Any:
        return None if value is None else self._kind.read(value)

    def write(self, value: Any) -> Any:
        return None if value is None else self._kind.write(value)

    def describe(self) -> Members:
        return {"anyOf": [self._kind.describe(), {"type": "null"}]}
