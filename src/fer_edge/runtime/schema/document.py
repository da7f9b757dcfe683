"""A kind of JSON file: the record it holds, its name in messages, and the bytes it is written as."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Generic, Literal, TypeVar

from fer_edge.runtime.errors import FerEdgeError
from fer_edge.runtime.schema.records import Builder, Record
from fer_edge.runtime.schema.text import Refused, decode, show

T = TypeVar("T")
_LAYOUTS: dict[str, dict[str, Any]] = {
    "compact": {"separators": (",", ":")},
    "line": {"separators": (",", ":")},
    "spaced": {},
    "indented": {"indent": 1},
}


class Document(Generic[T]):
    """Reads, writes and publishes one kind of document.

    Args:
        record: the dataclass that declares it.
        what: its name in messages, such as ``"contract"``.
        error: the class that a refused text raises.
        limit: the most bytes of a text.
        layout: how it is written: ``compact`` without a line break at the end; with one: ``line`` (compact), ``spaced``,
            ``indented``.
        ordered: the order of members counts when it is read.
        lenient: unknown members are passed over, not refused.
        version: members of later versions do not exist.
    """

    def __init__(
        self,
        record: type[T],
        what: str,
        error: type[FerEdgeError],
        *,
        limit: int = 1 << 20,
        layout: Literal["compact", "line", "spaced", "indented"] = "compact",
        ordered: bool = False,
        lenient: bool = False,
        version: int = 1,
    ) -> None:
        self.record, self.what, self.error, self.limit = record, what, error, limit
        self._layout = layout
        self._ordered, self._lenient, self._version = ordered, lenient, version

    @cached_property
    def _builder(self) -> Builder:
        return Builder(ordered=self._ordered, lenient=self._lenient, version=self._version)

    @cached_property
    def _kind(self) -> Record:
        # Made at the first use: who imports a schema only to name its classes does not wait for it.
        return self._builder.record(self.record)

    def read(self, text: str | bytes, what: str | None = None) -> T:
        """The record of a text.

        Args:
            text: the whole document.
            what: its name in messages, where that is the file's.

        Raises:
            FerEdgeError: of the class ``error``; not strict JSON, or not what the record allows. The message names the
                place, what came and what is allowed.
        """
        return self.read_members(decode(text, what or self.what, self.error, self.limit), what)

    def read_members(self, members: object, what: str | None = None) -> T:
        """The record of a decoded document.

        Args:
            members: plain values, as JSON has them.
            what: as in :meth:`read`.

        Raises:
            FerEdgeError: of the class ``error``.
        """
        try:
            found: T = self._kind.read(members)
        except Refused as fault:
            raise self.error(f"{what or self.what}: {fault}") from None
        return found

    def members(self, record: T) -> dict[str, Any]:
        """The document as plain values, ready for JSON."""
        found: dict[str, Any] = self._kind.write(record)
        return found

    def write(self, record: T) -> str:
        """The document as text: the same values give the same bytes.

        Raises:
            FerEdgeError: of the class ``error``; a value that JSON cannot hold, such as NaN.
        """
        members = self.members(record)
        try:
            text = json.dumps(members, ensure_ascii=False, allow_nan=False, **_LAYOUTS[self._layout])
        except (TypeError, ValueError) as fault:
            reason = ascii(str(fault))[1:-1]
            raise self.error(f"{self.what}: a value cannot be stored as JSON: {reason}") from None
        return text if self._layout == "compact" else text + "\n"

    def json_schema(self, address: str) -> dict[str, Any]:
        """JSON Schema (draft 2020-12) of the document, for readers and writers in other languages.

        Args:
            address: the schema's ``$id``.
        """
        root = self._kind
        definitions = {
            record.__name__: kind.definition()
            for record, kind in self._builder.records.items()
            if kind is not root
        }
        head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": address, "title": self.what}
        return head | root.definition() | ({"$defs": definitions} if definitions else {})


class VersionedDocument(Generic[T]):
    """The versions of one kind of document, told apart by the member ``schema``, ``<kind>/<version>``.

    Args:
        kind: the word before the slash.
        documents: by version; their record has a member ``schema`` with the mark ``Tag(kind)``.
    """

    def __init__(self, kind: str, documents: Mapping[int, Document[T]]) -> None:
        self._documents = {f"{kind}/{version}": document for version, document in documents.items()}

    def of(self, schema: str) -> Document[T]:
        """The document of a version, by its word."""
        return self._documents[schema]

    def read(self, text: str | bytes) -> T:
        """The record of a text of any version.

        Raises:
            FerEdgeError: as :meth:`Document.read`; also another kind or version.
        """
        *_, newest = self._documents.values()
        members = decode(text, newest.what, newest.error, newest.limit)
        if not isinstance(members, dict) or "schema" not in members:
            return newest.read_members(members)  # which says what is missing
        word = members["schema"]
        if not isinstance(word, str) or word not in self._documents:
            allowed = ", ".join(self._documents)
            raise newest.error(f"{newest.what}: schema is {show(word)}; allowed: {allowed}")
        return self._documents[word].read_members(members)
