"""A request's body as one picture: raw bytes, or a form with a file in it.

| Content-Type                        | the picture is                                                              |
|-------------------------------------|-----------------------------------------------------------------------------|
| ``image/*``, octet-stream, none     | the body; its first bytes say what it is, not the word after ``image/``     |
| ``application/x-www-form-urlencoded``| the body, if it begins like a picture: what curl says of ``--data-binary`` |
| ``multipart/form-data``             | its one part with a file name; ``threshold`` and ``probabilities`` may be others |
| anything else                       | refused                                                                     |
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fer_edge.faces.picture_formats import BEGINNING, format_of
from fer_edge.predict.server.refusals import Refusal
from fer_edge.predict.server.settings import Limits

if TYPE_CHECKING:
    from collections.abc import Iterator

FIELDS = ("threshold", "probabilities")
"""Of a form, beside the picture."""
MOST_PARTS = 8
LONGEST_FIELD = 100
LONGEST_NAME = 255
NAMELESS = "picture"
"""The file name in the answer to a picture that came without one."""


@dataclass(frozen=True, slots=True)
class ReceivedPicture:
    """What a body held.

    Attributes:
        content: the picture file's bytes, not yet looked at.
        file_name: without folders; empty if the client told none.
        fields: the other fields of the form, as they came.
    """

    content: bytes
    file_name: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)


class Intake:
    """Reads bodies; all of them together hold no more than ``buffered_bytes``."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.held = 0
        """Bytes of bodies that are being received or answered."""

    @contextmanager
    def account(self) -> Iterator[list[int]]:
        """While a request's body is held: a list whose sum counts."""
        mine: list[int] = []
        try:
            yield mine
        finally:
            self.held -= sum(mine)

    async def read(self, chunks: AsyncIterator[bytes], declared: str | None, mine: list[int]) -> bytes:
        """The whole body.

        Args:
            chunks: as they come.
            declared: ``Content-Length``, if there is one.
            mine: of :meth:`account`.

        Raises:
            Refusal: too large, too slow, or too much at a time.
        """
        most = self._limits.body_bytes
        if declared is not None and declared.isdigit() and int(declared) > most:
            raise self._too_large()
        body = bytearray()
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._limits.body_seconds):
                async for chunk in chunks:
                    body += chunk
                    if len(body) > most:
                        raise self._too_large()
                    self._hold(len(chunk), mine)
        except TimeoutError as error:
            raise Refusal(
                "slow-request",
                f"after {time.monotonic() - began:.0f} seconds only {len(body)} bytes of the body had come; it was given up",
            ) from error
        return bytes(body)

    def _hold(self, count: int, mine: list[int]) -> None:
        if self.held + count > self._limits.buffered_bytes:
            raise Refusal(
                "busy", "too many pictures are being received at a time; send this one again later",
                {"Retry-After": "1"},
            )  # fmt: skip
        self.held += count
        mine.append(count)

    def _too_large(self) -> Refusal:
        return Refusal(
            "too-large",
            f"the body has more than {self._limits.body_bytes} bytes, the most that this server takes; send a smaller picture",
        )


def refuse_type(content_type: str, encoding: str) -> None:
    """Say before the body is read that it cannot be one.

    Raises:
        Refusal: a type that holds no picture, or a compressed body.
    """
    if encoding.strip().lower() not in ("", "identity"):
        raise Refusal(
            "unsupported-type", f"Content-Encoding is {_shown(encoding)}; send the picture file as it is"
        )
    kind, _ = parse_options(content_type)
    allowed = kind.startswith("image/") or kind in (
        "multipart/form-data", "application/octet-stream", "application/x-www-form-urlencoded",
    )  # fmt: skip
    if content_type and not allowed:
        raise Refusal("unsupported-type", f"Content-Type is {_shown(content_type)}; {_ALLOWED}")


_ALLOWED = (
    "send the picture file as the body with its type, such as image/jpeg, or in a form, multipart/form-data "
    "(curl -F file=@photo.jpg)"
)


def picture_of(body: bytes, content_type: str) -> ReceivedPicture:
    """The picture in a body.

    Args:
        body: all of it.
        content_type: that :func:`refuse_type` let pass; empty: none was sent.

    Raises:
        Refusal: a broken form; none or several pictures in it; a field that it does not have.
    """
    kind, options = parse_options(content_type)
    if kind == "multipart/form-data":
        return _of_form(body, options.get(b"boundary", b""))
    if kind == "application/x-www-form-urlencoded" and format_of(body[:BEGINNING]) is None:
        raise Refusal(
            "unsupported-type",
            f"Content-Type is application/x-www-form-urlencoded, and the body does not begin like a picture; {_ALLOWED}",
        )
    return ReceivedPicture(body)


