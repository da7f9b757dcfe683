import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_edge.runtime.errors import DataError
from fer_edge.runtime.schema import (
    AS_ARRAY,
    OMITTED,
    OPTIONAL,
    SORTED,
    UNSTORED,
    Choice,
    Document,
    Length,
    Range,
    Rounded,
    Rule,
    Sha256,
    Since,
    Unique,
    refuse,
)


class Color(StrEnum):
    RED = "red"
    GREEN = "green"


@dataclass(frozen=True)
class Block:
    turn: Annotated[int, Range(0, 9)]
    begin: Annotated[float, Range(0), Rounded(3)]


@dataclass(frozen=True)
class Circle:
    kind: Literal["circle"]
    radius: Annotated[float, Range(above=0, below=10)]


@dataclass(frozen=True)
class Square:
    kind: Literal["square"]
    side: Annotated[int, Range(1, 1 << 62)]


@dataclass(frozen=True)
class Good:
    value: float


@dataclass(frozen=True)
class Bad:
    error: Annotated[str, Choice("size", "stride")]


@dataclass(frozen=True)
class Everything:
    """One field of each kind."""

    schema: Annotated[str, Choice("everything/1")]
    name: Annotated[str, Length(1, 20), Rule(str.islower, "lower-case letters")]
    flag: bool
    count: Annotated[int, Range(0, 100), "how many"]
    share: Annotated[float, Range(0, 1)]
    color: Color
    digest: Sha256
    data: bytes
    shape: Circle | Square
    outcome: Good | Bad
    pair: tuple[float, float]
    tags: Annotated[tuple[str, ...], Length(0, 3), Unique("tag")]
    samples: Annotated[tuple[Annotated[float, Range(0, 1e9), Rounded(9)], ...], Length(1, 5)]
    blocks: tuple[Annotated[Block, AS_ARRAY], ...]
    table: Annotated[Mapping[str, Annotated[int, Range(0, 9)]], SORTED]
    loose: Annotated[Mapping[str, Any], SORTED]
    maybe: Annotated[float | None, Range(-1, 1)]
    mode: Annotated[str, OPTIONAL] = "host"
    more: Annotated[Mapping[str, Any], OMITTED] = field(default_factory=dict)
    later: Annotated[int, Range(0, 9), Since(2)] = 7
    note: Annotated[str, UNSTORED] = ""

    def check(self):
        """No more blocks than the count."""
        if len(self.blocks) > self.count:
            refuse("blocks", self.blocks, f"at most {self.count}")


DOCUMENT = Document(Everything, "everything", DataError, limit=5000)
LATER = Document(Everything, "everything", DataError, version=2)

MEMBERS = {
    "schema": "everything/1",
    "name": "abc",
    "flag": True,
    "count": 3,
    "share": 0.25,
    "color": "green",
    "digest": "0f" * 32,
    "data": "AAH/",
    "shape": {"kind": "circle", "radius": 1.5},
    "outcome": {"value": 2.0},
    "pair": [1.0, 2.5],
    "tags": ["a", "b"],
    "samples": [0.1, 0.2],
    "blocks": [[0, 0.5], [1, 1.25]],
    "table": {"a": 1, "b": 2},
    "loose": {"x": {"y": 1, "z": [1, None]}},
    "maybe": None,
    "mode": "device",
}


def changed(**members):
    return json.dumps({**MEMBERS, **members})


def test_every_kind_is_read():
    found = DOCUMENT.read(json.dumps(MEMBERS))
    assert found == Everything(
        "everything/1", "abc", True, 3, 0.25, Color.GREEN, "0f" * 32, b"\x00\x01\xff", Circle("circle", 1.5),
        Good(2.0), (1.0, 2.5), ("a", "b"), (0.1, 0.2), (Block(0, 0.5), Block(1, 1.25)), {"a": 1, "b": 2},
        {"x": {"y": 1, "z": [1, None]}}, None, "device",
    )  # fmt: skip
    assert found.color is Color.GREEN


def test_what_is_read_is_written_again():
    text = json.dumps(MEMBERS, separators=(",", ":"))
    assert DOCUMENT.write(DOCUMENT.read(text)) == text
    assert DOCUMENT.members(DOCUMENT.read(text)) == MEMBERS


def test_alternatives_are_told_by_their_members():
    found = DOCUMENT.read(changed(shape={"kind": "square", "side": 2}, outcome={"error": "size"}))
    assert (found.shape, found.outcome) == (Square("square", 2), Bad("size"))


def test_whole_numbers_are_floats_where_floats_are_declared():
    found = DOCUMENT.read(changed(share=1, samples=[0, 1.5]))
    assert (type(found.share), found.samples) == (float, (0.0, 1.5))
    assert all(type(sample) is float for sample in found.samples)
    assert '"share":1.0' in DOCUMENT.write(found)


