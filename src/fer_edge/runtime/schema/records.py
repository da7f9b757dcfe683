"""Records: from a dataclass's annotations to kinds, and the kind that is a record itself."""

from __future__ import annotations

import enum
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from typing import Annotated, Any, Literal, NamedTuple, Union

from fer_edge.runtime.closest import closest
from fer_edge.runtime.schema.kinds import (
    Anything,
    Base64,
    Boolean,
    Fixed,
    Integer,
    Kind,
    Listing,
    Members,
    Nullable,
    Number,
    OneOf,
    Table,
    Text,
    read_at,
)
from fer_edge.runtime.schema.marks import (
    Choice,
    Length,
    Mark,
    Pattern,
    Range,
    Rounded,
    Rule,
    Since,
    Tag,
    Unique,
)
from fer_edge.runtime.schema.text import SHOWN, Refused, refuse, show

Marks = Sequence[Any]
TEXT, LIST = Length(1, 1000), Length(0, 100_000)
"""Lengths where none is given."""


class Member(NamedTuple):
    """One field of a record as the document has it."""

    name: str
    kind: Kind
    meaning: str
    optional: bool
    omitted: bool
    default: Any


class Record(Kind):
    """An object with the members that a dataclass declares."""

    def __init__(self, record: type[Any], members: Sequence[Member], ordered: bool, lenient: bool) -> None:
        self._record, self._ordered, self._lenient = record, ordered, lenient
        self.members = {member.name: member for member in members}
        # A member of one allowed word tells which document this is: it is looked at before all others.
        self.tags = {
            name: one.kind
            for name, one in self.members.items()
            if isinstance(one.kind, OneOf) and len(one.kind.words) == 1
        }
        self._check = getattr(record, "check", None)

    def read(self, value: Any) -> Any:
        if not isinstance(value, dict):
            refuse("", value, f"an object with {', '.join(self.members)}")
        for name in self.tags.keys() & value.keys():
            read_at(self.tags[name], value[name], name)
        if list(value) != list(self.members):
            self._compare_names(value)
        record = self._record(
            **{
                name: read_at(one.kind, value[name], name)
                for name, one in self.members.items()
                if name in value
            }
        )
        if self._check:
            self._check(record)
        return record

    def _compare_names(self, value: Members) -> None:
        names = list(self.members)
        for name in value:
            if name not in self.members and not self._lenient:
                near = closest(name, names) if len(name) <= SHOWN else None
                meant = f" (did you mean {near}?)" if near else ""
                raise Refused(
                    f"{meant} is {show(name)}; allowed: {', '.join(names)}", before="unknown key in "
                )
        missing = [name for name, one in self.members.items() if name not in value and not one.optional]
        if missing:
            raise Refused(f" lacks {', '.join(missing)}; needed: {', '.join(names)}")
        if self._ordered and list(value) != [name for name in names if name in value]:
            came = show(", ".join(value))
            raise Refused(f" is {came}; allowed: {', '.join(names)}", before="order of members in ")

    def write(self, value: Any) -> Any:
        found = {}
        for name, member in self.members.items():
            one = getattr(value, name)
            if not (member.omitted and one == member.default):
                found[name] = member.kind.write(one)
        return found

    def describe(self) -> Members:
        return {"$ref": f"#/$defs/{self._record.__name__}"}

    def definition(self) -> Members:
        """The schema that :meth:`describe` refers to."""
        text = (self._record.__doc__ or "").partition("\n")[0].replace("``", "")
        rules = " ".join((getattr(self._check, "__doc__", None) or "").split())
        properties = {
            name: one.kind.describe() | ({"description": one.meaning} if one.meaning else {})
            for name, one in self.members.items()
        }
        found: Members = {"description": text, "type": "object", "properties": properties}
        found |= {"$comment": rules} if rules else {}
        found["required"] = [name for name, one in self.members.items() if not one.optional]
        return found if self._lenient else {**found, "additionalProperties": False}


class Alternatives(Kind):
    """One of several records: told by a field of one allowed word, else by the members."""

    def __init__(self, records: Sequence[Record], classes: Sequence[type[Any]]) -> None:
        self._records, self._classes = records, classes

    def read(self, value: Any) -> Any:
        if not isinstance(value, dict):
            forms = " or ".join(", ".join(record.members) for record in self._records)
            refuse("", value, f"an object with {forms}")
        tags = [tag for tag in self._records[0].tags if tag in value]
        if tags:
            return self._tagged(tags[0], value).read(value)
        return max(self._records, key=lambda record: len(record.members.keys() & value.keys())).read(value)

    def _tagged(self, tag: str, value: Members) -> Record:
        words = [record.tags[tag].words[0] for record in self._records]
        return self._records[words.index(read_at(OneOf(words), value[tag], tag))]

    def write(self, value: Any) -> Any:
        return self._records[self._classes.index(type(value))].write(value)

    def describe(self) -> Members:
        return {"oneOf": [record.describe() for record in self._records]}