@dataclass(slots=True)
class _Part:
    """One part of a form while it is parsed."""

    headers: list[tuple[str, bytes]] = field(default_factory=list)
    name: bytearray = field(default_factory=bytearray)
    value: bytearray = field(default_factory=bytearray)
    content: bytearray = field(default_factory=bytearray)


def _of_form(body: bytes, boundary: bytes) -> ReceivedPicture:
    if not boundary:
        raise Refusal(
            "bad-form", "Content-Type multipart/form-data has no boundary; let your HTTP library write it"
        )
    files: list[ReceivedPicture] = []
    fields: dict[str, str] = {}
    for part in _parts(body, boundary):
        _sort_in(part, files, fields)
    if len(files) != 1:
        came = "no picture" if not files else f"{len(files)} pictures"
        raise Refusal("bad-form", f"the form has {came}; send one file in each request")
    if not files[0].content and not files[0].file_name:
        raise Refusal("bad-form", "no file was chosen in the form; choose a picture")
    return ReceivedPicture(files[0].content, files[0].file_name, fields)


def _sort_in(part: _Part, files: list[ReceivedPicture], fields: dict[str, str]) -> None:
    headers = {name.lower(): value for name, value in part.headers}
    _, told = parse_options(headers.get("content-disposition", b""))
    name, file_name = told.get(b"name", b"").decode("utf-8", "replace"), told.get(b"filename")
    if file_name is not None or headers.get("content-type", b"").lower().startswith(
        (b"image/", b"application/octet")
    ):
        files.append(
            ReceivedPicture(bytes(part.content), base_name((file_name or b"").decode("utf-8", "replace")))
        )
        return
    if name not in FIELDS:
        raise Refusal(
            "bad-parameter",
            f"the form has the field {_shown(name)}; allowed: one file, {' and '.join(FIELDS)} (a file has a file name: "
            "curl -F file=@photo.jpg)",
        )
    if name in fields:
        raise Refusal("bad-parameter", f"the form has {name} twice")
    fields[name] = part.content[:LONGEST_FIELD].decode("utf-8", "replace").strip()


def base_name(told: str) -> str:
    """The file's own name in what a client told, which may be a path of its machine.

    Raises:
        Refusal: no file has a name that long.
    """
    name = told.replace("\\", "/").rsplit("/", 1)[-1]
    if len(name) > LONGEST_NAME:
        raise Refusal(
            "bad-parameter", f"the file name has {len(name)} characters; at most {LONGEST_NAME} are taken"
        )
    return name


def _parts(body: bytes, boundary: bytes) -> list[_Part]:
    from python_multipart import MultipartParser
    from python_multipart.exceptions import FormParserError

    parts: list[_Part] = []
    ended: list[bool] = []

    def begin() -> None:
        if len(parts) >= MOST_PARTS:
            raise Refusal(
                "bad-form", f"the form has more than {MOST_PARTS} parts; send one file in each request"
            )
        parts.append(_Part())

    def end_header() -> None:
        part = parts[-1]
        part.headers.append((part.name.decode("latin-1"), bytes(part.value)))
        part.name.clear()
        part.value.clear()

    parser = MultipartParser(
        boundary,
        {
            "on_part_begin": begin,
            "on_header_field": lambda data, start, end: parts[-1].name.extend(data[start:end]),
            "on_header_value": lambda data, start, end: parts[-1].value.extend(data[start:end]),
            "on_header_end": end_header,
            "on_part_data": lambda data, start, end: parts[-1].content.extend(memoryview(data)[start:end]),
            "on_end": lambda: ended.append(True),
        },
    )
    try:
        parser.write(body)
        parser.finalize()
    except FormParserError as error:
        raise Refusal("bad-form", f"the form is broken: {_shown(str(error))}") from error
    if not ended:
        raise Refusal("bad-form", "the form is cut off: its closing boundary did not come")
    return parts


def parse_options(header: str | bytes) -> tuple[str, dict[bytes, bytes]]:
    """A header's value, in lower case, and its parameters."""
    from python_multipart.multipart import parse_options_header

    value, options = parse_options_header(header)
    return value.decode("latin-1"), options


def _shown(value: str) -> str:
    return ascii(value[:80])