def test_the_writer_sorts_and_rounds():
    found = DOCUMENT.read(
        changed(table={"b": 1, "a": 2}, loose={"b": {"d": 1, "c": 2}, "a": 0}, samples=[0.12345678949])
    )
    text = DOCUMENT.write(found)
    assert '"table":{"a":2,"b":1},"loose":{"a":0,"b":{"c":2,"d":1}}' in text
    assert '"samples":[0.123456789]' in text


def test_optional_and_omitted_members():
    less = {name: value for name, value in MEMBERS.items() if name != "mode"}
    found = DOCUMENT.read(json.dumps(less))
    assert (found.mode, found.more) == ("host", {})
    assert list(DOCUMENT.members(found))[-1] == "mode"
    assert DOCUMENT.members(DOCUMENT.read(changed(more={"a": 1})))["more"] == {"a": 1}


def test_members_of_later_versions():
    found = DOCUMENT.read(json.dumps(MEMBERS))
    assert found.later == 7
    with pytest.raises(DataError, match="unknown key in the document is 'later'"):
        DOCUMENT.read(changed(later=1))
    assert LATER.read(changed(later=1)).later == 1
    assert LATER.members(found)["later"] == 7
    with pytest.raises(DataError, match="lacks later"):
        LATER.read(json.dumps(MEMBERS))


REFUSED = {
    "another schema": (
        changed(schema="everything/2", more=1),
        "schema is 'everything/2'; allowed: everything/1 (did you mean everything/1?)",
    ),
    "empty name": (changed(name=""), "name is ''; allowed: a non-empty string of at most 20 characters"),
    "long name": (changed(name="a" * 90), f"name is '{'a' * 59}...; allowed: a non-empty string"),
    "capitals": (changed(name="ABC"), "name is 'ABC'; allowed: lower-case letters"),
    "flag 1": (changed(flag=1), "flag is 1; allowed: true, false"),
    "count true": (changed(count=True), "count is True; allowed: an integer from 0 to 100"),
    "count 1.0": (changed(count=1.0), "count is 1.0; allowed: an integer from 0 to 100"),
    "count of 400 digits": (changed(count=10**400), "count is an integer of 1329 bits"),
    "share": (changed(share=1.5), "share is 1.5; allowed: a number from 0 to 1"),
    "share text": (changed(share="1"), "share is '1'"),
    "share of 400 digits": (changed(share=10**400), "share is an integer of 1329 bits"),
    "color": (changed(color="gren"), "color is 'gren'; allowed: red, green (did you mean green?)"),
    "digest": (changed(digest="0F" * 32), "allowed: a SHA-256 of 64 lower-case hexadecimal digits"),
    "digest and a line break": (changed(digest="0f" * 32 + "\n"), "allowed: a SHA-256 of 64"),
    "data": (changed(data="***"), "data is '***'; allowed: base64 text"),
    "kind": (changed(shape={"kind": "oval"}), "shape.kind is 'oval'; allowed: circle, square"),
    "shape a list": (
        changed(shape=[]),
        "shape is list of 0; allowed: an object with kind, radius or kind, side",
    ),
    "radius": (
        changed(shape={"kind": "circle", "radius": 10}),
        "shape.radius is 10; allowed: a finite number",
    ),
    "side": (changed(shape={"kind": "square", "side": 0}), "shape.side is 0"),
    "member of another alternative": (
        changed(shape={"kind": "square", "radius": 1}),
        "unknown key in shape is 'radius'; allowed: kind, side",
    ),
    "outcome": (changed(outcome={"error": "box"}), "outcome.error is 'box'; allowed: size, stride"),
    "three in a pair": (changed(pair=[1, 2, 3]), "pair is list of 3; allowed: a list of 2"),
    "second of a pair": (changed(pair=[1, "2"]), "pair[1] is '2'"),
    "tag twice": (changed(tags=["a", "a"]), "tags is 'a'; allowed: each tag once"),
    "four tags": (changed(tags=["a", "b", "c", "d"]), "tags is list of 4; allowed: a list of 0 to 3"),
    "no samples": (changed(samples=[]), "samples is list of 0; allowed: a list of 1 to 5"),
    "negative sample": (
        changed(samples=[0.5, -0.5]),
        "samples[1] is -0.5; allowed: a number from 0 to 1e+09",
    ),
    "sample true": (changed(samples=[0.5, True]), "samples[1] is True"),
    "block": (changed(blocks=[[0, 1.0], [10, 2.0]]), "blocks[1][0] is 10; allowed: an integer from 0 to 9"),
    "block too short": (changed(blocks=[[0]]), "blocks[0] is list of 1; allowed: a list of 2"),
    "table": (changed(table={"a": 10}), "table['a'] is 10"),
    "table name": (changed(table={"": 1}), "a name in table is ''"),
    "null": (changed(count=None), "count is None"),
    "maybe": (changed(maybe=2), "maybe is 2; allowed: null or a number from -1 to 1"),
    "unknown key": (changed(shar=1), "unknown key in the document (did you mean share?) is 'shar'"),
    "check": (changed(count=1), "blocks is list of 2; allowed: at most 1"),
    "unstored": (changed(note="x"), "unknown key in the document"),
    "a list": ("[]", "the document is list of 0; allowed: an object with schema, name"),
    "missing": ('{"schema":"everything/1"}', "the document lacks name, flag, count"),
    "lone surrogate": (changed(name="\ud800"), "allowed: text without lone surrogates"),
    "repeated key": (
        '{"schema":1,"schema":1}',
        "a key that occurs twice is 'schema'; allowed: each key once",
    ),
    "NaN": (changed(share=float("nan")), "a number is 'NaN'; allowed: finite numbers"),
    "infinity by exponent": (changed(share=0).replace('"share": 0', '"share": 1e999'), "share is inf"),
    "infinite sample": (changed(samples=[0]).replace("[0]", "[0.5, 1e999]"), "samples[1] is inf"),
    "too long": (" " * 5001, "5001 bytes; allowed: at most 5000"),
    "deep": ("[" * 4000, "nested too deeply"),
    "no text": (b"\xff", "not UTF-8 text (byte 0)"),
    "number as document": (12, "int came; allowed: str or bytes"),
    "cut": ('{"schema"', "not JSON: Expecting ':' delimiter"),
}


