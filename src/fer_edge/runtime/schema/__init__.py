"""Documents declared once: a frozen dataclass says what a JSON document holds, and everything else comes from it.

Each field states its type, its bounds and its meaning, in one place::

    @dataclass(frozen=True, slots=True)
    class Accuracy:
        \"\"\"Original and artifact on labeled images.\"\"\"

        source: Annotated[str, "which images"]
        samples: Annotated[int, Range(0, 1 << 40), "how many"]
        reference: Annotated[float, Range(0, 1), "the original's share of right answers"]
        interval: Annotated[tuple[float, float] | None, "of the drop, low and high"]
        tools: Annotated[Mapping[str, str], SORTED, "versions by name"]
        extra: Annotated[Mapping[str, Any], "whatever else"] = field(default_factory=dict)

        def check(self) -> None:
            \"\"\"A drop needs samples.\"\"\"
            if self.interval and not self.samples:
                refuse("samples", self.samples, "1 or more where there is an interval")

    DOCUMENT = Document(Accuracy, "accuracy", DataError, limit=1 << 20)

    found = DOCUMENT.read(text)        # Accuracy, or DataError: "accuracy: samples is -1; allowed: an integer from 0 to ..."
    text = DOCUMENT.write(found)       # members in the order of the fields; the same values give the same bytes
    DOCUMENT.json_schema(url)          # draft 2020-12, for other languages

Types: ``bool int float str bytes Any``, an ``Enum``, ``Literal``, another such dataclass, ``X | None``, ``tuple[X, ...]`` (a list),
``tuple[X, Y]`` (a list of two), ``Mapping[str, X]``, and a union of dataclasses (told apart by a field of one allowed word, else by
their members). ``bytes`` is base64. What reads is strict: unknown, missing and repeated members are refused, and so are ``true`` for
1, NaN, infinities, text beyond its length. A refused value is named with its place, what came and what is allowed.

Marks of ``Annotated`` (``marks.py``); types with marks have names of their own (``Sha256 = Annotated[str, Pattern(...)]``):

=====================  =====================================================================================================
a bare string          the meaning, with the unit
``Range(0, 1)``        bounds of a number, both included; ``above=`` and ``below=`` are excluded bounds
``Length(1, 9)``       of a text (default 1 to 1000 characters) or list (default 0 to 100,000 entries)
``Choice("a", "b")``   the allowed words or integers; ``Literal`` where the type shall say it
``Pattern(r"a+", w)``  a regular expression for the whole text; ``w`` says in words what is allowed
``Rule(test, w)``      any other test of one value; tests of several fields stand in the record's ``check``
``Unique("label")``    entries of a list of texts, each once
``OPTIONAL``           the member may be missing; the field's default stands for it. The writer always writes it
``OMITTED``            the same, and the writer leaves it out where it equals the default
``UNSTORED``           not a member at all
``Since(2)``           a member of version 2 of the document and later; in older ones it keeps its default
``Tag("kind")``        the word ``kind/2`` in version 2 of the document, by which a ``VersionedDocument`` tells versions apart
``SORTED``             members of a mapping are written by name, not in their own order
``AS_ARRAY``           a record that is written as a list of its values
``Rounded(9)``         the digits after the point that the writer keeps
=====================  =====================================================================================================

Millions of floats are checked without a call for each: ``tuple[Annotated[float, Range(0, 1e9)], ...]``.
"""

from __future__ import annotations

from fer_edge.runtime.schema.document import Document, VersionedDocument
from fer_edge.runtime.schema.marks import (
    AS_ARRAY,
    OMITTED,
    OPTIONAL,
    SORTED,
    UNSTORED,
    Choice,
    Length,
    Pattern,
    Range,
    Rounded,
    Rule,
    Sha256,
    Since,
    Tag,
    Unique,
)
from fer_edge.runtime.schema.text import Refused, decode, find_repeated, refuse, show

__all__ = [
    "AS_ARRAY",
    "OMITTED",
    "OPTIONAL",
    "SORTED",
    "UNSTORED",
    "Choice",
    "Document",
    "Length",
    "Pattern",
    "Range",
    "Refused",
    "Rounded",
    "Rule",
    "Sha256",
    "Since",
    "Tag",
    "Unique",
    "VersionedDocument",
    "decode",
    "find_repeated",
    "refuse",
    "show",
]
