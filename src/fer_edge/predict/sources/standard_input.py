"""A picture on standard input."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from functools import partial
from typing import BinaryIO, NoReturn

from fer_edge.faces.picture_formats import BEGINNING, format_of
from fer_edge.faces.pictures import LARGEST_BYTES
from fer_edge.predict.sources.picture import SourcePicture
from fer_edge.predict.sources.source import SourceOptions
from fer_edge.runtime.errors import PictureError

_CHUNK = 1 << 20


class InputPicture:
    """The bytes of one picture file, read to their end when its turn comes."""

    is_stream = False
    is_live = False
    total = 1

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.known: Sequence[SourcePicture] = [SourcePicture("stdin", "-")]

    def __iter__(self) -> Iterator[SourcePicture]:
        """The picture; what is wrong with the bytes is told when it is looked at."""
        try:
            yield SourcePicture("stdin", "-", data=_read(self._stream))
        except (PictureError, OSError) as error:
            code = error.code if isinstance(error, PictureError) else "unreadable"
            yield SourcePicture("stdin", "-", fetch=partial(_fail, str(error), code))


class StandardInput:
    """The word ``-``."""

    name = "- (standard input)"

    def recognizes(self, text: str, found: str) -> bool:  # noqa: ARG002
        """A file of that name is ``./-``."""
        return text == "-"

    def open(self, text: str, options: SourceOptions) -> InputPicture:  # noqa: ARG002
        """See that something is piped in.

        Raises:
            PictureError: nobody pipes, or it was opened before.
        """
        if sys.stdin is None or sys.stdin.isatty():
            raise PictureError("- is standard input, which nothing is piped into: fer-predict - < photo.jpg")
        if options.standard_input_opened:
            raise PictureError("- is given twice; standard input can be read once")
        options.standard_input_opened = True
        return InputPicture(sys.stdin.buffer)


def _read(stream: BinaryIO) -> bytes:
    """All bytes; of something that is no picture, those that tell so."""
    content = bytearray(stream.read(BEGINNING))
    if format_of(bytes(content)) is not None:
        while chunk := stream.read(_CHUNK):
            content += chunk
            if len(content) > LARGEST_BYTES:
                raise PictureError(
                    f"standard input has more than {LARGEST_BYTES >> 20} MiB, which is no photograph",
                    code="too-large",
                )
    return bytes(content)


def _fail(message: str, code: str) -> NoReturn:
    raise PictureError(message, code=code)


STANDARD_INPUT = StandardInput()