@pytest.mark.parametrize("name", REFUSED, ids=lambda name: name.replace(" ", "-"))
def test_refused_with_place_value_and_what_is_allowed(name):
    text, message = REFUSED[name]
    with pytest.raises(DataError) as caught:
        DOCUMENT.read(text)
    assert str(caught.value).startswith("everything: ")
    assert message in str(caught.value)
    assert str(caught.value).isprintable()


def test_order_counts_where_the_document_says_so():
    strict = Document(Block, "block", DataError, ordered=True)
    assert strict.read('{"turn":1,"begin":2}') == Block(1, 2.0)
    with pytest.raises(
        DataError, match=r"order of members in the document is 'begin, turn'; allowed: turn, begin"
    ):
        strict.read('{"begin":2,"turn":1}')


def test_unknown_members_are_passed_over_where_the_document_says_so():
    lenient = Document(Block, "block", DataError, lenient=True)
    assert lenient.read('{"turn":1,"more":3,"begin":2}') == Block(1, 2.0)


def test_what_json_cannot_hold_is_not_written():
    with pytest.raises(DataError, match="block: a value cannot be stored as JSON"):
        Document(Block, "block", DataError).write(Block(1, float("nan")))


@pytest.mark.parametrize(
    ("layout", "text"),
    [
        ("compact", '{"turn":1,"begin":2.0}'),
        ("line", '{"turn":1,"begin":2.0}\n'),
        ("spaced", '{"turn": 1, "begin": 2.0}\n'),
        ("indented", '{\n "turn": 1,\n "begin": 2.0\n}\n'),
    ],
)
def test_layouts(layout, text):
    assert Document(Block, "block", DataError, layout=layout).write(Block(1, 2.0)) == text


def test_a_type_that_no_document_holds():
    @dataclass
    class Wrong:
        value: complex

    with pytest.raises(TypeError, match="no type of a document's field"):
        Document(Wrong, "wrong", DataError).read("{}")


@given(st.binary(max_size=100))
def test_any_bytes_are_refused(data):
    with pytest.raises(DataError):
        DOCUMENT.read(data)


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(sorted(MEMBERS)), ANY)
def test_any_value_is_read_or_refused_in_one_printable_sentence(name, value):
    sentence, text = "", changed(**{name: value})
    try:
        assert DOCUMENT.read(DOCUMENT.write(DOCUMENT.read(text))) == DOCUMENT.read(text)
    except DataError as error:
        sentence = str(error)
    assert sentence.isprintable()


def test_json_schema_says_the_same():
    schema = DOCUMENT.json_schema("urn:test")
    properties = schema["properties"]
    assert properties["count"] == {"type": "integer", "minimum": 0, "maximum": 100, "description": "how many"}
    assert properties["shape"] == {"oneOf": [{"$ref": "#/$defs/Circle"}, {"$ref": "#/$defs/Square"}]}
    assert properties["maybe"] == {
        "anyOf": [{"type": "number", "minimum": -1, "maximum": 1}, {"type": "null"}]
    }
    assert properties["blocks"]["items"]["prefixItems"][0] == {"type": "integer", "minimum": 0, "maximum": 9}
    assert schema["$defs"]["Circle"]["properties"]["radius"] == {
        "type": "number",
        "exclusiveMinimum": 0,
        "exclusiveMaximum": 10,
    }
    assert "mode" not in schema["required"]
    assert "later" not in properties
    assert schema["$comment"] == "No more blocks than the count."
    assert (schema["additionalProperties"], schema["description"]) == (False, "One field of each kind.")
