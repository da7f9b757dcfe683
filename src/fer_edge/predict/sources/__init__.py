"""Sources of pictures by kind: one file each, listed here; and how the words of the command line become sources."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from fer_edge.predict.sources.address import ADDRESS
from fer_edge.predict.sources.cameras import CAMERAS
from fer_edge.predict.sources.files import FILES
from fer_edge.predict.sources.source import Source, SourceKind, SourceOptions
from fer_edge.predict.sources.standard_input import STANDARD_INPUT
from fer_edge.predict.sources.videos import VIDEOS
from fer_edge.runtime.errors import PictureError
from fer_edge.runtime.paths import kind_of

KINDS: tuple[SourceKind, ...] = (VIDEOS, FILES, CAMERAS, STANDARD_INPUT, ADDRESS)
"""Every kind of source; the first that recognizes a word opens it. Adding one is a file here and a name in this line."""


def open_sources(texts: Iterable[str], options: SourceOptions) -> list[Source]:
    """All sources, in the order given: nothing is looked at before every source is known to be there.

    Args:
        texts: as typed.
        options: of sources.

    Raises:
        FerEdgeError: a source that does not exist, holds no pictures, or is of a kind that is not read.
    """
    return [_open(text, options) for text in texts]


def _open(text: str, options: SourceOptions) -> Source:
    if not text:
        raise PictureError(f"a source is empty; give {_allowed()}")
    found = kind_of(Path(text))
    for kind in KINDS:
        if kind.recognizes(text, found):
            return kind.open(text, options)
    wrong = "is neither a file nor a folder" if found == "other" else "does not exist"
    raise PictureError(f"{ascii(text)[1:-1][:200]} {wrong}; give {_allowed()}")


def _allowed() -> str:
    return ", ".join(kind.name for kind in KINDS if kind.name)