class Builder:
    """Makes kinds from annotations; a record is made once.

    Args:
        ordered: the order of members counts.
        lenient: unknown members are passed over.
        version: of the document; fields of later ones are no members.
    """

    def __init__(self, *, ordered: bool, lenient: bool, version: int) -> None:
        self._ordered, self._lenient, self._version = ordered, lenient, version
        self.records: dict[type[Any], Record] = {}

    def record(self, record: type[Any]) -> Record:
        """The kind of a dataclass."""
        if record not in self.records:
            hints = typing.get_type_hints(record, include_extras=True)
            members = [self._member(one, *_split(hints[one.name])) for one in fields(record)]
            stored = [member for member in members if member is not None]
            self.records[record] = Record(record, stored, self._ordered, self._lenient)
        return self.records[record]

    def _member(self, one: Any, hint: Any, marks: Marks) -> Member | None:
        since = _find(marks, Since, Since(1))
        if Mark.UNSTORED in marks or since.version > self._version:
            return None
        omitted = Mark.OMITTED in marks
        default = one.default if one.default_factory is MISSING else one.default_factory()
        meaning = "; ".join(mark for mark in marks if isinstance(mark, str))
        return Member(
            one.name, self.kind(hint, marks), meaning, omitted or Mark.OPTIONAL in marks, omitted, default
        )

    def kind(self, hint: Any, marks: Marks = ()) -> Kind:
        """The kind of an annotation.

        Raises:
            TypeError: a type that no document holds.
        """
        inner, more = _split(hint)
        if inner is not hint:
            return self.kind(inner, (*more, *marks))
        origin, arguments = typing.get_origin(hint), typing.get_args(hint)
        if origin is not None:
            return self._composite(origin, arguments, marks)
        if isinstance(hint, type) and is_dataclass(hint):
            return self._as_array(hint) if Mark.AS_ARRAY in marks else self.record(hint)
        tag = _find(marks, Tag, None)
        return OneOf([f"{tag.kind}/{self._version}"]) if tag else _scalar(hint, marks)

    def _composite(self, origin: Any, arguments: Sequence[Any], marks: Marks) -> Kind:
        if origin in (Union, types.UnionType):
            return self._union(arguments, marks)
        if origin is Literal:
            return OneOf(arguments)
        if origin is tuple:
            return self._tuple(arguments, marks)
        if not issubclass(origin, Mapping):
            raise TypeError(f"{origin} is no type of a document's field")
        name, value = arguments
        inside = [mark for mark in marks if mark is Mark.SORTED]
        return Table(self.kind(name), self.kind(value, inside), Mark.SORTED in marks)

    def _union(self, arguments: Sequence[Any], marks: Marks) -> Kind:
        rest = [argument for argument in arguments if argument is not type(None)]
        if len(rest) < len(arguments):
            return Nullable(self._union(rest, marks))
        if len(rest) == 1:
            return self.kind(rest[0], marks)
        return Alternatives([self.record(one) for one in rest], rest)

    def _tuple(self, arguments: Sequence[Any], marks: Marks) -> Kind:
        if len(arguments) != 2 or arguments[1] is not Ellipsis:
            return Fixed([self.kind(argument) for argument in arguments], tuple, tuple)
        unique = _find(marks, Unique, None)
        length = _find(marks, Length, LIST)
        return Listing(self.kind(arguments[0]), length, unique.name if unique else None)

    def _as_array(self, record: type[Any]) -> Kind:
        members = self.record(record).members
        return Fixed(
            [one.kind for one in members.values()],
            make=lambda values: record(*values),
            take=lambda value: [getattr(value, name) for name in members],
        )


def _scalar(hint: Any, marks: Marks) -> Kind:
    choice = _find(marks, Choice, None)
    if choice:
        return OneOf(choice.words)
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return OneOf([one.value for one in hint], hint)
    if hint is str:
        tests = [mark for mark in marks if isinstance(mark, Pattern | Rule)]
        return Text(_find(marks, Length, TEXT), tests)
    rounded = _find(marks, Rounded, None)
    numbers = {float: Number, int: Integer}
    if hint in numbers:
        return numbers[hint](_find(marks, Range, Range()), rounded.digits if rounded else None)
    if hint is Any:
        return Anything(Mark.SORTED in marks)
    simple: dict[Any, type[Kind]] = {bool: Boolean, bytes: Base64}
    if hint not in simple:
        raise TypeError(f"{hint} is no type of a document's field")
    return simple[hint]()


def _split(hint: Any) -> tuple[Any, Marks]:
    """An annotation and its marks."""
    if typing.get_origin(hint) is not Annotated:
        return hint, ()
    return typing.get_args(hint)[0], hint.__metadata__


def _find(marks: Marks, wanted: type[Any], default: Any) -> Any:
    return next((mark for mark in marks if isinstance(mark, wanted)), default)
